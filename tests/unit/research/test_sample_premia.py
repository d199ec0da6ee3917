"""The premia of the sample market are recovered from its returns; styles that pay nothing, and noise, are found so.

``make test`` looks at twelve markets, ``make soak`` at 120 and at lakes of three regions. Intervals are of 95 %,
so that one in twenty misses: the bounds are those of the binomial distribution at one in a thousand.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import sample_styles as styles
from scipy import stats

from workbench import collect
from workbench.adapters.sample import Sample
from workbench.adapters.sample.spec import Premia, SampleSpec
from workbench.errors import ConfigError, NotEnoughHistory
from workbench.lake import Lake
from workbench.research.fama_macbeth import fama_macbeth
from workbench.settings import REGIONS

MANY = pytest.mark.soak
RARE = 0.001
PAID = Premia()


@lru_cache(maxsize=2)
def markets(first: int, count: int, paid: bool) -> list[dict[str, tuple[float, float, float]]]:
    """Mean and interval a year of each style (and of noise) in as many markets, the regions in turn."""
    found = []
    for seed in range(first, first + count):
        spec = SampleSpec("demo", seed=seed)
        spec = spec if paid else replace(spec, premia=styles.NOTHING)
        market = styles.latent(spec, REGIONS[seed % len(REGIONS)])
        noise = np.random.default_rng(seed).normal(size=market.forward.shape)
        premia = fama_macbeth(market.forward, {**market.scores, "noise": noise})
        found.append({name: styles.a_year(one) for name, one in premia.items()})
    return found


def contained(found, name: str, value: float) -> int:
    return sum(low <= value <= high for _, low, high in (one[name] for one in found))


def fewest(count: int) -> int:
    return int(stats.binom.ppf(RARE, count, 0.95))


def check_recovered(found) -> None:
    intervals = 0
    for style in styles.STYLES:
        premium = getattr(PAID, style)
        means = np.array([one[style][0] for one in found])
        inside = contained(found, style, premium)
        error = np.mean([one[style][2] - one[style][1] for one in found]) / 4.0 / np.sqrt(len(means))
        told = (
            f"{style}: {premium} is paid, {means.mean():.4f} found (error {error:.4f}), {inside} of {len(found)} inside"
        )
        assert inside >= fewest(len(found)), told
        assert means.mean() > 0.0, told
        # A quarter of what one market can tell: the ends of companies and daily limits leave a little.
        assert abs(means.mean() - premium) < max(4.0 * error, 0.006), told
        intervals += inside
    assert intervals >= stats.binom.ppf(RARE, len(found) * len(styles.STYLES), 0.95)


def check_nothing(found, names) -> None:
    for name in names:
        inside = contained(found, name, 0.0)
        assert inside >= fewest(len(found)), f"{name}: significant in {len(found) - inside} of {len(found)}"
    total = sum(contained(found, name, 0.0) for name in names)
    assert total >= stats.binom.ppf(RARE, len(found) * len(names), 0.95), f"{total} of {len(found) * len(names)}"


def test_each_premium_lies_in_its_interval() -> None:
    found = markets(0, 12, True)
    check_recovered(found)
    check_nothing(found, ["noise"])


def test_without_premia_nothing_is_found() -> None:
    check_nothing(markets(100, 6, False), [*styles.STYLES, "noise"])


@MANY
def test_each_premium_lies_in_its_interval_in_many_markets() -> None:
    found = markets(1_000, 120, True)
    check_recovered(found)
    check_nothing(found, ["noise"])


@MANY
def test_without_premia_nothing_is_found_in_many_markets() -> None:
    check_nothing(markets(2_000, 120, False), [*styles.STYLES, "noise"])


@MANY
def test_registered_factors_earn_what_the_market_means_them_to(tmp_path, monkeypatch) -> None:
    """Through the lake: prices on ticks, filings weeks after the quarter, restatements, delistings."""
    monkeypatch.setenv("WORKBENCH_NOW", "2026-01-05T09:00:00+00:00")
    inside = 0
    for region in ("KR", "US", "VN"):
        lake = Lake(tmp_path / region, pinned=None)
        collect.collect(lake, region, provider=Sample(size="demo"))
        found = styles.measured(lake, SampleSpec("demo"), region)
        for style in styles.STYLES:
            _, low, high = styles.a_year(found.earned[style])
            assert found.meant[style] > 0.0, style
            inside += low <= found.meant[style] <= high
    assert inside >= fewest(3 * len(styles.STYLES))


def test_slopes_are_those_of_the_regression() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 60, 40))
    forward = 0.01 * first - 0.02 * second + 0.5
    found = fama_macbeth(forward, {"first": first, "second": second})
    assert found["first"].mean == pytest.approx(0.01)
    assert found["second"].mean == pytest.approx(-0.02)
    forward[3, 5], first[4, :] = np.nan, np.nan
    assert fama_macbeth(forward, {"first": first, "second": second})["first"].inference.observations == 59


def test_one_characteristic_alone_would_take_what_is_the_others() -> None:
    rng = np.random.default_rng(1)
    first = rng.normal(size=(80, 60))
    second = 0.8 * first + 0.6 * rng.normal(size=(80, 60))
    forward = 0.01 * second + 0.02 * rng.normal(size=(80, 60))
    both = fama_macbeth(forward, {"first": first, "second": second})
    assert not both["first"].significant
    assert both["second"].significant
    assert fama_macbeth(forward, {"first": first})["first"].significant


def test_few_periods_have_no_interval() -> None:
    rng = np.random.default_rng(2)
    found = fama_macbeth(rng.normal(size=(20, 50)), {"one": rng.normal(size=(20, 50))})["one"]
    assert np.isnan(found.low)
    assert not found.significant


def test_bad_input_is_refused() -> None:
    values = np.ones((30, 40))
    with pytest.raises(ConfigError, match="needs a characteristic"):
        fama_macbeth(values, {})
    with pytest.raises(ConfigError, match="shape"):
        fama_macbeth(values, {"one": values[:5]})
    with pytest.raises(NotEnoughHistory, match="No date has 30 names"):
        fama_macbeth(values[:, :20], {"one": values[:, :20]})
