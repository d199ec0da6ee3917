"""A library of leaks: results that use what was not known at their time, each in the way it happens by accident.

Each one is written as a researcher would write it. The leak prover must find every one, and name what moved.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench import factors

if TYPE_CHECKING:
    from collections.abc import Callable

#: Of the index that the tests' lake has.
INDEX = "TINY"


@dataclass(frozen=True)
class Leak:
    """A planted leak, and what is to be found.

    Attributes
    ----------
    target : callable
        What is proven; with ``made`` a function of the lake that makes it.
    input : str
        Part of the input that the finding names.
    kind : str
        Of the finding.
    regions : tuple of str
    timing : str
    fitted : bool
    made : bool
    """

    target: Callable[..., Any]
    input: str = ""
    kind: str = "moved"
    regions: tuple[str, ...] = ("KR",)
    timing: str = "close"
    fitted: bool = False
    made: bool = False


def rolled(values, window):
    """Mean of the last ``window`` rows."""
    out = np.full_like(values, np.nan)
    for t in range(window - 1, len(values)):
        out[t] = values[t - window + 1 : t + 1].mean(axis=0)
    return out


def centred_window(close):
    """A smoothed price whose window reaches ten sessions ahead."""
    out = np.full_like(close, np.nan)
    out[10:-10] = rolled(close, 21)[20:]
    return close / out - 1.0


def full_sample_zscore(close):
    """Standardized with mean and deviation of the whole sample."""
    returns = np.full_like(close, np.nan)
    returns[1:] = close[1:] / close[:-1] - 1.0
    there = ~np.isnan(returns)
    count = np.maximum(there.sum(axis=0), 2)
    mean = np.where(there, returns, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(there, (returns - mean) ** 2, 0.0).sum(axis=0) / count)
    return (returns - mean) / np.where(spread > 0.0, spread, np.nan)


def forward_fill_from_the_future(close):
    """Holes are filled with the next price instead of the last one."""
    filled = close.copy()
    for t in range(len(close) - 2, -1, -1):
        filled[t] = np.where(np.isnan(filled[t]), filled[t + 1], filled[t])
    out = np.full_like(close, np.nan)
    out[21:] = filled[21:] / filled[:-21] - 1.0
    return out


def interpolated_items(close, net_income_ttm):
    """A quarterly figure drawn as a straight line to the next filing."""
    out = np.full_like(close, np.nan)
    for column in range(close.shape[1]):
        known = net_income_ttm[:, column]
        news = np.flatnonzero(np.r_[True, known[1:] != known[:-1]] & ~np.isnan(known))
        if len(news) > 1:
            out[:, column] = np.interp(np.arange(len(known)), news, known[news]) / close[:, column]
    return out


def today_scaled_close(lake, regions, start, end):
    """The level of prices adjusted backward, as charts show them: each later split moves the whole past."""
    panel = lake.panel(regions, start=start, end=end, fields=("close",), adjust="none")
    backward = panel["close"] * panel.total_factor / panel.total_factor[-1]
    return _frame(panel, 1.0 / backward)


def restated_fundamental(lake, regions, start, end):
    """The last restatement of each period, from the day on which the period was first filed."""
    panel = lake.panel(regions, start=start, end=end, fields=("close",))
    filed = lake.sql(
        """SELECT region || ':' || ticker AS ticker, period_end, min(available_date) AS day,
               arg_max(value, (available_date, vintage)) AS value
           FROM fundamentals WHERE item = 'net_income' AND period = 'Q' AND region IN (SELECT unnest($regions))
           GROUP BY ALL""",
        {"regions": list(regions)},
    )
    return _asof(panel, filed)


def period_end_as_availability(lake, regions, start, end):
    """Filings used from the last day of their period on, weeks before anybody could read them."""
    panel = lake.panel(regions, start=start, end=end, fields=("close",))
    filed = lake.sql(
        """SELECT region || ':' || ticker AS ticker, period_end AS day, arg_min(value, available_date) AS value
           FROM fundamentals WHERE item = 'net_income' AND period = 'Q' AND region IN (SELECT unnest($regions))
           GROUP BY ALL""",
        {"regions": list(regions)},
    )
    return _asof(panel, filed)


def todays_membership(lake, regions, start, end):
    """Momentum among those who are members of the index today, for all of its history."""
    today = lake.read("memberships").filter((pl.col("index") == INDEX) & pl.col("valid_to").is_null())["ticker"]
    panel = lake.panel(regions, start=start, end=end, fields=("close",))
    inside = np.isin(panel.tickers, today.to_list())
    return _frame(panel, np.where(inside, _momentum(panel["close"]), np.nan))


def survivors_only(lake, regions, start, end):
    """Momentum among those who are still listed."""
    ended = lake.read("tickers", regions[0]).filter(pl.col("delisted_date").is_not_null())["ticker"].to_list()
    panel = lake.panel(regions, start=start, end=end, fields=("close",))
    alive = np.array([label[3:].split("#")[0] not in ended for label in panel.tickers])
    return _frame(panel, np.where(alive, _momentum(panel["close"]), np.nan))


def todays_sector(lake, regions, start, end):
    """Momentum against the mean of the sector that the company has today."""
    panel = lake.panel(regions, start=start, end=end, fields=("close",))
    momentum = _momentum(panel["close"])
    sectors = np.array([str(name) for name in panel.sectors])
    out = np.full_like(momentum, np.nan)
    for sector in set(sectors):
        own = sectors == sector
        there = ~np.isnan(momentum[:, own])
        mean = np.where(there, momentum[:, own], 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        out[:, own] = momentum[:, own] - mean[:, None]
    return _frame(panel, out)


def todays_share_count(lake, regions, start, end):
    """Market value with the newest count of shares."""
    panel = lake.panel(regions, start=start, end=end, fields=("close",), adjust="none", items=("shares_outstanding",))
    return _frame(panel, np.log(panel["close"] * panel["shares_outstanding"][-1]))


def same_day_close_of_a_later_region(lake, regions, start, end):
    """Korean momentum times the mean return of New York on the same date, sixteen hours later."""
    panel = lake.panel(("KR", "US"), start=start, end=end, fields=("close",))
    close = panel["close"]
    returns = np.full_like(close, np.nan)
    returns[1:] = close[1:] / close[:-1] - 1.0
    own, other = (np.array([label.startswith(region) for label in panel.tickers]) for region in ("KR", "US"))
    there = ~np.isnan(returns[:, other])
    mood = np.where(there, returns[:, other], 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    values = np.where(own, _momentum(close) * (1.0 + mood[:, None]), np.nan)
    return _frame(panel, values)


def evening_fix(lake, regions, start, end):
    """Prices in dollars by the fix of the same date, which is made after the close."""
    panel = lake.panel(regions, start=start, end=end, fields=("close",), adjust="none")
    fixes = lake.read("fx").filter(pl.col("currency") == "KRW").select("date", "usd_per_unit")
    rates = pl.DataFrame({"date": panel.dates}).join(fixes, on="date", how="left")["usd_per_unit"].to_numpy()
    return _frame(panel, panel["close"] * rates[:, None])


def fitted_on_the_whole_sample(lake, regions, start, end):
    """One regression of next month's return on two factors, over all dates, for all dates."""
    panel = lake.panel(regions, start=start, end=end, fields=("close", "volume"), warmup=130)
    close = panel["close"]
    features = [_momentum(close), np.log1p(panel["volume"])]
    label = np.full_like(close, np.nan)
    label[:-21] = close[21:] / close[:-21] - 1.0
    known = ~np.isnan(label) & ~np.isnan(features[0]) & np.isfinite(features[1])
    x = np.column_stack([np.ones(known.sum()), *(one[known] for one in features)])
    beta = np.linalg.lstsq(x, label[known], rcond=None)[0]
    return _frame(panel, beta[0] + beta[1] * features[0] + beta[2] * features[1])


