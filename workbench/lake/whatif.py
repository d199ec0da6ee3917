"""The lake as it might have been: the same tables, with what was not known at a moment cut off, scrambled or revised.

Nothing is copied. A what-if lake reads the files of one snapshot through SQL that alters the rows after the
moment (or, to see whether a result depends on them at all, the rows up to it). Rows that were known are
handed on as they are, to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from itertools import count
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from workbench import markets
from workbench.errors import ConfigError, LakeError
from workbench.lake import alterations, altering, tables
from workbench.schemas import TABLES
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb

    from workbench.lake.store import Lake

_EARLIEST_OPEN, _LATEST_CLOSE = clock(8), clock(17, 30)
#: How the rows after the moment are altered. ``as it is`` alters none, ``shifted`` scrambles only what comes on
#: the moment's own date (bars of regions that close later, fixes of exchange rates after it), and ``past``
#: scrambles the rows that were known instead.
KINDS = ("as it is", "cut off", "scrambled", "revised", "shifted", "past")


@dataclass(frozen=True)
class Moment:
    """The close of a region on a day, and what of each region was known then.

    Attributes
    ----------
    region : str
        Whose close it is.
    day : date
        A session of that region.
    instant : datetime
        The close (UTC).
    known : mapping of str to date
        Last day of each region whose rows were known: ``day`` where its market had closed before the instant,
        else the day before.
    """

    region: str
    day: date
    instant: datetime
    known: Mapping[str, date]


def close_of(region: str, day: date) -> Moment:
    """The moment at which ``region`` closed on ``day``.

    Raises
    ------
    ConfigError
        If the day is no session of the region.
    """
    if not markets.is_session(region, day):
        raise ConfigError(f"{day} is no session of {region}.", hint="Name a day on which the market was open.")
    instant = markets.close_time(region, day).astimezone(UTC)
    known = {other: _known(other, region, day, instant) for other in REGIONS}
    return Moment(region, day, instant, known)


def _known(other: str, region: str, day: date, instant: datetime) -> date:
    before = day - timedelta(days=1)
    if other == region:
        return day
    # No market opens before eight or closes after half past five: calendars, slow to load, are asked in between.
    zone = ZoneInfo(markets.get(other).timezone)
    if datetime.combine(day, _EARLIEST_OPEN, zone) >= instant:
        return before
    if datetime.combine(day, _LATEST_CLOSE, zone) < instant:
        return day
    if not markets.first_known(other) <= day <= markets.last_known(other) or not markets.is_session(other, day):
        return before
    return day if markets.close_time(other, day).astimezone(UTC) < instant else before


@dataclass(frozen=True)
class Alteration:
    """How a what-if lake differs from the lake.

    Attributes
    ----------
    kind : str
        One of :data:`KINDS`.
    moment : Moment or None
        What separates the known rows from the others; None only for ``as it is``.
    seed : int
        Of the pseudo-random values.
    only : tuple of str
        Inputs that are altered, of :data:`workbench.lake.altering.INPUTS`, or ``fundamentals.<item>`` for one
        item; empty for all.
    keep : mapping of str to tuple of str
        Codes that the lake has, by region; regions that are not named keep all of theirs.
    gaps : tuple of date
        Days on which about one code in seven has no bar.
    """

    kind: str = "as it is"
    moment: Moment | None = None
    seed: int = 0
    only: tuple[str, ...] = ()
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gaps: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"A lake cannot be altered by {self.kind!r}.", hint=f"Use one of {', '.join(KINDS)}.")
        if self.moment is None and self.kind != "as it is":
            raise ConfigError(f"A lake that is {self.kind} needs a moment.", hint="Name a date and a region.")
        items = tuple(name for name in self.only if name.startswith("fundamentals."))
        unknown = sorted({*self.only} - {*altering.INPUTS, *items})
        if unknown:
            raise ConfigError(
                f"There is no input {unknown[0]!r} to alter.", hint=f"Use some of {', '.join(altering.INPUTS)}."
            )

    def select(self, name: str, stored: Callable[[str], str]) -> str:
        """The SELECT of a table in this lake.

        Parameters
        ----------
        name : str
            Of the table.
        stored : callable
            Gives the SELECT of a table as it is stored.
        """
        if name not in altering.KNOWN:
            # Results that were stored earlier are no inputs: they may hold what is to be proven.
            return f"SELECT * FROM ({stored(name)}) WHERE false"

        def kept(other: str) -> str:
            columns = TABLES[other].columns
            some = altering.kept(stored(other), self.keep if {"region", "ticker"} <= columns.keys() else {})
            return altering.without(some, self.gaps) if other == "ohlcv" and self.gaps else some

        if self.moment is None or self.kind == "as it is":
            return kept(name)
        rule = altering.Rule(self.kind, self.moment, self.seed, self.only)
        return alterations.altered(name, kept(name), rule, kept)

    @property
    def label(self) -> str:
        """Kind and moment in words."""
        if self.moment is None:
            return self.kind
        return f"{self.kind} at the close of {self.moment.region} on {self.moment.day}"


class Held:
    """The inputs of a lake in memory, so that many worlds of the same few codes read no file again.

    Parameters
    ----------
    lake : Lake
        A what-if lake: its codes and gaps are held, and altered further by each world.
    """

    def __init__(self, lake: Lake) -> None:
        import duckdb

        from workbench.lake import sql

        self._connection = duckdb.connect()
        self._worlds = count()
        for setting in sql.SETTINGS:
            self._connection.execute(f"SET GLOBAL {setting}")
        self._connection.execute("CREATE SCHEMA held")
        for name in altering.KNOWN:
            with sql.reading(lake, [name]) as cursor:
                rows = cursor.execute(f"SELECT * FROM {name}").to_arrow_table()
            self._connection.register("rows", rows)
            ordered = ", ".join(f'"{column}"' for column in TABLES[name].key)
            self._connection.execute(f"CREATE TABLE held.{name} AS SELECT * FROM rows ORDER BY {ordered}")
            self._connection.unregister("rows")

    def select(self, name: str) -> str:
        """The SELECT of a table; empty for one that is not held."""
        return f"SELECT * FROM held.{name}" if name in altering.KNOWN else ""

    def world(self) -> tuple[duckdb.DuckDBPyConnection, str]:
        """A connection, and the name of a new schema for the views of one world."""
        schema = f"world_{next(self._worlds)}"
        connection = self._connection.cursor()
        connection.execute(f"CREATE SCHEMA {schema}")
        connection.execute(f"USE {schema}")
        return connection, schema


def what_if(lake: Lake, alteration: Alteration, held: Held | None = None) -> Lake:
    """The lake, read-only, at its present snapshot and altered; see ``Lake.what_if``."""
    from workbench.lake.store import Lake

    altered = Lake(lake.root, pinned=lake.snapshot(), read_only=True)
    altered.altered, altered.held = alteration, held
    return altered


def refuse(lake: Lake, what: str) -> None:
    """Refuse what would go round the alteration."""
    if lake.altered is not None:
        raise LakeError(
            f"{lake!r} is a lake as it might have been and has no {what}.",
            hint="Read it with lake.sql, lake.read or lake.panel, and write nothing.",
        )


def is_input(name: str) -> bool:
    """Whether a table holds inputs, which a what-if lake shows; results that were stored earlier it does not."""
    return name in altering.KNOWN and not name.startswith(tables.FACTOR_SCORES)
