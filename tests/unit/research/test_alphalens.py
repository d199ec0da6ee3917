"""The parity mode against alphalens itself, on random panels with gaps."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest

from workbench import research
from workbench.factors.scores import Labels, Score
from workbench.research import information, quantiles
from workbench.research.forward import forward_returns

HORIZONS = (1, 5, 10)
SESSIONS, NAMES = 160, 45
TIGHT = {"rel": 0.0, "abs": 1e-10}


@pytest.fixture
def alphalens():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("alphalens")


def a_market(make_panel, seed):
    """Closes with late listings, halts and missing days, and a score with gaps and ties."""
    rng = np.random.default_rng(seed)
    close = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (SESSIONS, NAMES)), axis=0))
    close[:40, :5] = np.nan
    close[rng.random(close.shape) < 0.04] = np.nan
    close[60:75, 7] = np.nan
    panel = make_panel(close, tuple(f"KR:{number:03d}" for number in range(NAMES)))
    values = rng.normal(size=close.shape)
    values[:, ::3] = np.round(values[:, ::3], 1)
    values[rng.random(close.shape) < 0.1] = np.nan
    values[:, 11] = np.nan
    sessions = {"KR": panel.sessions("KR")}
    return panel, Score("test", values, Labels(panel.dates, panel.tickers, panel.regions, sessions))


def clean_factor(alphalens, panel, score):
    """The frame that every function of alphalens takes."""
    import pandas as pd

    days = pd.DatetimeIndex(np.asarray(panel.dates).astype("datetime64[ns]"))
    factor = pd.DataFrame(score.values, index=days, columns=list(panel.tickers)).stack()
    factor.index.names = ["date", "asset"]
    prices = pd.DataFrame(np.asarray(panel["close"]), index=days, columns=list(panel.tickers))
    return alphalens.utils.get_clean_factor_and_forward_returns(
        factor.dropna(), prices, quantiles=5, periods=HORIZONS, filter_zscore=None, max_loss=0.9
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_parity_mode_equals_alphalens(alphalens, make_panel, seed):
    panel, score = a_market(make_panel, seed)
    sheet = research.tearsheet(score, panel, HORIZONS, execution="close")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="alphalens")
        warnings.filterwarnings("ignore", module="pandas")
        data = clean_factor(alphalens, panel, score)
        performance = alphalens.performance
        ic = performance.factor_information_coefficient(data)
        raw, _ = performance.mean_return_by_quantile(data, demeaned=False)
        excess, _ = performance.mean_return_by_quantile(data, demeaned=True)
        daily, _ = performance.mean_return_by_quantile(data, by_date=True, demeaned=False)
        spread, _ = performance.compute_mean_returns_spread(daily, 5, 1)
        turnover = {lag: performance.quantile_turnover(data["factor_quantile"], 5, lag).mean() for lag in HORIZONS}
        autocorrelation = {lag: performance.factor_rank_autocorrelation(data, lag).mean() for lag in HORIZONS}
    for place, horizon in enumerate(HORIZONS):
        own = pl.col("horizon") == horizon
        theirs = ic.iloc[:, place].dropna()
        ours = sheet.ic.filter(own)
        assert ours["date"].to_list() == [day.date() for day in theirs.index]
        assert ours["ic"].to_numpy() == pytest.approx(theirs.to_numpy(), **TIGHT)
        bars = sheet.quantiles.filter(own)
        assert bars["mean_return"].to_numpy() == pytest.approx(raw.iloc[:, place].to_numpy(), **TIGHT)
        assert bars["mean_excess"].to_numpy() == pytest.approx(excess.iloc[:, place].to_numpy(), **TIGHT)
        # alphalens puts half of the money on each side, we put one unit on each
        half = sheet.spread.filter(own)["spread"].to_numpy() / 2.0
        assert half == pytest.approx(spread.iloc[:, place].dropna().to_numpy(), **TIGHT)
        changed = sheet.turnover.filter(pl.col("lag") == horizon)
        assert changed["top_quantile_replaced"][0] == pytest.approx(turnover[horizon], **TIGHT)
        assert changed["rank_autocorrelation"][0] == pytest.approx(autocorrelation[horizon], **TIGHT)


def test_the_quantiles_are_those_of_pandas():
    import pandas as pd

    rng = np.random.default_rng(5)
    for turn in range(300):
        names, groups = int(rng.integers(5, 60)), int(rng.integers(2, 11))
        row = rng.normal(size=names)
        row = np.round(row, 1) if turn % 2 else row
        ours = quantiles.bucket(row[None], groups, 2, distinct=True)[0]
        try:
            theirs = pd.qcut(row, groups, labels=False) + 1
        except ValueError:  # two bounds on the same value: alphalens leaves the date out
            theirs = np.zeros(names)
        assert ours.tolist() == theirs.tolist()


def test_what_the_parity_mode_leaves_out_is_counted_otherwise(make_panel):
    """By default a name counts for each horizon over which it has a return, and from the next close on."""
    panel, score = a_market(make_panel, 0)
    usual, parity = (research.tearsheet(score, panel, HORIZONS, execution=kind) for kind in ("next_close", "close"))
    last = [sheet.ic.filter(pl.col("horizon") == 1)["date"].max() for sheet in (usual, parity)]
    assert last[0] > last[1]
    ic, _ = information.rank_ic(score.values, forward_returns(panel, 5))
    assert usual.ic.filter(pl.col("horizon") == 5)["ic"].to_list() == pytest.approx(ic[~np.isnan(ic)].tolist())
