"""Signals of a market: scores of 0 to 100, what they say, and what they are made of."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from workbench.errors import DataError
from workbench.factors import transforms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    import polars as pl
    from numpy.typing import NDArray

    from workbench.factors.scores import Labels
    from workbench.signals.rules import SignalRules

    Array = NDArray[np.float64]

#: What a signal can say, by its code; 0 is no signal.
CALLS = ("", "AVOID", "WATCH", "BUY")
AVOID, WATCH, BUY = 1, 2, 3
#: Scores and their parts are whole numbers of this unit, so that parts add up to the score.
UNIT = 1e-4
#: Rows that are taken apart at once.
_BLOCK = 128

Points = dict[str, dict[str, "Array"]]


class Explanation(Protocol):
    """Takes scores apart."""

    def points(self, rows: slice) -> Points:
        """Points by layer and component of some rows, each (rows, N); NaN where the component is missing."""
        ...


@dataclass(frozen=True, eq=False)
class Signals:
    """Scores of 0 to 100 by date and ticker, and the signals they give.

    Attributes
    ----------
    name : str
        The factor set, or ``layered``: column ``set`` of the table ``signals``.
    labels : Labels
        Dates, tickers and regions.
    score : (T, N) array
        0 to 100 in steps of 0.0001; NaN where there is none, and on dates that are no session of the region.
    confidence : (T, N) array
        Share of the region's other scored names on the date that stand below, ties counted half: 0 to 1; NaN on
        dates with fewer than ``rules.min_names`` scored names.
    rules : SignalRules
        Thresholds and weights.
    explanation : Explanation
        Takes the scores apart.
    layers : mapping of str to mapping of str to (T, N) or (T, 1) array
        Components of 0 to 100 before they are weighted; those of ``regime`` stand for all stocks of a region
        (key ``regime:KR``). Empty for a factor set.
    notes : tuple of str
        What a reader must know.

    Notes
    -----
    Timing: row t is known at the close of the column's region on t and can be traded on its next session.
    """

    name: str
    labels: Labels
    score: Array
    confidence: Array
    rules: SignalRules
    explanation: Explanation
    layers: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Signals({self.name!r}, {self.labels!r})"

    @property
    def calls(self) -> NDArray[np.int8]:
        """Code of each signal, (T, N): 0 none, 1 AVOID, 2 WATCH, 3 BUY."""
        return classify(self.score, self.labels, self.rules)

    def latest(self) -> pl.DataFrame:
        """The last scored session of each region, best first: the columns of :meth:`to_polars`."""
        import polars as pl

        lasts = []
        for region in self.labels.region_names():
            columns = self.labels.columns(region)
            rows = np.flatnonzero((~np.isnan(self.score[:, columns])).any(axis=1))
            if len(rows):
                block = slice(int(rows[-1]), int(rows[-1]) + 1)
                lasts.append(self._block(block).filter(pl.col("region") == region))
        ordered = [one.sort(["score", "ticker"], descending=[True, False]) for one in lasts]
        return pl.concat(ordered) if ordered else self._block(slice(0, 0))

    def to_polars(self, start: date | None = None, end: date | None = None) -> pl.DataFrame:
        """Long form: region, ticker (``KR:005930``), date, set, score, signal, confidence, layers.

        ``layers`` is JSON, layer to component to points, and all points of a row add up to its score; what is
        missing has no entry.
        """
        import polars as pl

        blocks = list(self.blocks(start, end))
        return pl.concat(blocks) if blocks else self._block(slice(0, 0))

    def blocks(self, start: date | None = None, end: date | None = None) -> Iterator[pl.DataFrame]:
        """The long form, a stretch of dates at a time."""
        first = 0 if start is None else int(np.searchsorted(self.labels.dates, np.datetime64(start, "D")))
        last = len(self.score)
        if end is not None:
            last = int(np.searchsorted(self.labels.dates, np.datetime64(end, "D"), side="right"))
        for row in range(first, last, _BLOCK):
            yield self._block(slice(row, min(row + _BLOCK, last)))

    def history(self) -> pl.DataFrame:
        """How many names of each region have which signal on each date: region, date, buy, watch, avoid, scored."""
        import polars as pl

        codes = self.calls
        parts = []
        for region in self.labels.region_names():
            own = codes[:, self.labels.columns(region)]
            counts = {name.lower(): (own == code).sum(axis=1) for code, name in enumerate(CALLS) if code}
            frame = pl.DataFrame({"date": self.labels.dates, **counts}).with_columns(
                pl.lit(region).alias("region"), pl.sum_horizontal(*counts).alias("scored")
            )
            parts.append(frame.filter(pl.col("scored") > 0))
        return pl.concat(parts).select("region", "date", "buy", "watch", "avoid", "scored")

    def apart(self, ticker: str, day: str | date | np.datetime64) -> pl.DataFrame:
        """One score taken apart: layer, component, value (0 to 100 before weights, where it is one), points.

        Raises
        ------
        DataError
            The ticker or the date is not there, or there is no score.
        """
        import polars as pl

        asked = np.array([day], "datetime64[D]")[0]
        row = int(np.searchsorted(self.labels.dates, asked))
        if ticker not in self.labels.tickers or not self._has(row, asked):
            raise DataError(f"There is no score of {ticker} on {day}.", hint="Look at to_polars() for what is there.")
        column = self.labels.tickers.index(ticker)
        if np.isnan(self.score[row, column]):
            raise DataError(f"{ticker} has no score on {day}.", hint="It did not trade, or has too little history.")
        whole = whole_units(self.explanation.points(slice(row, row + 1)), self.score[row : row + 1])
        rows = [
            (layer, name, self._value(layer, name, row, column), float(values[0, column]))
            for layer, parts in whole.items()
            for name, values in parts.items()
            if not np.isnan(values[0, column])
        ]
        schema = {"layer": pl.String, "component": pl.String, "value": pl.Float64, "points": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _has(self, row: int, day: np.datetime64) -> bool:
        return row < len(self.labels.dates) and bool(self.labels.dates[row] == day)

    def _value(self, layer: str, name: str, row: int, column: int) -> float | None:
        for key in (layer, f"{layer}:{self.labels.regions[column]}"):
            if key in self.layers:
                values = self.layers[key][name]
                return float(values[row, 0 if values.shape[1] == 1 else column])
        return None

    def _block(self, rows: slice) -> pl.DataFrame:
        import polars as pl

        score = self.score[rows]
        whole = whole_units(self.explanation.points(rows), score)
        place, column = np.nonzero(~np.isnan(score))
        cells = (place, column)
        codes = classify(score, self.labels, self.rules)[cells]
        frame = pl.DataFrame(
            {
                "region": pl.Series(self.labels.regions, dtype=pl.String)[column],
                "ticker": pl.Series(self.labels.tickers, dtype=pl.String)[column],
                "date": self.labels.dates[rows][place].astype("datetime64[D]"),
                "score": score[cells],
                "signal": pl.Series(CALLS, dtype=pl.String)[codes.astype(np.int64)],
                "confidence": self.confidence[rows][cells],
                "layers": _json(whole, cells),
            },
            schema_overrides={"date": pl.Date},
        )
        return frame.with_columns(pl.col("confidence").fill_nan(None), pl.lit(self.name).alias("set")).select(
            "region", "ticker", "date", "set", "score", "signal", "confidence", "layers"
        )


def by_layer(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of signals with the points of each layer, or family of factors, as columns of their own.

    Parameters
    ----------
    frame : polars.DataFrame
        Of :meth:`Signals.latest` or :meth:`Signals.to_polars`, or of the table ``signals``.

    Returns
    -------
    polars.DataFrame
        The same rows without ``set`` and ``layers``; the added columns sum to ``score``, null where a layer is
        missing.
    """
    import polars as pl

    apart = [{layer: sum(parts.values()) for layer, parts in json.loads(text).items()} for text in frame["layers"]]
    names = list(dict.fromkeys(name for one in apart for name in one))
    columns = [pl.Series(name, [one.get(name) for one in apart], dtype=pl.Float64) for name in names]
    return frame.drop("set", "layers").with_columns(columns)


