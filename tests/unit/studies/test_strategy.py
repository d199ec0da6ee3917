"""Strategies and factor sets are checked before anything starts."""

from __future__ import annotations

import numpy as np
import pytest

from workbench import studies
from workbench.errors import ConfigError
from workbench.factors import FactorSet
from workbench.factors.scores import Labels, Score
from workbench.studies import Strategy, selection

YAML = """
name: mine
hypothesis: Calm stocks beat wild ones.
regions: [KR]
factors: {volatility_252d: 1.0}
selection: {top_n: 3}
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return path

    return write


def test_the_house_strategy_loads():
    strategy = Strategy.load("momentum_top20")
    assert strategy.selection.top_n == 20
    assert strategy.regions == ("KR", "US", "CN", "HK", "JP", "VN")
    assert studies.load_factor_set("momentum_volatility").lookback >= 252


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("top_n: 3", "top_n: 0", r"mine\.yaml: selection\.top_n: .*greater than or equal to 1 \(got 0\)"),
        ("regions: [KR]", "regions: [XX]", r"regions.*KR, US, CN"),
        ("volatility_252d", "volatility", r"unknown factors.*momentum_12m_1m"),
        ("selection:", "selections:", r"mine\.yaml: selections is no field"),
        ("name: mine", "name: mine\ncolour: red", r"colour.*Known fields: name"),
        ("name: mine", "name: Mine!", r"name: String should match"),
        ("hypothesis: Calm stocks beat wild ones.", "rebalance: daily", r"mine\.yaml: hypothesis is missing"),
        ("name: mine", "name: mine\nuniverse: {larges: 8}", r"mine\.yaml: universe: .*'larges'.*'largest'.*exchange"),
        (
            "name: mine",
            "name: mine\nuniverse: {largest: 0}",
            r"mine\.yaml: universe: Universe: largest=0: .*equal to 1",
        ),
        ("factors:", "factor_set: price_factors\nfactors:", r"`factors` or by a `factor_set`: both are written"),
        ("factors: {volatility_252d: 1.0}", "", r"`factors` or by a `factor_set`: none is written"),
        ("factors: {volatility_252d: 1.0}", "factor_set: nobody", r"no file nobody in params/factors.*momentum"),
        ("name: mine", "name: mine\ncombination: {method: best}", r"combination\.method: Input should be 'equal'"),
        ("name: mine", "name: mine\ncombination: {train: 4w}", r"combination\.train: .*is no period: write years"),
        (YAML, "- a list", r"does not hold fields"),
        (YAML, "a: [", r"is not YAML"),
    ],
)
def test_a_wrong_field_is_named_with_file_and_bound(written, old, new, told):
    with pytest.raises(ConfigError, match=told):
        Strategy.load(written(YAML.replace(old, new)))


def test_a_missing_file_lists_the_known_ones():
    with pytest.raises(ConfigError, match="Known: momentum_top20"):
        Strategy.load("momentum_top21")


def test_the_hash_follows_content_not_wording(written):
    first = Strategy.load(written(YAML))
    assert first.content_hash == first.replace(hypothesis="Another sentence.").content_hash
    assert first.content_hash != first.replace(selection={"top_n": 4}).content_hash
    with pytest.raises(ConfigError, match=r"mine: selection\.top_n"):
        first.replace(selection={"top_n": -1})


def test_a_strategy_by_a_set_is_the_one_by_its_factors(written):
    chosen = studies.load_factor_set("momentum_volatility")
    named = Strategy.load(written(YAML.replace("factors: {volatility_252d: 1.0}", "factor_set: momentum_volatility")))
    assert named.factors is None
    assert named.factor_set == chosen
    assert named.replace(selection={"top_n": 4}).factor_set == chosen
    assert named.replace(factors={"rsi_14": 2.0}).factor_set == FactorSet(name="mine", factors={"rsi_14": 2.0})
    own = FactorSet(name="own", factors={"rsi_14": 1.0}, neutralize=("sector",))
    assert named.replace(factor_set=own).factor_set.neutralize == ("sector",)
    listed = Strategy.load(written(YAML))
    assert listed.factor_set == FactorSet(name="mine", factors={"volatility_252d": 1.0})
    assert listed.replace(factor_set="momentum_volatility").factor_set == chosen
    assert Strategy.model_validate(listed.model_dump()) == listed


def test_the_hash_follows_the_combination_and_what_the_set_says(written):
    first = Strategy.load(written(YAML))
    fitted = first.replace(combination={"method": "max_ir"})
    assert fitted.factor_set.combination.method == "max_ir"
    changes = ({"seed": 1}, {"horizon": 5}, {"train": "2y"}, {"embargo": 0}, {"method": "max_sharpe"})
    others = [first.replace(combination={"method": "max_ir", **change}) for change in changes]
    assert len({one.content_hash for one in (first, fitted, *others)}) == 2 + len(changes)
    assert fitted.replace(combination=None).content_hash == first.content_hash
    path = written("name: own\nfactors: {rsi_14: 1.0}\ncombination: {method: max_ir}")
    hashes = []
    for text in ("seed: 0", "seed: 1"):
        path.write_text(f"name: own\nfactors: {{rsi_14: 1.0}}\ncombination: {{method: max_ir, {text}}}")
        by_set = first.replace(factor_set=str(path))
        assert by_set.factor_set.combination.method == "max_ir"
        hashes.append(by_set.content_hash)
    assert len(set(hashes)) == 2


def test_each_region_decides_on_its_own_last_session(written):
    strategy = Strategy.load(written(YAML.replace("[KR]", "[KR, US]")))
    days = np.array(["2024-05-30", "2024-05-31", "2024-06-03"], "datetime64[D]")
    sessions = {"KR": np.array([True, False, True]), "US": np.array([True, True, True])}
    tickers = (*(f"KR:{n}" for n in range(4)), *(f"US:{n}" for n in range(2)))
    values = np.tile([4.0, 3.0, np.nan, 1.0, 1.0, 2.0], (3, 1))
    labels = Labels(days, tickers, ("KR",) * 4 + ("US",) * 2, sessions)
    decided = selection.targets(Score("test", values, labels), strategy)
    assert [str(day) for day in decided.dates] == ["2024-05-30", "2024-05-31"]
    assert decided.weights[0, :4] == pytest.approx([1 / 6, 1 / 6, 0, 1 / 6])
    assert np.isnan(decided.weights[0, 4:]).all()
    assert decided.weights[1, 4:] == pytest.approx([0.25, 0.25])


def test_choose_takes_the_best_within_the_share():
    scores = np.array([1.0, 5.0, np.nan, 3.0, 3.0])
    assert selection.choose(scores, studies.Selection(top_n=2)).tolist() == [0, 0.5, 0, 0.5, 0]
    assert selection.choose(scores, studies.Selection(top_n=9, max_share=0.25)).tolist() == [0, 1, 0, 0, 0]
    assert selection.choose(np.full(3, np.nan), studies.Selection(top_n=2)) is None


def test_equal_scores_go_to_the_higher_tie_break():
    scores, unclipped = np.array([2.0, 2.0, np.nan, 2.0, 1.0]), np.array([5.0, 7.0, np.nan, 9.0, 20.0])
    assert selection.choose(scores, studies.Selection(top_n=2), unclipped).tolist() == [0, 0.5, 0, 0.5, 0]
