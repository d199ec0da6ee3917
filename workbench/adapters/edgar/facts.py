"""From ``companyfacts`` to facts of items: which tag, which unit, which filings.

Within a filing the first tag of an item that has a fact for a period counts; of revenue the whole before its
part from contracts. A later filing does not replace a period's value by one of a worse tag: cash with and
without restricted cash would else look like a restatement.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from workbench.adapters.statements import Fact, derive, table
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Annual and quarterly reports with audited or reviewed statements, transition reports included; an ``/A``
#: is a further filing of its own. Recast figures of an 8-K and pay tables of a proxy statement are none.
FORMS = frozenset({"10-K", "10-KT", "10-Q", "10-QT", "20-F", "40-F"})
TAXONOMIES = {"us-gaap": "us_gaap", "ifrs-full": "ifrs"}
#: Places of the tags of revenue from contracts and of all revenues; the former in a filer of whom it is but a part.
_CONTRACTS, _ALL, _PART = 0, 1, 99
Period = tuple[str, date | None, date]


@dataclass(frozen=True)
class Reported:
    """One fact as it stands in ``companyfacts``, of a form that counts.

    Attributes
    ----------
    taxonomy : str
    rank : int
        Place of its tag among those of the item, 0 for the best.
    unit : str
        ``USD``, ``USD/shares``, ``shares``, …
    """

    item: str
    taxonomy: str
    rank: int
    unit: str
    start: date | None
    end: date
    value: float
    filed: date
    filing_id: str
    amended: bool = False

    @property
    def currency(self) -> str | None:
        """Of money and of figures a share, None for shares."""
        return None if self.unit == "shares" else self.unit.partition("/")[0]

    @property
    def order(self) -> tuple[date, bool, str]:
        """By which filings follow each other in time."""
        return self.filed, self.amended, self.filing_id


def statement_facts(facts: Mapping[str, Any]) -> list[Fact]:
    """The facts of all items, and those that are derived within one filing.

    Parameters
    ----------
    facts : mapping
        The field ``facts`` of ``companyfacts``: taxonomy, tag, ``units``, unit, list of facts.

    Raises
    ------
    ShapeChanged
        If a fact lacks one of the fields that are needed.
    """
    found = [one for taxonomy in TAXONOMIES for one in _of_taxonomy(facts.get(taxonomy, {}), taxonomy)]
    own = _reporting_currency(found)
    found = _parts_last(found)
    found.sort(key=lambda one: (*one.order, one.currency not in (None, own[one.filing_id]), one.rank))
    best: dict[Period, tuple[str, int]] = {}
    taken: dict[Period, str] = {}
    chosen = []
    for one in found:
        period = (one.item, one.start, one.end)
        taxonomy, rank = best.get(period, (one.taxonomy, one.rank))
        if taken.get(period) == one.filing_id or (taxonomy == one.taxonomy and one.rank > rank):
            continue
        best[period], taken[period] = (one.taxonomy, one.rank), one.filing_id
        chosen.append(
            Fact(one.item, one.start, one.end, one.value, one.currency, one.filed, one.filing_id, one.amended)
        )
    return derive(chosen)


def reported(tag: Mapping[str, Any], item: str, taxonomy: str, rank: int) -> Iterator[Reported]:
    """Facts of one tag in all its units, of the forms that count.

    Raises
    ------
    ShapeChanged
        As :func:`statement_facts`.
    """
    try:
        for unit, facts in tag["units"].items():
            for one in facts:
                form = str(one["form"])
                if one["val"] is None or form.removesuffix("/A") not in FORMS:
                    continue
                start = date.fromisoformat(one["start"]) if one.get("start") else None
                end, filed = date.fromisoformat(one["end"]), date.fromisoformat(one["filed"])
                amended, number = form.endswith("/A"), str(one["accn"])
                yield Reported(item, taxonomy, rank, unit, start, end, float(one["val"]), filed, number, amended)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ShapeChanged(
            f"A fact of EDGAR for {item} has another shape: {type(error).__name__} at {error}.",
            hint="If the format of companyfacts changed, the adapter must be adapted.",
            provider="edgar",
        ) from error


def _of_taxonomy(tags: Mapping[str, Any], taxonomy: str) -> Iterator[Reported]:
    for item, kind, flows, names in _wanted(taxonomy):
        for rank, name in enumerate(names):
            for one in reported(tags[name], item, taxonomy, rank) if name in tags else ():
                if _unit_kind(one.unit) == kind and (one.start is not None) == flows:
                    yield one


@cache
def _wanted(taxonomy: str) -> tuple[tuple[str, str, bool, tuple[str, ...]], ...]:
    """Item, kind of unit, whether it has a period, and tags."""
    items, source = table(), TAXONOMIES[taxonomy]
    tags = items.by(source)
    return tuple((name, items[name].unit, items[name].kind != "instant", tuple(tags[name])) for name in tags)


def _unit_kind(unit: str) -> str:
    if unit == "shares":
        return "shares"
    currency, _, per = unit.partition("/")
    if len(currency) != 3 or not currency.isupper() or per not in ("", "shares"):
        return "other"
    return "per_share" if per else "money"


def _parts_last(found: list[Reported]) -> list[Reported]:
    """Revenue from contracts as the last choice, from the first filing on that shows it beside larger revenues.

    Banks, insurers and lessors tag it, and it is a small part of what they earn.
    """
    revenues = [one for one in found if one.item == "revenue" and one.taxonomy == "us-gaap"]
    whole = {(one.filing_id, one.start, one.end, one.unit): one.value for one in revenues if one.rank == _ALL}
    contracts = [one for one in revenues if one.rank == _CONTRACTS]
    smaller = [
        one.order
        for one in contracts
        if one.value < whole.get((one.filing_id, one.start, one.end, one.unit), one.value)
    ]
    if not smaller:
        return found
    since, of_contracts = min(smaller), set(map(id, contracts))
    return [replace(one, rank=_PART) if id(one) in of_contracts and one.order >= since else one for one in found]


def _reporting_currency(found: list[Reported]) -> dict[str, str]:
    """Currency of most facts of each filing: others are translations for the reader's convenience."""
    counts: dict[str, Counter[str]] = {}
    for one in found:
        counter = counts.setdefault(one.filing_id, Counter())
        if one.currency is not None:
            counter[one.currency] += 1
    return {filing: max(sorted(count), key=count.__getitem__, default="") for filing, count in counts.items()}
