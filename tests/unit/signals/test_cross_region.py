"""Correlation of regions whose closes lie hours apart, and what one region may know of another."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import ConfigError, DataError, NotEnoughHistory
from workbench.signals import clocks, cross_region_correlation, from_levels, side_by_side, strength

TRUE, HOURS = 0.6, 24
#: Hour of the close, UTC: Seoul and New York close 15 of 24 hours apart.
CLOSES = {"KR": 6, "HK": 8, "US": 21}


@pytest.fixture(scope="module")
def staggered():
    """Three markets on one stream of hourly news of known correlation, each seen at its own close."""
    generator = np.random.default_rng(11)
    days = np.busday_offset("2008-01-01", np.arange(3_600), roll="forward")
    mix = np.linalg.cholesky(np.full((3, 3), TRUE) + (1.0 - TRUE) * np.eye(3))
    news = generator.normal(size=(len(days) * HOURS, 3)) @ mix.T * 0.01 / HOURS**0.5
    level = 100.0 * np.exp(np.cumsum(news, axis=0))
    return {
        region: from_levels(region, f"index of {region}", days, level[np.arange(len(days)) * HOURS + hour - 1, number])
        for number, (region, hour) in enumerate(CLOSES.items())
    }


def _of(frame, a, b):
    return frame.filter((frame["region_a"] == a) & (frame["region_b"] == b)).row(0, named=True)


def test_same_date_returns_understate_and_the_others_recover(staggered) -> None:
    frame = side_by_side(staggered)
    far = _of(frame, "KR", "US")
    shared = 1.0 - (CLOSES["US"] - CLOSES["KR"]) / HOURS
    # The part of the day that both closes share, and the part of the week.
    assert far["daily_low"] < TRUE * shared < far["daily_high"]
    assert far["daily_high"] < 0.5 * TRUE
    assert far["weekly_low"] < TRUE * (1.0 - (1.0 - shared) / 5.0) < far["weekly_high"]
    assert abs(far["weekly"] - TRUE) < 0.1
    assert far["lead_lag_low"] < TRUE < far["lead_lag_high"]
    near = _of(frame, "KR", "HK")
    assert near["lead_lag_low"] < TRUE < near["lead_lag_high"]
    assert near["daily"] > 0.5


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    mix = np.linalg.cholesky(np.array([[1.0, TRUE], [TRUE, 1.0]]))
    days = np.busday_offset("2015-01-01", np.arange(800), roll="forward")
    inside = 0
    for seed in range(60):
        steps = np.random.default_rng(seed).normal(size=(len(days), 2)) @ mix.T * 0.01
        levels = np.exp(np.cumsum(steps, axis=0))
        pair = {name: from_levels(name, name, days, levels[:, k]) for k, name in enumerate(("KR", "JP"))}
        found = cross_region_correlation(pair, "lead_lag", draws=300, seed=seed)
        inside += found.low[0, 1] < TRUE < found.high[0, 1]
    assert 51 <= inside <= 60


def test_serial_covariance_of_a_stale_index_is_taken_out() -> None:
    """A series that shows half of each day's news a day late: lead and lag recover it, one date does not."""
    generator = np.random.default_rng(5)
    news = generator.normal(size=(4_000, 2)) @ np.linalg.cholesky(np.array([[1.0, TRUE], [TRUE, 1.0]])).T * 0.01
    stale = 0.5 * news[:, 1].copy()
    stale[1:] += 0.5 * news[:-1, 1]
    days = np.busday_offset("2005-01-03", np.arange(4_000), roll="forward")
    pair = {
        "US": from_levels("US", "x", days, np.exp(np.cumsum(news[:, 0]))),
        "VN": from_levels("VN", "y", days, np.exp(np.cumsum(stale))),
    }
    daily, adjusted = (cross_region_correlation(pair, method) for method in ("daily", "lead_lag"))
    drawn = np.corrcoef(news.T)[0, 1]
    assert daily.high[0, 1] < drawn - 0.1
    assert adjusted.matrix[0, 1] == pytest.approx(drawn, abs=0.06)