def classify(score: Array, labels: Labels, rules: SignalRules) -> NDArray[np.int8]:
    """Codes of signals from scores, by each region's thresholds."""
    codes = np.zeros(score.shape, np.int8)
    for region in labels.region_names():
        columns, bounds = labels.columns(region), rules.of(region)
        own = score[:, columns]
        found = np.where(own >= bounds.buy, BUY, np.where(own >= bounds.watch, WATCH, AVOID))
        codes[:, columns] = np.where(np.isnan(own), 0, found)
    return codes


def in_units(score: Array) -> Array:
    """Scores in whole steps of 0.0001."""
    return np.rint(score / UNIT) * UNIT


def confidence(score: Array, labels: Labels, min_names: int) -> Array:
    """Standing of each score among its region's on the date, 0 to 1."""
    result = np.full(score.shape, np.nan)
    for region in labels.region_names():
        columns = labels.columns(region)
        result[:, columns] = transforms.percentile(score[:, columns], min_names)
    return result


def whole_units(points: Points, score: Array) -> Points:
    """Points in whole units that add up to the score: the running sum is rounded, and the last part closes it."""
    target = np.rint(score / UNIT)
    total, done = np.zeros(score.shape), np.zeros(score.shape)
    rounded: Points = {}
    parts = [(layer, name, values) for layer, named in points.items() for name, values in named.items()]
    last = np.full(score.shape, -1)
    for number, (_, _, values) in enumerate(parts):
        last = np.where(np.isnan(values), last, number)
    for number, (layer, name, values) in enumerate(parts):
        there = ~np.isnan(values)
        total += np.where(there, values, 0.0)
        upto = np.where(last == number, target, np.rint(total / UNIT))
        rounded.setdefault(layer, {})[name] = np.where(there, np.rint(upto - done) / 10_000.0, np.nan)
        done = np.where(there, upto, done)
    return rounded


def _json(points: Points, cells: tuple[NDArray[np.intp], NDArray[np.intp]]) -> pl.Series:
    """Points of some cells as JSON, without what is missing."""
    import polars as pl

    if not points:
        return pl.Series(["{}"] * len(cells[0]), dtype=pl.String)
    layers = []
    for layer, named in points.items():
        fields = [pl.Series(name, values[cells]).fill_nan(None) for name, values in named.items()]
        layers.append(pl.DataFrame(fields).to_struct(layer))
    text = pl.DataFrame(layers).to_struct("layers").struct.json_encode()
    for empty in (r'"[a-z0-9_]+":null,?', r'"[a-z0-9_]+":\{\},?'):
        text = text.str.replace_all(empty, "").str.replace_all(",}", "}", literal=True)
    return text