def labels_that_reach_into_the_test(lake, regions, start, end):
    """Fitted each month on all rows before it; the labels of the last ones end after the month has begun."""
    panel = lake.panel(regions, start=start, end=end, fields=("close",), warmup=130)
    close = panel["close"]
    momentum, label = _momentum(close), np.full_like(close, np.nan)
    label[:-21] = close[21:] / close[:-21] - 1.0
    out = np.full_like(close, np.nan)
    for t in range(200, len(close), 21):
        x, y = momentum[:t], label[:t]
        known = ~np.isnan(x) & ~np.isnan(y)
        if known.sum() > 50:
            out[t : t + 21] = momentum[t : t + 21] * np.polyfit(x[known], y[known], 1)[0]
    return _frame(panel, out)


def target_in_the_features(close):
    """The return that is to be foretold has slipped in among the features."""
    momentum, label = _momentum(close), np.full_like(close, np.nan)
    label[:-5] = close[5:] / close[:-5] - 1.0
    return momentum + 0.05 * np.nan_to_num(label)


def same_day_weights(lake, regions, start, end):
    """Weights of a date by the market value at the close of that date, to be multiplied with its returns."""
    asked = {"fields": ("close",), "adjust": "none", "items": ("shares_outstanding",)}
    panel = lake.panel(regions, start=start, end=end, **asked)
    value = np.where(panel.member, panel["close"] * panel["shares_outstanding"], np.nan)
    return _frame(panel, value / np.nansum(value, axis=1, keepdims=True))


