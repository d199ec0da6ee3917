"""Daily bars: pages asked by date, one call for 100 rows and none to make sure, and a reason for each missing day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from workbench import markets, settings
from workbench.adapters.base import Absent
from workbench.adapters.kis import pages
from workbench.adapters.kis.client import NoSuchInstrument
from workbench.adapters.net import absences, listed_reason
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.adapters.base import Listing
    from workbench.adapters.kis.client import KisClient
    from workbench.adapters.kis.masters import Instrument
    from workbench.adapters.kis.threads import Stop

#: First day of overseas prices in the United States, the same for every symbol; elsewhere it is not known.
WALL = {"US": date(2007, 8, 20)}
#: Sessions at the end whose bars may still come.
LATE = 2
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """One code and the days wanted, both included.

    Attributes
    ----------
    instrument : Instrument or None
        As KIS spells it; None where neither master nor listing says at which exchange it is.
    """

    region: str
    ticker: str
    instrument: Instrument | None
    listing: Listing
    start: date
    end: date


@dataclass
class Answered:
    """What came back for one code.

    Attributes
    ----------
    rows : list of Row
        Newest first, within the days wanted.
    known : bool
        False where the service says that there is no such code, or nobody says where it is traded.
    """

    asked: Asked
    rows: list[pages.Row] = field(default_factory=list)
    known: bool = True


def collect(client: KisClient, asked: Asked, stop: Stop) -> Answered:
    """All pages of one code.

    The last page is the one that reaches the first session wanted, or, in Korea, one with fewer rows than a page
    holds. Overseas a short page need not be the last one: there an empty one ends it, so a share younger than the
    days wanted costs one call more, unless its listing says since when it is traded.
    """
    found = Answered(asked)
    first = _first_session(asked)
    if asked.instrument is None or first is None:
        found.known = asked.instrument is not None
        return found
    # A share that trades now cannot have bars of tomorrow; whether the call takes such a day is not known.
    end = min(asked.end, client.now().astimezone(ZoneInfo(markets.get(asked.region).timezone)).date())
    while first <= end:
        stop.check()
        try:
            page = pages.ask(client, asked.instrument, asked.start, end)
        except NoSuchInstrument:
            page = pages.Page((), known=False)
        fresh = [row for row in page.rows if row.day <= end]
        if not fresh:
            found.known = page.known or asked.instrument.in_master or bool(found.rows)
            break
        found.rows += [row for row in fresh if row.day >= asked.start]
        oldest = min(row.day for row in fresh)
        if oldest <= first or (asked.instrument.excd == "J" and len(page.rows) < pages.FULL):
            break
        end = oldest - _DAY
    return found


def _first_session(asked: Asked) -> date | None:
    """The first session that can have a bar; None where there is none in the days wanted."""
    # Korea's short page says by itself where history begins, and its files date a share that changed its board
    # from the change.
    listed = None if asked.region == "KR" else asked.listing.listed
    start = max(asked.start, WALL.get(asked.region, date.min), listed or date.min)
    start = max(start, markets.first_known(asked.region))
    end = min(asked.end, markets.last_known(asked.region))
    if start > end:
        return None
    days = markets.sessions(asked.region, start, end)
    return days[0] if days else None


def frame(answers: Iterable[Answered], last: date) -> pl.DataFrame:
    """Rows of ``ohlcv`` of completed sessions.

    Parameters
    ----------
    answers : iterable of Answered
        Of one region.
    last : date
        The last completed session by the exchange's clock: the newest row can be the running day's.

    Notes
    -----
    A halted day comes with its close held and volume 0, open, high and low 0 or held; it is passed on as it came.
    A row without a close is no bar.
    """
    rows = [
        (answer.asked.region, answer.asked.ticker, row.day, *row.values)
        for answer in answers
        for row in answer.rows
        if row.day <= last and row.close > 0
    ]
    names = ("open", "high", "low", "close", "volume", "turnover")
    text = {"region": pl.String, "ticker": pl.String, "date": pl.Date, **dict.fromkeys(names, pl.String)}
    return (
        pl.DataFrame(rows, schema=text, orient="row")
        .unique(["ticker", "date"], keep="first", maintain_order=True)
        .with_columns(pl.col(name).str.strip_prefix("+").cast(pl.Float64, strict=False) for name in names)
        .with_columns(
            timeframe=pl.lit("D"),
            adjusted=pl.lit("none"),
            source=pl.lit("kis"),
            collected_at=pl.lit(settings.now()).cast(pl.Datetime("us", "UTC")),
        )
        .select(list(TABLES["ohlcv"].columns))
        .sort("ticker", "date")
    )


def missing(answer: Answered, last: date) -> list[Absent]:
    """Why sessions of one code have no bar.

    Parameters
    ----------
    answer : Answered
        Of a code.
    last : date
        The last completed session.
    """
    asked = answer.asked
    have = {row.day for row in answer.rows if row.day <= last and row.close > 0}
    if not answer.known and asked.listing.exchange is None and _sessions_in(asked):
        return [Absent(asked.ticker, asked.start, asked.end, "not_covered", _stranger(asked))]
    listed = asked.listing.listed or (asked.instrument.listed if asked.instrument else None)
    said = listed_reason(listed, asked.listing.delisted, have, ("", ""))
    newest = max(have, default=date.min)
    wall = WALL.get(asked.region, date.min)
    # Of a few sessions the bars may still come; a share without any for longer stands still, or is gone.
    late = bool(have) and _count(asked.region, newest + _DAY, min(asked.end, last)) <= LATE

    def why(day: date) -> tuple[str, str]:
        if day > last:
            return "unknown", f"the last completed session is {last}"
        reason = said(day)
        if reason[0] and reason[0] != "not_covered":
            return reason
        if day < wall:
            return "not_covered", f"prices begin on {wall}"
        if not have and asked.instrument is not None and asked.instrument.in_master:
            return "unknown", "in the master file, but the answer was empty"
        if reason[0]:
            return reason
        if late and day > newest:
            return "unknown", "no bar yet"
        return "not_covered", "no bar on this session"

    return list(absences(asked.region, asked.ticker, have, asked.start, asked.end, why))


def _stranger(asked: Asked) -> str:
    if asked.instrument is None:
        return "in no master file, and no listing names its exchange"
    if asked.instrument.excd == "J":
        return "no such code"
    return f"no prices at {asked.instrument.excd}, and not in its master file"


def _sessions_in(asked: Asked) -> bool:
    return _count(asked.region, asked.start, asked.end) > 0


def _count(region: str, start: date, end: date) -> int:
    start, end = max(start, markets.first_known(region)), min(end, markets.last_known(region))
    return len(markets.session_array(region, start, end)) if start <= end else 0
