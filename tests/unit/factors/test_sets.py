"""Factor sets: what their YAML may say, and what belongs to their identity."""

from __future__ import annotations

import pytest

from workbench import studies
from workbench.errors import ConfigError

YAML = """name: mine
factors:
  momentum_12m_1m: 1.0
  book_to_price: {weight}
{more}
"""


@pytest.fixture
def load(tmp_path):
    def from_text(more="", weight="0.5"):
        path = tmp_path / "mine.yaml"
        path.write_text(YAML.format(more=more, weight=weight))
        return studies.load_factor_set(path)

    return from_text


def test_every_field_can_be_written(load):
    chosen = load(
        "transform: rank\nwinsorize: [0.05, 0.95]\nmin_names: 12\nneutralize: [sector, size, region]\nfill: median\n"
        "fill_days: 30\ncombination: {method: max_ir, train: 3y, horizon: 21}"
    )
    assert chosen.neutralize == ("sector", "size", "region")
    assert (chosen.fill, chosen.fill_days, chosen.min_names) == ("median", 30, 12)
    assert chosen.combination.fitted
    assert "market_cap" in chosen.needs
    assert chosen.lookback >= 252
    assert load().fewest_names == 10
    assert load("transform: rank").fewest_names == 30


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("transform: zscores", "transform.*zscore"),
        ("winsorize: [0.9, 0.1]", r"winsorize=\(0.9, 0.1\) must satisfy"),
        ("winsorize: [0.1]", "winsorize"),
        ("min_names: 1", "min_names.*2"),
        ("neutralize: [country]", "neutralize.*sector"),
        ("neutralize: [sector, sector]", "names something twice"),
        ("fill: mean", "fill.*median"),
        ("fill_days: 0", "fill_days.*1"),
        ("fill_days: 5000", "fill_days.*400"),
        ("combination: {method: magic}", "combination.*method"),
        ("wieghts: {a: 1}", "wieghts"),
    ],
)
def test_a_wrong_field_is_named_with_its_bound(load, more, told):
    with pytest.raises(ConfigError, match=told):
        load(more)


def test_wrong_weights_and_factors_are_named(load, tmp_path):
    with pytest.raises(ConfigError, match="book_to_price"):
        load(weight="-1")
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nfactors: {momentum_12m: 1.0}\n")
    with pytest.raises(ConfigError, match=r"momentum_12m"):
        studies.load_factor_set(path)


def test_every_field_is_part_of_the_definition(load):
    first = load()
    assert load().content_hash == first.content_hash
    others = ["transform: rank", "min_names: 11", "neutralize: [sector]", "fill: median", "fill_days: 3"]
    hashes = {load(more).content_hash for more in (*others, "combination: {method: max_ir}")}
    assert len({first.content_hash, load(weight="0.6").content_hash, *hashes}) == 8


def test_only_factors_of_filings_are_carried(load):
    chosen = load("fill_days: 30")
    assert chosen.fills("book_to_price") == 30
    assert chosen.fills("momentum_12m_1m") == 0


def test_a_set_is_not_named_like_the_layered_score(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: layered\nfactors: {roe: 1.0}\n")
    with pytest.raises(ConfigError, match="name=layered means something else"):
        studies.load_factor_set(path)
