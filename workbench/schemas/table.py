"""What the declaration of a table says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT, REAL, WHOLE, DAY = pl.String(), pl.Float64(), pl.Int64(), pl.Date()
INSTANT = pl.Datetime("us", "UTC")
YEARLY = ("region", "year")


@dataclass(frozen=True)
class Table:
    """One table of the lake.

    Attributes
    ----------
    name : str
        Name in SQL and the folder below the lake's root.
    columns : mapping of str to polars data type
        Every column in order, the key first. Partition column ``year`` is derived from ``date_column``
        and is not listed.
    key : tuple of str
        Columns that identify a row.
    partition : tuple of str
        Partition folders, outermost first.
    date_column : str or None
        The column a publish is bounded by and ``year`` is taken from.
    required : tuple of str
        Further columns that may not be null.
    values : mapping of str to tuple of str
        The only values that some columns may hold: readers look for exactly these, and would pass by another.
    keeps_revisions : bool
        Whether a changed row is noted in ``revisions``; not where change is all the table is for.
    """

    name: str
    columns: Mapping[str, pl.DataType]
    key: tuple[str, ...]
    partition: tuple[str, ...] = ("region",)
    date_column: str | None = None
    required: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keeps_revisions: bool = True

    @property
    def by_region(self) -> bool:
        """True where rows belong to one region."""
        return "region" in self.partition

    def empty(self) -> pl.DataFrame:
        """A frame of the table's columns without rows."""
        return pl.DataFrame(schema=dict(self.columns))
