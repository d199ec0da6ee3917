"""Hit rates: counted only where the outcome was known, on outcomes that do not overlap."""

from __future__ import annotations

import numpy as np
import pytest

from workbench import factors
from workbench.errors import ConfigError
from workbench.factors import FactorSet
from workbench.signals import SignalRules, clocks, from_scores, hit_rates
from workbench.signals.hits import beats_median, count, counted, effective, wilson

HORIZON = 5


@pytest.fixture
def foretold(make_panel):
    """Forty stocks on 400 sessions of Seoul, half of which rise on even and half on odd fortnights."""
    from workbench import markets

    days = markets.session_array("KR", markets.first_known("KR"), markets.last_known("KR"))
    days = days[np.searchsorted(days, np.datetime64("2018-01-02")) :][:400]
    generator = np.random.default_rng(3)
    drift = np.repeat(generator.normal(0.0, 0.004, (100, 40)), 4, axis=0)
    close = 100.0 * np.exp(np.cumsum(drift + generator.normal(0.0, 0.01, (400, 40)), axis=0))
    return make_panel(close, tuple(f"KR:{n:06d}" for n in range(40)), dates=days), drift


@factors.factor(family="test", lookback=1, needs=("close",))
def signals_last_return(close):
    out = np.full_like(close, np.nan)
    out[1:] = close[1:] / close[:-1] - 1.0
    return out


def _signals(panel, **rules):
    chosen = FactorSet(name="trial", factors={"signals_last_return": 1.0})
    scores = factors.compute(chosen, panel)
    built = SignalRules.model_validate({"hits": {"horizon": HORIZON, **rules}})
    return from_scores(scores, chosen, built), scores


def test_counts_by_hand(foretold) -> None:
    """A plain loop over dates and stocks finds the same hits."""
    panel, _ = foretold
    signals, _ = _signals(panel)
    close, score = panel["close"], signals.score
    number = clocks.ordinals("KR", panel.dates)
    hits = total = periods = 0
    for t in range(len(close)):
        if number[t] % HORIZON or t + 1 + HORIZON >= len(close) or np.isnan(score[t]).all():
            continue
        forward = close[t + 1 + HORIZON] / close[t + 1] - 1.0
        says = score[t] >= 70.0
        periods += says.any()
        total += says.sum()
        hits += (says & (forward > np.median(forward))).sum()
    row = hit_rates(signals, panel).filter(kind="BUY").row(0, named=True)
    assert (row["signals"], row["hits"], row["periods"]) == (total, hits, periods)
    assert row["hit_rate"] == hits / total
    assert row["low"] < row["hit_rate"] < row["high"]


def test_an_outcome_counts_only_once_it_is_known(foretold) -> None:
    """One session before an outcome is complete it is not counted; later prices, whatever they are, change nothing."""
    panel, _ = foretold
    signals, _ = _signals(panel)
    on = counted("KR", signals.labels.dates, signals.labels.sessions["KR"], HORIZON)
    last = on[on + 1 + HORIZON < len(panel.dates)][-1]
    known = panel.dates[last + 1 + HORIZON]
    before, after = (hit_rates(signals, panel, at=day) for day in (known - np.timedelta64(1, "D"), known))
    periods = {frame.filter(kind="AVOID")["periods"][0] for frame in (before, after)}
    assert periods == {after.filter(kind="AVOID")["periods"][0], after.filter(kind="AVOID")["periods"][0] - 1}
    close = np.array(panel["close"])
    close[last + 2 + HORIZON :] *= np.random.default_rng(9).uniform(0.5, 2.0, close[last + 2 + HORIZON :].shape)
    moved = type(panel)(panel.dates, panel.tickers, {"close": close}, currency="USD")
    assert hit_rates(signals, moved, at=known).equals(after)


def test_outcomes_of_one_stock_never_overlap(foretold) -> None:
    panel, _ = foretold
    whole = counted("KR", panel.dates, np.ones(400, bool), HORIZON)
    assert set(np.diff(whole)) == {HORIZON}
    later = counted("KR", panel.dates[13:], np.ones(387, bool), HORIZON)
    np.testing.assert_array_equal(later + 13, whole[whole >= 13])


def test_skill_is_seen_and_chance_is_not(foretold) -> None:
    panel, drift = foretold
    # A score that knows the drift of the coming sessions, and one that knows nothing.
    ahead = np.vstack([drift[3:], np.full((3, 40), np.nan)])
    better = beats_median(panel, 1, panel.dates[-1])
    rows = counted("KR", panel.dates, np.ones(400, bool), HORIZON)
    seen = count(ahead[rows] > 0.002, better[rows], True, 24, 0.95)
    assert seen.verdict == "above half"
    assert count(ahead[rows] < -0.002, better[rows], True, 24, 0.95).verdict == "below half"
    noise = np.random.default_rng(1).uniform(size=ahead.shape) < 0.3
    assert count(noise[rows], better[rows], True, 24, 0.95).verdict == "not told from half"


def test_too_few_periods_are_insufficient(foretold) -> None:
    panel, _ = foretold
    signals, _ = _signals(panel, horizon=21)
    table = hit_rates(signals, panel)
    assert set(table["verdict"]) == {"insufficient"}
    assert table["periods"].max() == 18
    empty = hit_rates(signals, panel, at="2018-01-05")
    assert set(empty["signals"]) == {0}
    assert empty["hit_rate"].null_count() == empty.height


def test_stocks_that_move_together_are_fewer_than_they_seem() -> None:
    """Ten names a date that all hit or all miss are one independent signal a date."""
    each = np.full(200, 10)
    together = np.where(np.random.default_rng(0).uniform(size=200) < 0.5, 10, 0)
    assert effective(each, together) == pytest.approx(200, rel=0.02)
    alone = np.random.default_rng(0).binomial(10, 0.5, 200)
    assert effective(each, alone) == pytest.approx(2_000, rel=0.15)


def test_intervals_cover_what_they_say() -> None:
    """Names of one date that move together: the interval holds the truth 95 times in 100."""
    generator, inside = np.random.default_rng(4), 0
    for _ in range(400):
        share = generator.beta(5.5, 4.5, 60)
        right = generator.binomial(12, share)
        each = np.full(60, 12)
        low, high = wilson(right.sum() / each.sum(), effective(each, right))
        inside += low < 0.55 < high
    assert 365 <= inside <= 396


def test_factors_have_a_rate_of_their_own(foretold) -> None:
    panel, _ = foretold
    signals, scores = _signals(panel)
    table = hit_rates(signals, panel, scores)
    single = table.filter(kind="signals_last_return").drop("kind").row(0)
    # With one factor in the set, what it says alone is what the set says.
    assert single == table.filter(kind="BUY").drop("kind").row(0)


def test_names_without_a_score_need_not_be_in_the_panel(foretold) -> None:
    panel, _ = foretold
    close = np.array(panel["close"])
    close[:, 7] = np.nan
    gone = type(panel)(panel.dates, panel.tickers, {"close": close}, currency="USD")
    signals, _ = _signals(gone)
    without = np.delete(np.arange(40), 7)
    smaller = type(panel)(
        panel.dates, tuple(panel.tickers[n] for n in without), {"close": close[:, without]}, currency="USD"
    )
    assert hit_rates(signals, smaller).equals(hit_rates(signals, gone))


def test_a_panel_without_the_labels_is_refused(foretold, make_panel) -> None:
    panel, _ = foretold
    signals, _ = _signals(panel)
    with pytest.raises(ConfigError, match="40 tickers are missing"):
        hit_rates(signals, make_panel(np.ones((400, 1)), ("KR:999999",), dates=panel.dates))
