"""The verdict's words, and the sections of a sheet, on markets whose truth is known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from workbench import research
from workbench.errors import ConfigError, NotEnoughHistory
from workbench.factors.scores import Labels, Score
from workbench.lake.listing import Sectors
from workbench.research import breakdown, verdict
from workbench.research.inference import infer
from workbench.research.monotonicity import monotonicity

NAMES = 60
SECTORS = ("Energy", "Utilities")


def a_market(make_panel, sessions, strength, seed=1, region="KR"):
    """Closes whose returns follow a slow score as strongly as said, with volumes and two sectors."""
    rng = np.random.default_rng(seed)
    score = np.cumsum(rng.normal(0.0, 0.1, (sessions, NAMES)), axis=0) + rng.normal(size=NAMES)
    ranks = np.argsort(np.argsort(score, axis=1), axis=1) / (NAMES - 1) - 0.5
    returns = rng.normal(0.0, 0.02, (sessions, NAMES))
    returns[2:] += strength * ranks[:-2]
    close = 100.0 * np.exp(np.cumsum(returns, axis=0))
    volume = np.tile(np.linspace(1e4, 1e6, NAMES), (sessions, 1))
    tickers = tuple(f"{region}:{number:03d}" for number in range(NAMES))
    columns = np.arange(NAMES)
    panel = make_panel(
        close,
        tickers,
        "2021-01-04",
        bars={"open": close, "volume": volume},
        sectors_by_date=Sectors(
            columns,
            np.full(NAMES, np.datetime64("2021-01-04")),
            np.full(NAMES, np.datetime64("NaT", "D")),
            tuple(SECTORS[number % 2] for number in columns),
        ),
    )
    return panel, Score("test", score, Labels(panel.dates, tickers, panel.regions, {region: panel.sessions(region)}))


def word_of(panel, score, **more):
    return research.tearsheet(score, panel, (1, 5), holding=5, **more).verdict["verdict"][0]


def test_a_strong_factor_works_and_its_mirror_works_in_reverse(make_panel):
    panel, score = a_market(make_panel, 500, 0.02)
    assert word_of(panel, score) == verdict.WORKS
    mirror = Score("mirror", -score.values, score.labels)
    assert word_of(panel, mirror) == verdict.REVERSED


def test_noise_does_not_work(make_panel):
    panel, score = a_market(make_panel, 500, 0.0, seed=4)
    assert word_of(panel, score) == verdict.NOT


def test_a_short_history_is_insufficient_however_strong(make_panel):
    panel, score = a_market(make_panel, 110, 0.05)
    sheet = research.tearsheet(score, panel, (1, 5), holding=5)
    assert sheet.verdict["verdict"][0] == verdict.INSUFFICIENT
    assert sheet.verdict["t"][0] is None
    assert sheet.verdict["stars"][0] == "insufficient"
    assert "21 of the 24 periods" in sheet.verdict["sentence"][0]
    assert sheet.summary.filter(pl.col("horizon") == 1)["stars"][0] == "***"


def test_a_small_edge_that_is_traded_every_day_costs_too_much(make_panel):
    """A score without memory, 20 sessions' turnover in one: Korea's taxes take more than it earns."""
    rng = np.random.default_rng(9)
    values = rng.normal(size=(700, NAMES))
    ranks = np.argsort(np.argsort(values, axis=1), axis=1) / (NAMES - 1) - 0.5
    returns = rng.normal(0.0, 0.01, values.shape)
    returns[2:] += 0.003 * ranks[:-2]
    panel = make_panel(
        100.0 * np.exp(np.cumsum(returns, axis=0)), tuple(f"KR:{number:03d}" for number in range(NAMES)), "2021-01-04"
    )
    score = Score("fast", values, Labels(panel.dates, panel.tickers, panel.regions, {"KR": panel.sessions("KR")}))
    sheet = research.tearsheet(score, panel, (1,))
    row = sheet.verdict.row(0, named=True)
    assert row["verdict"] == verdict.COSTLY
    assert row["gross"] > 0.0 > row["net"]
    assert row["net"] == pytest.approx(row["gross"] - row["cost"])
    assert "no market capitalization" in " ".join(sheet.notes)
    assert sheet.capacity.is_empty()


def test_a_region_with_too_few_names_is_told_and_the_other_one_shown(make_panel):
    panel, score = a_market(make_panel, 300, 0.02)
    tickers = (*panel.tickers[:50], *(f"US:{number}" for number in range(5)))
    both = make_panel(np.asarray(panel["close"])[:, :55], tickers, "2021-01-04")
    sessions = {region: both.sessions(region) for region in ("KR", "US")}
    small = Score("test", score.values[:, :55], Labels(both.dates, tickers, both.regions, sessions))
    sheet = research.tearsheet(small, both, (1, 5), holding=5)
    assert sheet.verdict["verdict"].to_list() == [verdict.WORKS, verdict.TOO_FEW]
    assert sheet.sentence == "Works in KR; too few names in US"
    assert sheet.ic["region"].unique().to_list() == ["KR"]
    assert "no date has 10" in sheet.verdict["sentence"][1]


def test_sectors_and_sizes_share_the_ic_of_the_whole(make_panel):
    panel, score = a_market(make_panel, 300, 0.02)
    sheet = research.tearsheet(score, panel, (5,))
    groups = sheet.breakdown
    assert groups.filter(pl.col("by") == "sector")["group"].to_list() == sorted(SECTORS)
    assert groups.filter(pl.col("by") == "size")["group"].to_list() == list(breakdown.SIZES)
    assert groups.filter(pl.col("by") == "year")["group"].to_list() == ["2021", "2022"]
    assert groups.filter(pl.col("by") == "sector")["names"].to_list() == [30.0, 30.0]
    assert (groups["mean_ic"] > 0.0).all()


def test_size_may_be_handed_in(make_panel):
    """Ordered the other way round, the small names are those that were large."""
    panel, score = a_market(make_panel, 200, 0.02)
    cap = np.tile(np.linspace(1.0, 2.0, NAMES), (200, 1))
    up, down = (
        research.tearsheet(score, panel, (5,), size=size).breakdown.filter(pl.col("by") == "size")
        for size in (cap, -cap)
    )
    assert up["mean_ic"].to_list() == pytest.approx(down["mean_ic"].to_list()[::-1])
    with pytest.raises(ConfigError, match="size of shape"):
        research.tearsheet(score, panel, (5,), size=cap[:10])


def test_a_sector_holds_from_its_date_on(make_panel):
    panel, _ = a_market(make_panel, 10, 0.0)
    nat = np.datetime64("NaT", "D")
    known = Sectors(
        np.array([0, 0]),
        np.array([panel.dates[2], panel.dates[6]]),
        np.array([panel.dates[5], nat]),
        ("Energy", "Utilities"),
    )
    codes, names = breakdown.sector_codes(
        make_panel(np.asarray(panel["close"]), panel.tickers, "2021-01-04", sectors_by_date=known)
    )
    assert names == ("Energy", "Utilities")
    assert codes[:, 0].tolist() == [-1, -1, 0, 0, 0, 0, 1, 1, 1, 1]
    assert (codes[:, 1:] == -1).all()


def test_the_portfolio_adds_up_to_the_verdict(make_panel):
    panel, score = a_market(make_panel, 300, 0.02)
    sheet = research.tearsheet(score, panel, (1, 5), holding=5)
    row = sheet.verdict.row(0, named=True)
    assert sheet.long_short["gross"].mean() * 252 == pytest.approx(row["gross"])
    assert sheet.long_short["net"].mean() * 252 == pytest.approx(row["net"])
    held = sheet.costs.filter(pl.col("holding") == 5).row(0, named=True)
    assert held["net"] == pytest.approx(row["net"])
    # What one holding period earns, on average, is what the portfolio earns in as many sessions.
    spread = sheet.spreads.filter(pl.col("horizon") == 5)["mean_spread"][0]
    assert row["gross"] * 5 / 252 == pytest.approx(spread, rel=0.03)


def test_bounds_of_the_arguments(make_panel):
    panel, score = a_market(make_panel, 60, 0.0)
    with pytest.raises(ConfigError, match="holding=7"):
        research.tearsheet(score, panel, (1, 5), holding=7)
    with pytest.raises(ConfigError, match="whole numbers"):
        research.tearsheet(score, panel, (1, 5.5))
    with pytest.raises(ConfigError, match="execution='yesterday'"):
        research.tearsheet(score, panel, execution="yesterday")
    with pytest.raises(ConfigError, match="needs opens"):
        research.forward_returns(make_panel(np.asarray(panel["close"]), panel.tickers), 5, "next_open")


def test_returns_from_the_open_are_those_of_the_open(make_panel):
    close = np.array([[10.0], [11.0], [12.0], [13.0]])
    opens = np.array([[9.0], [10.5], [11.5], [12.5]])
    panel = make_panel(close, ("KR:A",), bars={"open": opens})
    assert research.forward_returns(panel, 2, "next_open")[0, 0] == pytest.approx(12.5 / 10.5 - 1.0)
    assert research.forward_returns(panel, 2)[0, 0] == pytest.approx(13.0 / 11.0 - 1.0)
    assert research.forward_returns(panel, 2, "close")[0, 0] == pytest.approx(12.0 / 10.0 - 1.0)


def test_ic_of_five_names_by_hand():
    """Ranks 1 2 3 4 5 against 2 1 4 3 5: the sum of squared differences is 4, and 1 - 6 * 4 / (5 * 24) = 0.8."""
    score = np.array([[0.1, 0.2, 0.3, 0.4, 9.0]])
    later = np.array([[0.00, -0.05, 0.02, 0.01, 0.03]])
    ic, names = research.rank_ic(score, later, 5)
    assert ic[0] == pytest.approx(0.8)
    assert names[0] == 5
    pearson, _ = research.pearson_ic(score, later, 5)
    assert pearson[0] == pytest.approx(np.corrcoef(score[0], later[0])[0, 1])


def test_rising_quantiles_are_told_from_one_lucky_extreme():
    rng = np.random.default_rng(0)
    noise = rng.normal(0.0, 0.01, (600, 5))
    rising = monotonicity(noise + 0.002 * np.arange(5), 10, np.random.default_rng(1))
    assert (rising.ordered_steps, rising.rank_correlation) == (1.0, pytest.approx(1.0))
    assert rising.p_value < 0.05
    extreme = monotonicity(noise + 0.02 * (np.arange(5) == 4), 10, np.random.default_rng(1))
    assert extreme.p_value > 0.05


def test_the_test_of_monotonicity_seldom_finds_what_is_not_there():
    rng = np.random.default_rng(2)
    found = [monotonicity(rng.normal(size=(300, 5)), 10, rng, 200).p_value for _ in range(300)]
    assert np.mean(np.array(found) < 0.05) < 0.09


def test_without_an_observation_there_are_too_few_names():
    nothing = infer(np.full(4, np.nan), 1)
    assert verdict.verdict(nothing, 0.1, 0.1, enough=False) == verdict.TOO_FEW
    assert verdict.verdict(nothing, 0.1, 0.1, enough=True) == verdict.INSUFFICIENT


def test_what_does_not_earn_does_not_work():
    """A mean IC above zero is half of the verdict: the spread has its own words."""
    sure = infer(np.random.default_rng(0).normal(0.1, 0.1, 300), 1)
    assert sure.sign == 1
    words = [
        verdict.verdict(sure, gross, net, enough=True)
        for gross, net in ((0.1, 0.05), (0.1, np.nan), (0.1, -0.01), (-0.1, -0.2), (np.nan, np.nan))
    ]
    assert words == [verdict.WORKS, verdict.WORKS, verdict.COSTLY, verdict.NO_SPREAD, verdict.UNKNOWN]
    unpriced = {"gross": 0.1, "cost": np.nan, "net": np.nan}
    assert "costs are not known" in verdict.sentence(verdict.WORKS, sure, unpriced, 1, "")


def test_a_score_of_two_values_has_an_order_and_no_quintiles(make_panel):
    panel, score = a_market(make_panel, 300, 0.02)
    signs = np.where(score.values > np.median(score.values, axis=1, keepdims=True), 1.0, 0.0)
    signs[:, : NAMES // 2] = 1.0  # so many that every bound falls on the same value
    row = research.tearsheet(Score("two", signs, score.labels), panel, (1, 5), holding=5).verdict.row(0, named=True)
    assert row["verdict"] == verdict.UNKNOWN
    assert row["gross"] is None
    assert "no date has names in both" in row["sentence"]
    assert "nan" not in row["sentence"]


def test_a_holding_longer_than_the_history_is_too_short_a_history(make_panel):
    panel, score = a_market(make_panel, 60, 0.02)
    row = research.tearsheet(score, panel, (1, 90), holding=90).verdict.row(0, named=True)
    assert row["verdict"] == verdict.INSUFFICIENT
    assert "no date has 10 names with a score and a return over 90 sessions (at most 0)" in row["sentence"]


def test_equal_scores_are_told_as_what_they_are(make_panel):
    panel, score = a_market(make_panel, 60, 0.02)
    flat = Score("flat", np.ones(score.values.shape), score.labels)
    with pytest.raises(NotEnoughHistory, match="KR: on every date all scores"):
        research.tearsheet(flat, panel, (1, 5))
    with pytest.raises(NotEnoughHistory, match="no date has 61 names"):
        research.tearsheet(score, panel, (1, 5), min_names=61)


def test_exposure_of_a_region_is_to_its_own_factors(make_panel):
    """Factor returns of two regions in one frame: every date stands twice, and each region takes its rows."""
    panel, score = a_market(make_panel, 200, 0.02)
    noise = np.random.default_rng(1).normal(0.0, 0.01, len(panel.dates))
    own = pl.DataFrame({"date": panel.dates, "market": noise})
    both = pl.concat(
        [own.with_columns(region=pl.lit("KR")), own.with_columns(pl.col("market") * -3.0, region=pl.lit("US"))]
    )
    alone, chosen = (research.tearsheet(score, panel, (5,), factor_returns=given).exposure for given in (own, both))
    assert alone.height == 2
    assert alone.equals(chosen)
    with pytest.raises(ConfigError, match="stand more than once"):
        research.tearsheet(score, panel, (5,), factor_returns=both.drop("region"))
