"""Our sorts on real US prices and filings beside Kenneth French's daily factors, 2015-06 to 2017-03.

Used by ``tests/real/test_fama_french.py`` and ``bench/replication.py``. Prices are point in time (the first
``published`` of each day), splits and dividends those that the source's own later editions tell. What the
source does not have is stood in for, and named: share counts by net income over diluted earnings a share;
the New York Stock Exchange, whose names set French's breakpoints, by codes of at most three letters;
ordinary shares of companies (French takes the share codes 10 and 11, which leaves out partnerships,
property trusts, funds and foreign companies) by the words in a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from workbench.lake import Lake
from workbench.research import proxies, sorts

IMPORTS = ("US", "US_symbols", "US_fundamentals")
NO_ORDINARY_SHARE = re.compile(
    r"\b(L\.?P\.?|Partners|REIT|Realty|Propert(y|ies)|Trust|Fund|Royalty|Mortgage|ADR|PLC|N\.?V\.?|Ltd|Limited"
    r"|Acquisition)(?![a-z])",
    re.IGNORECASE,
)
LAST = "2017-03-31"


@dataclass(frozen=True)
class Market:
    """US: rows are sessions (T), columns names (N).

    Attributes
    ----------
    gain : total return of each session; ``cap``, ``equity`` : market and book value as known, USD.
    yearly : (1, N), equity at the end of the fiscal year that ended in 2015, as filed by June 2016.
    exchange : (N,) names that set the breakpoints.
    theirs : French's factors as fractions, (T,) each.
    """

    dates: np.ndarray
    gain: np.ndarray
    cap: np.ndarray
    equity: np.ndarray
    yearly: np.ndarray
    exchange: np.ndarray
    theirs: dict[str, np.ndarray]

    def row(self, day: str) -> np.ndarray:
        """The row of a session, (1,)."""
        return np.searchsorted(self.dates, [np.datetime64(day)])


@dataclass(frozen=True)
class Fit:
    """Ours regressed on theirs, daily returns; the intercept in basis points a day with its OLS t."""

    correlation: float
    slope: float
    intercept: float
    t: float
    sessions: int

    def __str__(self) -> str:
        return (
            f"correlation {self.correlation:.3f}, slope {self.slope:.3f}, "
            f"intercept {self.intercept:+.2f} bp a day (t {self.t:+.2f}), {self.sessions} sessions"
        )


def load(imported: Lake, folder: Path, reference: Path) -> Market:
    """The market from a lake with the three imports, in a copy of it that gets the implied share counts."""
    imported.clone(folder)
    lake = Lake(folder)
    filings = lake.read("fundamentals", "US")
    lake.publish("shares", proxies.implied_shares(filings, lake.read("actions", "US")), region="US")
    panel = lake.panel("US", fields=("close",), items=("shares_outstanding", "total_equity"))
    codes = [label.split(":")[1].split("#")[0] for label in panel.tickers]
    names = dict(lake.read("tickers", "US").sort("spell").select("ticker", "name").rows())
    ordinary = np.array([not NO_ORDINARY_SHARE.search(names.get(code) or "") for code in codes])
    close = np.where(panel.traded & ordinary, panel.raw("close"), np.nan)
    return Market(
        dates=np.asarray(panel.dates),
        gain=sorts.session_gains(panel, "US"),
        cap=close * panel["shares_outstanding"],
        equity=np.where(panel["total_equity"] > 0.0, panel["total_equity"], np.nan),
        yearly=_yearly_equity(filings, codes),
        exchange=np.array([len(code) <= 3 for code in codes]),
        theirs=_french(reference, np.asarray(panel.dates)),
    )


def _french(reference: Path, days: np.ndarray) -> dict[str, np.ndarray]:
    frame = pl.read_parquet(reference / "us_ff5_mom_daily.parquet")
    frame = pl.DataFrame({"date": days}).join(frame, on="date", how="left")
    return {name: frame[name].to_numpy() / 100.0 for name in frame.columns if name != "date"}


def _yearly_equity(filings: pl.DataFrame, codes: list[str]) -> np.ndarray:
    known = filings.filter(pl.col("available_date") <= date(2016, 6, 30))
    year = known.filter((pl.col("period") == "FY") & (pl.col("period_end").dt.year() == 2015))
    books = known.filter((pl.col("item") == "total_equity") & (pl.col("value") > 0.0))
    books = books.join(year, on=["ticker", "period_end"], how="semi").sort("available_date", "period_end")
    found = dict(books.select("ticker", "value").rows())
    return np.array([[found.get(code, np.nan) for code in codes]])


def fit(market: Market, ours: np.ndarray, theirs: np.ndarray, first: str) -> Fit:
    """Ours on theirs from a session on; a session on which a portfolio is empty is an error."""
    rows = (market.dates >= np.datetime64(first)) & (market.dates <= np.datetime64(LAST))
    x, y = theirs[rows], ours[rows]
    if np.isnan(x).any() or np.isnan(y).any():
        raise ValueError("a session without a return")
    design = np.column_stack([np.ones_like(x), x])
    inverse = np.linalg.inv(design.T @ design)
    solved = inverse @ design.T @ y
    left = y - design @ solved
    error = np.sqrt(left @ left / (len(y) - 2) * inverse[0, 0])
    correlation = float(np.corrcoef(x, y)[0, 1])
    return Fit(correlation, float(solved[1]), float(solved[0] * 1e4), float(solved[0] / error), len(y))


def value_portfolios(market: Market) -> sorts.Holdings:
    """Size by book to market, formed monthly on what was known that evening, traded at the next close."""
    formed = sorts.month_ends(market.dates)
    cap = market.cap[formed]
    group = sorts.double_sort(cap, market.equity[formed] / cap, market.exchange)
    return sorts.hold(group, cap, formed, market.gain)


def of_same_day(market: Market, owned: sorts.Holdings) -> sorts.Holdings:
    """The mistake: market values of the evening as the weights of the day."""
    return replace(owned, weight=owned.weight * (1.0 + np.nan_to_num(market.gain)))


def june_portfolios(market: Market) -> sorts.Holdings:
    """As French does: book of the last fiscal year over the market value of December, formed in June 2016."""
    formed = market.row("2016-06-30")
    ratio = market.yearly / market.cap[market.row("2015-12-31")]
    group = sorts.double_sort(market.cap[formed], ratio, market.exchange)
    return sorts.hold(group, market.cap[formed], formed, market.gain)


def momentum_portfolios(market: Market) -> sorts.Holdings:
    """Size by the return from twelve months to one month before; the first year begins on 2015-03-20."""
    formed = sorts.month_ends(market.dates)
    begins = np.array([0, *formed])
    use = np.arange(11, len(formed))
    return _momentum(market, begins[use - 11], formed[use - 1], formed[use])


def daily_momentum_portfolios(market: Market) -> sorts.Holdings:
    """As French's daily factor: formed every session on the return from 250 to 20 sessions before."""
    now = np.arange(250, len(market.dates))
    return _momentum(market, now - 250, now - 20, now)