def closure_over_scores(lake):
    """Scores computed once with all data, and looked up later."""
    scores = factors.compute(["momentum_6m_1m"], lake, "KR")

    def looked_up(lake, regions, start, end):
        return scores["momentum_6m_1m"]

    return looked_up


def closure_beside_honest_values(lake):
    """Honest values, and a little of precomputed ones that know the next month."""
    panel = lake.panel("KR", fields=("close",))
    close = panel["close"]
    ahead = np.zeros_like(close)
    ahead[:-21] = np.nan_to_num(close[21:] / close[:-21] - 1.0)

    def mixed(close):
        return _momentum(close) + 0.1 * ahead[-len(close) :, : close.shape[1]]

    return mixed


def file_of_scores(lake):
    """Scores kept in a file, which the function reads again."""
    path = lake.root.parent / "scores.parquet"
    panel = lake.panel("KR", fields=("close",))
    _frame(panel, _momentum(panel["close"])).write_parquet(path)
    name = str(path)

    def read(lake, regions, start, end):
        return pl.read_parquet(name).filter(pl.col("date").is_between(start, end))

    return read


def other_lake(lake):
    """A lake of its own instead of the one it is given."""
    folder = str(lake.root)

    def built(lake, regions, start, end):
        from workbench.lake import Lake

        panel = Lake(folder).panel(regions, start=start, end=end, fields=("close",))
        return _frame(panel, _momentum(panel["close"]))

    return built


def quarter_end_only(lake, regions, start, end):
    """The next day's return, on the last session of a quarter and on no other day."""
    panel = lake.panel(regions, start=start, end=end, fields=("close",))
    close = panel["close"]
    out, ahead = np.full_like(close, np.nan), np.full_like(close, np.nan)
    out[1:], ahead[:-1] = close[1:] / close[:-1] - 1.0, close[1:] / close[:-1] - 1.0
    month = panel.dates.astype("datetime64[M]").astype(int)
    last = np.r_[(month[1:] != month[:-1]) & (month[:-1] % 3 == 2), False]
    out[last] = np.where(np.isnan(ahead[last]), out[last], ahead[last])
    return _frame(panel, out)


def listings_to_come(lake, regions, start, end):
    """Prices by the number of companies that have yet to be listed."""
    panel = lake.panel(regions, start=start, end=end, fields=("close",))
    days = lake.read("tickers", regions[0])["listed_date"].drop_nulls().to_numpy().astype("datetime64[D]")
    to_come = (days[None, :] > panel.dates[:, None]).sum(axis=1)
    return _frame(panel, panel["close"] * (1.0 + to_come[:, None]))


#: What the functions below remember of their first call.
LEVELS, SHARED = {}, {}


def remembered_level(lake, regions, start, end):
    """Prices over their mean, which is computed once a process and kept."""
    panel = lake.panel(regions, start=start, end=end, fields=("close",))
    if "mean" not in LEVELS:
        LEVELS["mean"] = float(np.nanmean(panel["close"]))
    return _frame(panel, panel["close"] / LEVELS["mean"])


@functools.cache
def _last_prices(region):
    panel = SHARED["lake"].panel(region, fields=("close",))
    return dict(zip(panel.tickers, np.nan_to_num(panel["close"][-1], nan=1.0), strict=True))


def cached_helper(lake, regions, start, end):
    """Prices over the last ones, which a cached helper reads once a process."""
    SHARED["lake"] = lake
    last = _last_prices(regions[0])
    panel = lake.panel(regions, start=start, end=end, fields=("close",))
    return _frame(panel, panel["close"] / np.array([last.get(label, 1.0) for label in panel.tickers]))


