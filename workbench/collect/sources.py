"""Which provider a ticker's bars come from, and whether another one may go on with them.

A ticker changes its source only where both agree on enough sessions; until then the older source is kept and
the days stay missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.lake import reading
from workbench.quality import agreement
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from workbench.lake import Lake

#: Bars on each side of the missing days that another provider is asked for as well.
MARGIN = 2 * agreement.OVERLAP
#: Reason of days on which two providers disagree, until it is written down as ``unknown``.
DISPUTED = "disputed"

_KEY = ["ticker", "date"]
_BARS = [*_KEY, "close", "volume", "adjusted", "source"]
_NOTHING = pl.DataFrame(schema={name: TABLES["ohlcv"].columns[name] for name in _BARS})
REJECTED = {"ticker": pl.String, "date": pl.Date, "reason": pl.String, "detail": pl.String}


@dataclass(frozen=True)
class Stranger:
    """Tickers of another source, and the range in which the provider is asked for them."""

    tickers: tuple[str, ...]
    start: date
    end: date


class Standing:
    """The bars that stand in a lake, as far as a change of source needs them.

    Parameters
    ----------
    lake : Lake
        Live.
    region : str
        One of the six regions.
    """

    def __init__(self, lake: Lake, region: str) -> None:
        self._lake, self._region = lake, region
        self._newest = _newest(lake, region)

    def bars(self, tickers: Sequence[str]) -> pl.DataFrame:
        """Bars of the tickers: ticker, date, close, volume, adjusted, source."""
        held = [ticker for ticker in tickers if ticker in self._newest]
        if not held:
            return _NOTHING
        return self._lake.read("ohlcv", self._region, tickers=held, columns=_BARS).select(_BARS)

    def source(self, ticker: str) -> str | None:
        """The provider of the ticker's newest bar, None without any."""
        return self._newest.get(ticker)

    def actions(self, tickers: Sequence[str]) -> pl.DataFrame:
        """Their actions: ticker, ex_date."""
        return self._lake.read("actions", self._region, tickers=list(tickers), columns=["ticker", "ex_date"])


def _newest(lake: Lake, region: str) -> dict[str, str]:
    handle = lake.delta("ohlcv")
    if handle is None:
        return {}
    rows = reading.rows(TABLES["ohlcv"], handle, region)
    newest = rows.group_by("ticker").agg(pl.col("source").get(pl.col("date").arg_max()))
    return dict(newest.select("ticker", "source").collect().rows())


def strangers(ours: pl.DataFrame, days: pl.DataFrame, end: date, size: int) -> Iterator[Stranger]:
    """Requests to a provider for tickers of another source: the missing days and the bars beside them.

    Parameters
    ----------
    ours : polars.DataFrame
        Bars that stand, as :meth:`Standing.bars` gives them.
    days : polars.DataFrame
        ticker, date: what is missing, of tickers in ``ours``.
    end : date
        The last day of the batch; bars after it that stand are asked for as well.
    size : int
        Most tickers a request.
    """
    latest = max([end, *ours.select(pl.col("date").max()).to_series().drop_nulls()])
    spans = days.group_by("ticker").agg(first=pl.col("date").min(), last=pl.col("date").max())
    beside = ours.join(spans, on="ticker").sort(_KEY)
    before = beside.filter(pl.col("date") < pl.col("first")).group_by("ticker").tail(MARGIN)
    after = beside.filter(pl.col("date") > pl.col("last")).group_by("ticker").head(MARGIN)
    starts = before.group_by("ticker").agg(start=pl.col("date").min())
    ends = after.group_by("ticker").agg(stop=pl.col("date").max())
    ranges = (
        spans.join(starts, on="ticker", how="left")
        .join(ends, on="ticker", how="left")
        .select("ticker", "first", "last", start=pl.coalesce("start", "first"), stop=pl.coalesce("stop", "last"))
        # By month, so that tickers with nearly the same range stand in one request.
        .with_columns(start=pl.col("start").dt.month_start(), stop=pl.col("stop").dt.month_end())
        .with_columns(stop=pl.max_horizontal("last", pl.min_horizontal("stop", pl.lit(latest))))
    )
    for (start, stop), group in sorted(ranges.group_by("start", "stop"), key=lambda item: item[0]):
        codes = sorted(group["ticker"])
        for at in range(0, len(codes), size):
            yield Stranger(tuple(codes[at : at + size]), start, stop)


