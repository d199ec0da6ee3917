"""Share counts: the cover page of each filing, and what stands in where it names none."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from workbench import markets
from workbench.adapters.edgar.facts import Reported, reported
from workbench.adapters.statements import table
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

COVER = "EntityCommonStockSharesOutstanding"
#: Items that stand in for the cover page, and the basis they are marked with. Classes are told apart by
#: dimensions, which companyfacts leaves out: filers with several often have no count on the cover.
INSTEAD = (("shares_balance_sheet", "balance_sheet"), ("shares_basic", "weighted"))
#: A stand-in is of the filing's own period, not of a year before.
_RECENT_DAYS = 200


class Count(NamedTuple):
    """A count of one filing: the day it holds, the count, what it counts, and the day of the filing."""

    day: date
    shares: float
    basis: str
    filed: date


def counts(facts: Mapping[str, Any]) -> list[Count]:
    """Counts of a filer in order of filing; one that repeats a day's count is left out.

    The day is the one that the cover names, weeks after the period's end. Several counts of one day in one
    filing are those of the share classes, which are not named: their sum is given, and ``basis`` says how
    many there are.

    Parameters
    ----------
    facts : mapping
        The field ``facts`` of ``companyfacts``.

    Raises
    ------
    ShapeChanged
        If a fact lacks one of the fields that are needed.
    """
    covers = _by_filing(reported(facts.get("dei", {}).get(COVER, {"units": {}}), "shares_outstanding", "dei", 0))
    filings: dict[tuple[date, str], Count | None] = {key: _cover(found) for key, found in covers.items()}
    for item, basis in INSTEAD:
        for key, found in _by_filing(_stand_ins(facts, item)).items():
            if filings.get(key) is None:
                filings[key] = _stand_in(found, basis)
    news: list[Count] = []
    latest: dict[date, float] = {}
    for _, count in sorted(filings.items(), key=itemgetter(0)):
        if count is not None and latest.get(count.day) != count.shares:
            latest[count.day] = count.shares
            news.append(count)
    return news


def share_rows(region: str, ticker: str, found: Iterable[Count], source: str) -> pl.DataFrame:
    """Rows of ``shares``, available on the first session after each filing."""
    schema = TABLES["shares"]
    first, last = markets.first_known(region), markets.last_known(region)
    rows = [
        (region, ticker, one.day, markets.next_session(region, one.filed), one.shares, one.basis, source)
        for one in found
        if first <= one.filed < last
    ]
    frame = pl.DataFrame(rows, dict(schema.columns), orient="row")
    return frame.unique(schema.key, keep="last", maintain_order=True)


def _by_filing(found: Iterable[Reported]) -> dict[tuple[date, str], list[Reported]]:
    filings: dict[tuple[date, str], list[Reported]] = {}
    for one in found:
        if one.unit == "shares" and one.value > 0 and one.end <= one.filed:
            filings.setdefault((one.filed, one.filing_id), []).append(one)
    return filings


def _stand_ins(facts: Mapping[str, Any], item: str) -> Iterator[Reported]:
    for taxonomy, source in (("us-gaap", "us_gaap"), ("ifrs-full", "ifrs")):
        tags = facts.get(taxonomy, {})
        for rank, name in enumerate(table()[item].tags[source]):
            if name in tags:
                yield from reported(tags[name], item, taxonomy, rank)


def _cover(found: list[Reported]) -> Count:
    day = max(one.end for one in found)
    classes = {one.value for one in found if one.end == day}
    basis = "outstanding" if len(classes) == 1 else f"outstanding of {len(classes)} classes"
    return Count(day, sum(classes), basis, found[0].filed)


def _stand_in(found: list[Reported], basis: str) -> Count | None:
    """The newest count by its best tag; of several periods that end together the shortest."""
    newest = max(one.end for one in found)
    latest = [one for one in found if one.end == newest and (one.filed - one.end).days <= _RECENT_DAYS]
    best = min(latest, key=lambda one: (one.rank, one.end - (one.start or one.end)), default=None)
    return Count(best.end, best.value, basis, best.filed) if best else None
