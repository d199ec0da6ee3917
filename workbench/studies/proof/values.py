"""What a target gives back, as named arrays with labels, and how two of them are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import markets
from workbench.errors import ConfigError, DataError
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from workbench.lake.whatif import Moment

    Floats = NDArray[np.float64]
    Days = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Grid:
    """Values of one name.

    Attributes
    ----------
    name : str
        Of a factor, or of what a function gave it.
    dates : (T,) datetime64[D]
        Rising.
    tickers : tuple of str, length N
        ``KR:005930``; a label without a region belongs to ``region``.
    values : (T, N) array
        NaN where there is none.
    region : str
        Of labels that name none.
    """

    name: str
    dates: Days
    tickers: tuple[str, ...]
    values: Floats
    region: str = ""

    @property
    def regions(self) -> tuple[str, ...]:
        """Region of each column."""
        return tuple(label[:2] if label[2:3] == ":" and label[:2] in REGIONS else self.region for label in self.tickers)

    def on(self, dates: Days, tickers: Sequence[str]) -> Floats:
        """The values on other axes, NaN where this grid has no such row or column."""
        place = {label: number for number, label in enumerate(self.tickers)}
        columns = np.array([place.get(label, -1) for label in tickers], np.intp)
        rows = np.searchsorted(self.dates, dates)
        there = rows < len(self.dates)
        there[there] = self.dates[rows[there]] == dates[there]
        result = np.full((len(dates), len(tickers)), np.nan)
        here = columns >= 0
        result[np.ix_(there, here)] = self.values[np.ix_(rows[there], columns[here])]
        return result


@dataclass(frozen=True)
class Move:
    """How a grid differs from another at or before a moment.

    Attributes
    ----------
    date : date
        The first one that moved.
    ticker : str
        The first one on that date.
    before, after : float
        Its value, NaN where there is none.
    count : int
        Values that moved.
    largest : float
        The largest difference of two numbers.
    """

    date: date
    ticker: str
    before: float
    after: float
    count: int
    largest: float


def compare(honest: Grid, other: Grid, moment: Moment, *, held: bool = False, tolerance: float = 0.0) -> Move | None:
    """What moved among the values that stood at a moment; None where nothing did.

    Parameters
    ----------
    honest, other : Grid
        Of the lake as it is, and of an altered one.
    moment : Moment
        Rows of each region up to its last known day are compared.
    held : bool
        The value of a date is held during it, so that it was decided on the session before: the session after
        the last known day is compared too, where the other grid has it.
    tolerance : float
        Relative difference that is none; 0.0 compares bits.
    """
    owners = dict(zip(other.tickers, other.regions, strict=True)) | dict(
        zip(honest.tickers, honest.regions, strict=True)
    )
    tickers = (*honest.tickers, *(label for label in owners if label not in set(honest.tickers)))
    regions = tuple(owners[label] for label in tickers)
    first, second = honest.on(honest.dates, tickers), other.on(honest.dates, tickers)
    stood = stands(honest.dates, regions, moment)
    if held:
        following = stands(honest.dates, regions, moment, held=True)
        stood |= following & np.isin(honest.dates, other.dates)[:, None]
    moved = stood & ~_same(first, second, tolerance)
    if not moved.any():
        return None
    row = int(np.flatnonzero(moved.any(axis=1))[0])
    column = int(np.flatnonzero(moved[row])[0])
    with np.errstate(invalid="ignore"):
        apart = np.abs(first - second)[moved]
    largest = float(np.nanmax(apart)) if not np.isnan(apart).all() else float("nan")
    return Move(
        honest.dates[row].item(),
        tickers[column],
        float(first[row, column]),
        float(second[row, column]),
        int(moved.sum()),
        largest,
    )


def stands(dates: Days, regions: Sequence[str], moment: Moment, *, held: bool = False) -> NDArray[np.bool_]:
    """Cells that stood at a moment, bool (T, N)."""
    last = {}
    for region in {*regions}:
        day = moment.known.get(region, moment.day)
        last[region] = markets.next_session(region, day) if held and region in moment.known else day
    limits = np.array([last[region] for region in regions], "datetime64[D]")
    flags: NDArray[np.bool_] = dates[:, None] <= limits[None, :]
    return flags


def _same(first: Floats, second: Floats, tolerance: float) -> NDArray[np.bool_]:
    equal: NDArray[np.bool_] = (first == second) | (np.isnan(first) & np.isnan(second))
    if tolerance:
        with np.errstate(invalid="ignore"):
            equal |= np.abs(first - second) <= tolerance * np.fmax(np.abs(first), np.abs(second))
    return equal


def grids(found: Any, name: str, regions: Sequence[str]) -> list[Grid]:
    """Named arrays of whatever a target gave back.

    Parameters
    ----------
    found : Scores, Score, Signals, Targets, frame or mapping
        A frame (polars or pandas) has the columns ``date`` and ``ticker`` (and ``region`` where codes do not say
        it), and one or more columns of numbers; a mapping has one of these a name.

    Raises
    ------
    ConfigError
        Anything else.
    """
    region = regions[0] if len(regions) == 1 else ""
    if isinstance(found, dict):
        return [grid for key, one in found.items() for grid in grids(one, str(key), regions)]
    if hasattr(found, "labels") and hasattr(found, "raw"):
        both = [("", found.values), ("raw ", found.raw)]
        return [_labelled(f"{prefix}{key}", one, found.labels) for prefix, named in both for key, one in named.items()]
    if hasattr(found, "labels") and hasattr(found, "confidence"):
        return [_labelled(f"{name} {part}", getattr(found, part), found.labels) for part in ("score", "confidence")]
    if hasattr(found, "labels") and hasattr(found, "values"):
        return [_labelled(name, found.values, found.labels)]
    if hasattr(found, "weights") and hasattr(found, "tickers"):
        # Nothing is held of a stock that is not listed yet, whether or not it has a column.
        held = np.where(found.weights == 0.0, np.nan, found.weights)
        return [Grid(name, np.asarray(found.dates), tuple(found.tickers), held, region)]
    if hasattr(found, "columns") and {"date", "ticker"} <= set(found.columns):
        return _of_frame(found, name, region)
    raise ConfigError(
        f"{name} gave back a {type(found).__name__}, which cannot be compared.",
        hint="Return scores, targets, or a frame with the columns date, ticker and value.",
    )


def _labelled(name: str, values: Any, labels: Any) -> Grid:
    return Grid(name, np.asarray(labels.dates), tuple(labels.tickers), np.asarray(values, dtype=np.float64))


def _of_frame(found: Any, name: str, region: str) -> list[Grid]:
    import polars as pl

    frame = found if isinstance(found, pl.DataFrame) else pl.from_pandas(found)
    frame = frame.with_columns(pl.col("date").cast(pl.Date), pl.col("ticker").cast(pl.String))
    if "region" in frame.columns:
        bare = ~pl.col("ticker").str.contains(":", literal=True)
        label = pl.concat_str("region", "ticker", separator=":")
        frame = frame.with_columns(pl.when(bare).then(label).otherwise("ticker").alias("ticker")).drop("region")
    numbers = [key for key, kind in frame.schema.items() if kind.is_numeric() or kind == pl.Boolean]
    if not numbers:
        raise ConfigError(f"The frame of {name} has no column of numbers.", hint="Name it value.")
    if frame.select("date", "ticker").is_duplicated().any():
        raise DataError(f"The frame of {name} has a date and ticker twice.", hint="Give one row for each.")
    dates = frame["date"].unique().sort()
    tickers = frame["ticker"].unique().sort()
    rows = dates.search_sorted(frame["date"]).to_numpy()
    columns = tickers.search_sorted(frame["ticker"]).to_numpy()
    made = []
    for key in numbers:
        values = np.full((len(dates), len(tickers)), np.nan)
        values[rows, columns] = frame[key].cast(pl.Float64).to_numpy()
        title = name if key in ("value", "score", "weight") else f"{name} {key}"
        made.append(Grid(title, dates.to_numpy().astype("datetime64[D]"), tuple(tickers), values, region))
    return made


def by_name(found: Sequence[Grid]) -> Mapping[str, Grid]:
    """Grids by their names."""
    return {grid.name: grid for grid in found}
