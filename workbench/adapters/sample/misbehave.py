"""How a provider can fail, on request and by the count of calls: collection is tested on it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from workbench.adapters.sample.dirt import KINDS
from workbench.errors import ConfigError, ShapeChanged, Throttled, Unreachable
from workbench.schemas import TABLES

SHAPES = ("renamed", "missing", "retyped")


@dataclass(frozen=True)
class Misbehaviour:
    """What goes wrong; nothing by default. Calls are counted over all tables of one adapter, from 1.

    Attributes
    ----------
    throttle_first : int
        So many first calls raise Throttled.
    throttle_every : int
        Every so many calls one raises Throttled; 0 for never.
    time_out_every : int
        Every so many calls one raises Unreachable; 0 for never.
    down : frozenset of str
        Regions that never answer (Unreachable).
    truncate_rows : int or None
        Bars in one answer are cut after so many rows, without a word, as row caps of providers do.
    change_shape : str or None
        ``renamed`` (a column has another name), ``missing`` (it is gone) or ``retyped`` (its numbers
        come as text): the adapter then raises ShapeChanged.
    change_shape_after : int
        So many calls are answered in the old shape first.
    dirty : frozenset of str
        Kinds of bad rows among the bars, see :data:`workbench.adapters.sample.dirt.KINDS`.

    Raises
    ------
    ConfigError
        On an unknown shape or kind, a negative number, or a row cap below 1.
    """

    throttle_first: int = 0
    throttle_every: int = 0
    time_out_every: int = 0
    down: frozenset[str] = frozenset()
    truncate_rows: int | None = None
    change_shape: str | None = None
    change_shape_after: int = 0
    dirty: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        counts = (self.throttle_first, self.throttle_every, self.time_out_every, self.change_shape_after)
        if min(counts) < 0 or (self.truncate_rows is not None and self.truncate_rows < 1):
            raise ConfigError("A misbehaviour counts calls and rows.", hint="Give 0 or a positive integer.")
        if self.change_shape is not None and self.change_shape not in SHAPES:
            raise ConfigError(f"No shape {self.change_shape!r}.", hint=f"Choose one of {', '.join(SHAPES)}.")
        unknown = sorted(set(self.dirty) - set(KINDS))
        if unknown:
            raise ConfigError(f"No kind of dirty row {unknown[0]!r}.", hint=f"Choose among {', '.join(KINDS)}.")

    def before(self, call: int, region: str) -> None:
        """Fail instead of answering call number ``call``.

        Raises
        ------
        Throttled, Unreachable
        """
        if region in self.down:
            raise Unreachable(f"sample: {region} does not answer.", hint="Try again later.", region=region)
        if call <= self.throttle_first or (self.throttle_every and call % self.throttle_every == 0):
            raise Throttled(f"sample: too many calls, call {call} was refused.", hint="Wait, then ask again.")
        if self.time_out_every and call % self.time_out_every == 0:
            raise Unreachable(f"sample: call {call} got no answer in time.", hint="Try again later.")

    def body(self, table: str, frame: pl.DataFrame, call: int) -> pl.DataFrame:
        """The body of an answer as it arrives: maybe cut short, maybe in another shape."""
        if table == "ohlcv" and self.truncate_rows is not None:
            frame = frame.head(self.truncate_rows)
        if self.change_shape is None or call <= self.change_shape_after:
            return frame
        column = next(name for name, dtype in TABLES[table].columns.items() if dtype.is_float() or name == "value")
        if self.change_shape == "renamed":
            return frame.rename({column: f"{column}_value"})
        if self.change_shape == "missing":
            return frame.drop(column)
        other = pl.Categorical() if frame.schema[column] == pl.String else pl.String()
        return frame.with_columns(pl.col(column).cast(other))


def check_shape(table: str, body: pl.DataFrame) -> pl.DataFrame:
    """The body, when it has exactly the columns and types the table asks for.

    Raises
    ------
    ShapeChanged
        Naming the columns that are missing, new or of another type.
    """
    wanted = dict(TABLES[table].columns)
    got = dict(body.schema)
    if got == wanted:
        return body
    missing = [name for name in wanted if name not in got]
    new = [name for name in got if name not in wanted]
    retyped = [f"{name} is {got[name]}" for name in wanted if name in got and got[name] != wanted[name]]
    parts = (("missing", missing), ("new", new), ("retyped", retyped))
    told = "; ".join(f"{label}: {', '.join(names)}" for label, names in parts if names)
    raise ShapeChanged(
        f"sample: {table} arrived in another shape ({told}).",
        hint="Compare the provider's body with the adapter and adapt the mapping.",
        table=table,
        missing=missing,
        new=new,
    )