def test_nothing_after_the_end_is_used(staggered) -> None:
    end = staggered["KR"].dates[2_000]
    cut = {region: one.until(end) for region, one in staggered.items()}
    for method in ("daily", "weekly", "lead_lag"):
        whole, short = (cross_region_correlation(data, method, end=end) for data in (staggered, cut))
        np.testing.assert_array_equal(whole.matrix, short.matrix)
        np.testing.assert_array_equal(whole.low, short.low)
    assert strength(staggered, at=end).equals(strength(cut))


def test_holidays_of_one_market_join_its_days() -> None:
    """On dates when one market rests, the other's move is part of the return to the next common date."""
    days = np.busday_offset("2020-01-01", np.arange(200), roll="forward")
    steps = np.random.default_rng(2).normal(0.0, 0.01, 200)
    level = np.exp(np.cumsum(steps))
    open_days = np.arange(200) % 7 != 3
    pair = {"KR": from_levels("KR", "x", days, level), "JP": from_levels("JP", "y", days[open_days], level[open_days])}
    found = cross_region_correlation(pair, "daily", draws=50)
    assert found.matrix[0, 1] == pytest.approx(1.0, abs=1e-12)
    assert found.observations[0, 1] == open_days.sum() - 1


def test_what_cannot_be_measured_is_said(staggered) -> None:
    with pytest.raises(ConfigError, match="method='monthly' is unknown"):
        cross_region_correlation(staggered, "monthly")  # type: ignore[arg-type]
    with pytest.raises(NotEnoughHistory, match="at least two"):
        cross_region_correlation({"KR": staggered["KR"]})
    assert side_by_side({"KR": staggered["KR"]}).is_empty()
    few = side_by_side(staggered, start="2008-01-01", end="2008-03-01")
    assert few["weekly"].null_count() == 3
    assert few["daily"].null_count() == 0
    with pytest.raises(NotEnoughHistory, match="30 common weekly"):
        cross_region_correlation(staggered, "weekly", start="2008-01-01", end="2008-03-01")
    with pytest.raises(DataError, match="above 0"):
        from_levels("KR", "KOSPI", staggered["KR"].dates[:2], np.array([1.0, 0.0]))


def test_members_stand_for_a_region_without_an_index(make_panel) -> None:
    close = np.cumprod(1.0 + np.random.default_rng(1).normal(0.0, 0.01, (300, 8)), axis=0)
    panel = make_panel(close, tuple(f"{region}:{n}" for region in ("KR", "JP") for n in range(4)))
    found = cross_region_correlation(panel, "daily", draws=50)
    ours = close[1:] / close[:-1] - 1.0
    expected = np.corrcoef(np.log1p(ours[:, :4].mean(1)), np.log1p(ours[:, 4:].mean(1)))[0, 1]
    assert found.matrix[0, 1] == pytest.approx(expected, abs=1e-12)


def test_only_a_close_before_ours_is_known() -> None:
    """Seoul closes at 06:30 UTC: not yet Hong Kong (08:00), not New York of the same date; Tokyo until late 2024."""
    days = np.array(["2024-06-11", "2024-06-12", "2024-06-13"], "datetime64[D]")
    seoul = clocks.close_instants("KR", days)
    for region, before in (("JP", 0), ("HK", 1), ("US", 1), ("CN", 1), ("VN", 1)):
        place = clocks.latest_known(seoul, clocks.close_instants(region, days))
        np.testing.assert_array_equal(place, np.arange(3) - before, err_msg=region)
    new_york = clocks.close_instants("US", days)
    np.testing.assert_array_equal(clocks.latest_known(new_york, seoul), np.arange(3))
    # Tokyo closes half an hour later since 2024-11-05, at the very instant of Seoul: that is not before.
    since = np.array(["2024-12-10", "2024-12-11"], "datetime64[D]")
    place = clocks.latest_known(clocks.close_instants("KR", since), clocks.close_instants("JP", since))
    np.testing.assert_array_equal(place, [-1, 0])


def test_a_half_day_closes_early() -> None:
    days = np.array(["2024-11-27", "2024-11-29"], "datetime64[D]")
    closes = clocks.close_instants("US", days)
    assert [str(one) for one in closes] == ["2024-11-27T21:00:00", "2024-11-29T18:00:00"]