@dataclass(frozen=True)
class Judged:
    """What becomes of another provider's bars.

    Attributes
    ----------
    accepted : polars.DataFrame
        Rows of ``ohlcv`` of missing days, of tickers on which both agree.
    rejected : polars.DataFrame
        ticker, date, reason, detail of missing days whose rows are not believed.
    compared : polars.DataFrame
        As :func:`workbench.quality.agreement.compare` gives it.
    disagreeing : tuple of str
        Tickers on which the providers differ.
    """

    accepted: pl.DataFrame
    rejected: pl.DataFrame
    compared: pl.DataFrame
    disagreeing: tuple[str, ...]


def judge(name: str, ours: pl.DataFrame, theirs: pl.DataFrame, days: pl.DataFrame, actions: pl.DataFrame) -> Judged:
    """Compare another provider's bars with those that stand, and decide on the missing days.

    Parameters
    ----------
    name : str
        The other provider.
    ours : polars.DataFrame
        Bars that stand.
    theirs : polars.DataFrame
        Rows of ``ohlcv`` as they were received.
    days : polars.DataFrame
        ticker, date: what is missing.
    actions : polars.DataFrame
        ticker, ex_date.
    """
    new = theirs.join(days, on=_KEY, how="semi")
    kinds = ours.sort("date").group_by("ticker").agg(pl.col("adjusted", "source").last())
    kinds = kinds.rename({"adjusted": "our_kind", "source": "our_source"})
    compared = agreement.compare(ours, theirs)
    found = (
        new.select("ticker", their_kind="adjusted")
        .unique("ticker", keep="first", maintain_order=True)
        .join(kinds, on="ticker")
        .join(agreement.verdicts(compared), on="ticker", how="left")
        .join(agreement.seams(ours, new, actions).rename({"date": "seam"}), on="ticker", how="left")
    )
    reasons = pl.DataFrame(
        [(row["ticker"], *_verdict(name, row)) for row in found.to_dicts()],
        schema={"ticker": pl.String, "reason": pl.String, "detail": pl.String},
        orient="row",
    ).filter(pl.col("reason") != "")
    rejected = new.select(_KEY).unique().join(reasons, on="ticker").select(list(REJECTED))
    return Judged(
        new.join(reasons, on="ticker", how="anti"),
        rejected,
        compared,
        tuple(reasons.filter(pl.col("reason") == DISPUTED)["ticker"]),
    )


def _verdict(name: str, row: dict[str, Any]) -> tuple[str, str]:
    """Reason and detail against a ticker's new bars; empty where there is nothing against them."""
    ours, common = row["our_source"], row["common"] or 0
    if row["their_kind"] != row["our_kind"]:
        return "not_covered", f"prices of {name} are adjusted={row['their_kind']}, those of {ours} {row['our_kind']}"
    if not row["enough"]:
        return "unknown", f"{name} has {common} sessions in common with {ours}, {agreement.OVERLAP} are needed"
    if row["other_volume"]:
        return DISPUTED, f"{name} and {ours} give volumes in different units"
    if not row["agrees"]:
        return DISPUTED, (
            f"{name} and {ours} differ on {row['differing']} of {common} closes, by up to {row['largest']:.2%}"
        )
    if row["seam"] is not None:
        return DISPUTED, (
            f"{name} has {row['close']:g} on {row['seam']} after {row['before']:g}, beside bars of {ours}, and no "
            "action explains it"
        )
    return "", ""