def noise_of_a_file(lake):
    """Honest returns and a little of a file, for whichever rows there are."""
    path = str(lake.root.parent / "ahead.npy")
    np.save(path, np.random.default_rng(1).normal(size=5000))

    def mixed(close):
        return _momentum(close) + 0.1 * np.load(path)[: len(close), None]

    return mixed


def other_lake_beside_honest_values(lake, regions, start, end):
    """Honest momentum, and the next day's prices of the lake as it stands in its folder."""
    from workbench.lake import Lake

    panel = lake.panel(regions, start=start, end=end, fields=("close",))
    whole = Lake(lake.root).panel(regions, start=start, end=end, fields=("close",))["close"]
    return _frame(panel, _momentum(panel["close"]) + 1e-6 * np.nan_to_num(whole[: len(panel.dates)][:, :1]))


def _momentum(close):
    out = np.full_like(close, np.nan)
    out[63:] = close[42:-21] / close[:-63] - 1.0
    return out


def _frame(panel, values):
    rows, columns = np.nonzero(~np.isnan(values))
    tickers = np.array(panel.tickers)
    return pl.DataFrame({"date": panel.dates[rows], "ticker": tickers[columns], "value": values[rows, columns]})


def _asof(panel, filed):
    """The value of the newest period that counts on each date of the panel."""
    last = panel.dates[-1].item() + timedelta(days=1)
    parts = []
    for (ticker,), rows in filed.filter(pl.col("day") < last).group_by(["ticker"], maintain_order=True):
        days = pl.DataFrame({"date": panel.dates}).with_columns(pl.col("date").cast(pl.Date))
        known = rows.sort("day").select(pl.col("day").alias("date"), "value")
        parts.append(days.join_asof(known, on="date").drop_nulls().with_columns(ticker=pl.lit(ticker)))
    return pl.concat(parts)


LEAKS = {
    "centred window": Leak(centred_window, "ohlcv.open/high/low/close"),
    "full-sample z-score": Leak(full_sample_zscore, "ohlcv.open/high/low/close"),
    "restated fundamental": Leak(restated_fundamental, "fundamentals.net_income"),
    "today's membership": Leak(todays_membership, "memberships"),
    "survivors only": Leak(survivors_only, "tickers.delisted_date"),
    "today's sector": Leak(todays_sector, "attributes.value"),
    "today's share count": Leak(todays_share_count, "shares.shares_outstanding"),
    "today-scaled adjusted close": Leak(today_scaled_close, "actions."),
    "same-day close of a region that closes later": Leak(
        same_day_close_of_a_later_region, "closes later", regions=("KR",)
    ),
    "same-day fix of exchange rates": Leak(evening_fix, "fx.usd_per_unit"),
    "forward fill from the future": Leak(forward_fill_from_the_future, "ohlcv.open/high/low/close"),
    "line to the next filing": Leak(interpolated_items, "fundamentals.net_income"),
    "fit on the whole sample": Leak(fitted_on_the_whole_sample, "ohlcv", fitted=True),
    "labels that reach into the test": Leak(labels_that_reach_into_the_test, "ohlcv", fitted=True),
    "target in the features": Leak(target_in_the_features, "ohlcv.open/high/low/close"),
    "period_end used as availability": Leak(period_end_as_availability, "fundamentals.net_income"),
    "same-day weights": Leak(same_day_weights, "", timing="held"),
    "closure over precomputed scores": Leak(closure_over_scores, kind="captured", made=True),
    "closure beside honest values": Leak(closure_beside_honest_values, kind="captured", made=True),
    "scores from a file": Leak(file_of_scores, kind="insensitive", made=True),
    "only at the end of a quarter": Leak(quarter_end_only, "ohlcv.open/high/low/close"),
    "listings to come": Leak(listings_to_come, "tickers.listed_date"),
    "remembered between calls": Leak(remembered_level, "ohlcv.open/high/low/close"),
    "cached helper": Leak(cached_helper, "ohlcv.open/high/low/close"),
    "a file beside honest values": Leak(noise_of_a_file, kind="captured", made=True),
    "another lake beside honest values": Leak(other_lake_beside_honest_values, kind="captured"),
    "another lake": Leak(other_lake, kind="insensitive", made=True),
}
