"""Reads the dated tables: every row a fact with the days on which it holds and its source.

``valid_from`` and ``valid_to`` are trading days, both included; an empty ``valid_to`` means "still".
An empty ``board`` holds for every board of the region that has no row of its own. ``confirmed`` says
whether value *and* first day rest on a source that was read (``yes``) or on knowledge that still
needs one (``no``).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from workbench.errors import DataError
from workbench.markets.record import check_board, get

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Fact:
    """One row of a dated table.

    Attributes
    ----------
    region, board : str
        Where it holds; an empty board is every board without a row of its own.
    valid_from : date
        First trading day.
    valid_to : date or None
        Last trading day, None while it still holds.
    source : str
        Who says so.
    confirmed : bool
        False where the source was not read or the row is an assumption.
    fields : mapping of str to str
        The table's own columns as text.
    """

    region: str
    board: str
    valid_from: date
    valid_to: date | None
    source: str
    confirmed: bool
    fields: Mapping[str, str]

    def holds(self, day: date) -> bool:
        """True on the days of the row, first and last included."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def read(table: str) -> list[dict[str, str]]:
    """The rows of ``tables/<table>.csv`` as text, in the order of the file."""
    text = files("workbench.markets").joinpath("tables", f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def facts(table: str) -> tuple[Fact, ...]:
    """All rows of a dated table."""
    return tuple(_fact(row) for row in read(table))


def _fact(row: dict[str, str]) -> Fact:
    shared = {"region", "board", "valid_from", "valid_to", "source", "confirmed"}
    return Fact(
        region=row["region"],
        board=row.get("board", ""),
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
        source=row["source"],
        confirmed=row["confirmed"] == "yes",
        fields={name: value for name, value in row.items() if name not in shared},
    )


def lookup(table: str, region: str, day: date, board: str | None = None, **match: str) -> tuple[Fact, ...]:
    """The rows that hold on a day.

    Parameters
    ----------
    table : str
        Name of the table, without ``.csv``.
    region, board : str
        The board's own rows come first; rows without a board hold where it has none.
    day : date
        Exchange-local trading day.
    **match
        Columns that must have this text.

    Raises
    ------
    DataError
        When no row holds: the table starts later, or ends earlier.
    """
    return _lookup(table, get(region).region, day, check_board(region, board), tuple(sorted(match.items())))


def next_change(table: str, region: str, day: date, board: str | None = None, **match: str) -> date | None:
    """First day after ``day`` on which a further row begins to hold; None where none is known.

    Takes the arguments of :func:`lookup`. A row that begins while others go on changes their sum.
    """
    matched = tuple(sorted(match.items()))
    candidates = _candidates(table, get(region).region, check_board(region, board), matched)
    return min((fact.valid_from for fact in candidates if fact.valid_from > day), default=None)


@cache
def _candidates(table: str, region: str, board: str, match: tuple[tuple[str, str], ...]) -> tuple[Fact, ...]:
    rows = [
        fact
        for fact in facts(table)
        if fact.region == region and all(fact.fields[column] == text for column, text in match)
    ]
    own = tuple(fact for fact in rows if fact.board == board)
    return own or tuple(fact for fact in rows if not fact.board)


@cache
def _lookup(table: str, region: str, day: date, board: str, match: tuple[tuple[str, str], ...]) -> tuple[Fact, ...]:
    candidates = _candidates(table, region, board, match)
    found = tuple(fact for fact in candidates if fact.holds(day))
    if found:
        return found
    what = " ".join(text for _, text in match) or table.replace("_", " ")
    raise DataError(
        f"No {what} of {region} ({board}) is known for {day}: {_bounds(candidates)}.",
        hint=f"Ask for a day inside, or add a row with its source to workbench/markets/tables/{table}.csv.",
        region=region,
        board=board,
        day=day,
    )


def _bounds(candidates: tuple[Fact, ...]) -> str:
    if not candidates:
        return "the table has no row for it"
    first = min(fact.valid_from for fact in candidates)
    open_end = any(fact.valid_to is None for fact in candidates)
    last = max((fact.valid_to for fact in candidates if fact.valid_to), default=None)
    return f"the table starts on {first}" if open_end else f"the table covers {first} to {last}"