def _momentum(market: Market, start: np.ndarray, end: np.ndarray, now: np.ndarray) -> sorts.Holdings:
    path = np.cumsum(np.log1p(np.nan_to_num(market.gain)), axis=0)
    there = np.isfinite(market.gain[start + 1]) & np.isfinite(market.gain[end])
    past = np.where(there, path[end] - path[start], np.nan)
    group = sorts.double_sort(market.cap[now], past, market.exchange)
    return sorts.hold(group, market.cap[now], now, market.gain)


def figures(market: Market) -> dict[str, Fit]:
    """Every comparison by name."""
    theirs, formed = market.theirs, sorts.month_ends(market.dates)
    value = value_portfolios(market)
    planted = of_same_day(market, value).returns(market.gain)
    six, june = value.returns(market.gain), june_portfolios(market).returns(market.gain)
    monthly = momentum_portfolios(market).returns(market.gain)
    daily = daily_momentum_portfolios(market).returns(market.gain)
    whole = sorts.market(market.cap[formed], formed, market.gain)
    pairs = {
        "market": (whole, theirs["mkt_rf"] + theirs["rf"], "2015-06-01"),
        "SMB": (sorts.small_minus_big(six), theirs["smb"], "2015-06-01"),
        "HML": (sorts.high_minus_low(six), theirs["hml"], "2015-06-01"),
        # Formed on 2016-06-30 and traded at the close of the next session.
        "HML formed in June": (sorts.high_minus_low(june), theirs["hml"], "2016-07-05"),
        "UMD": (sorts.high_minus_low(monthly), theirs["mom"], "2016-04-01"),
        "UMD formed daily": (sorts.high_minus_low(daily), theirs["mom"], "2016-04-01"),
        "SMB with weights of the same day": (sorts.small_minus_big(planted), theirs["smb"], "2015-06-01"),
    }
    return {name: fit(market, *pair) for name, pair in pairs.items()}
