"""Our sorts on real US prices and filings against Kenneth French's daily factors, 2015-06 to 2017-03."""

from __future__ import annotations

import french_factors as french
import numpy as np
import pytest

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def us(imported, real_data, tmp_path_factory) -> french.Market:
    for name in french.IMPORTS:
        _, lake = imported(name)
    return french.load(lake, tmp_path_factory.mktemp("french") / "lake", real_data / "reference")


@pytest.fixture(scope="module")
def figures(us) -> dict[str, french.Fit]:
    return french.figures(us)


LEAST = {
    "market": 0.99,
    "SMB": 0.95,
    "HML": 0.87,
    "HML formed in June": 0.95,
    "UMD": 0.94,
    "UMD formed daily": 0.98,
}


@pytest.mark.parametrize("name", LEAST)
def test_factors_are_those_of_french(figures, name: str) -> None:
    found = figures[name]
    assert found.correlation >= LEAST[name], str(found)
    assert 0.9 <= found.slope <= 1.15, str(found)
    assert abs(found.t) < 2.0, str(found)


def test_weights_of_the_same_day_show_in_the_intercept_of_size(figures) -> None:
    """Market values of the evening as weights of the day: winners weigh more, most of all among small names."""
    honest, planted = figures["SMB"], figures["SMB with weights of the same day"]
    assert planted.t > 4.0, str(planted)
    assert planted.intercept > honest.intercept + 3.0, str(planted)
    assert planted.correlation > 0.94, "the correlation alone would not tell"


def test_market_values_are_believable(us) -> None:
    """The implied share counts: all US companies were worth some 22 trillion USD, Apple 587 billion."""
    values = us.cap[us.row("2015-12-31")][0]
    known = values[np.isfinite(values)]
    assert len(known) > 3_000
    assert 18e12 < known.sum() < 26e12
    assert known.max() == pytest.approx(587e9, rel=0.06)


def test_nothing_is_known_early(us) -> None:
    """The first market values wait for the first filings, and sessions are those of French."""
    assert not any(np.isnan(values).any() for values in us.theirs.values())
    counts = np.isfinite(us.cap).sum(axis=1)
    assert counts[us.row("2015-04-01")[0]] < 700 < 2_500 < counts[us.row("2015-05-29")[0]]
