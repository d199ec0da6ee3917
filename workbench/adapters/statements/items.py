"""The one table of items: what each is, and under which names each source reports it (``items.csv``)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from workbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Columns of ``items.csv`` that hold names of a source, several separated by ``|``, the best first.
SOURCES = ("us_gaap", "ifrs", "dart_id", "dart_name", "yahoo", "akshare")


@dataclass(frozen=True)
class Item:
    """One row of the table.

    Attributes
    ----------
    name : str
        As in the column ``item`` of ``fundamentals``.
    statement : str
        ``income``, ``balance``, ``cash`` or ``share``.
    kind : str
        ``flow`` (adds up over a year), ``instant``, ``per_share`` (a flow per share) or ``average`` (of a
        period, does not add up).
    unit : str
        ``money``, ``per_share`` or ``shares``.
    positive : bool
        Stored without its sign: money spent, where sources differ in how they write it.
    derived : str
        How it follows from other items of the same filing where the source does not report it:
        alternatives separated by ``|``; a term that ends in ``?`` may be missing. Empty where it does not.
    tags : mapping of str to tuple of str
        Names by source, the best first.
    """

    name: str
    statement: str
    kind: str
    unit: str
    positive: bool
    derived: str
    tags: Mapping[str, tuple[str, ...]]


class Items(dict[str, Item]):
    """The table, by name of the item, in the order of the file."""

    def by(self, source: str) -> dict[str, list[str]]:
        """Names of a source by item, in the order they are tried; items without one are left out.

        Raises
        ------
        ConfigError
            On a source that is no column.
        """
        if source not in SOURCES:
            raise ConfigError(f"items.csv has no column {source!r}.", hint=f"Use one of {', '.join(SOURCES)}.")
        return {name: list(item.tags[source]) for name, item in self.items() if item.tags[source]}


@cache
def table() -> Items:
    """The table, read once a process."""
    text = resources.files("workbench.adapters.statements").joinpath("items.csv").read_text("utf-8")
    return Items((row["item"], _item(row)) for row in csv.DictReader(text.splitlines()))


def _item(row: dict[str, str]) -> Item:
    tags = {source: tuple(name.strip() for name in row[source].split("|") if name.strip()) for source in SOURCES}
    return Item(
        row["item"], row["statement"], row["kind"], row["unit"], row["positive"] == "yes", row["derived"].strip(), tags
    )
