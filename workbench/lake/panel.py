"""The panel: dense, read-only arrays of dates by tickers, as the market could know them.

Row t holds what was known at the close of ``dates[t]`` of the column's market. Prices are adjusted
forward: the factors start at 1.0 on each ticker's first bar in the lake, so neither the window that
is asked for nor a later action changes a value, not by a bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import DataError
from workbench.lake.breaks import breaks as find_breaks
from workbench.lake.carried import Before, carried_close
from workbench.lake.listing import Delisting
from workbench.lake.stepped import Items

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from typing import Any

    import pandas as pd
    import polars as pl
    from numpy.typing import NDArray

    from workbench.lake.listing import Sectors
    from workbench.lake.store import Lake

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Dates = NDArray[np.datetime64]

#: Fields that scale with the price factor, and fields of the bar that do not.
PRICES = ("open", "high", "low", "close")
FIELDS = (*PRICES, "volume", "turnover")
ADJUST = ("none", "split", "total")


@dataclass(frozen=True, eq=False)
class Panel:
    """Prices, factors and items of N columns on T dates.

    Attributes
    ----------
    dates : datetime64[D], shape (T,)
        Union of the regions' sessions, ascending.
    tickers : tuple of str, length N
        ``"KR:005930"``; the second spell of a reused code is ``"KR:005930#2"``.
    bars : mapping of str to float64 (T, N)
        Fields as stored (local currency, not adjusted here), NaN where there is no bar.
    items : mapping of str to float64 (T, N)
        Point-in-time items: the value at t uses filings with ``available_date <= dates[t]``. From a lake they
        are kept as steps, and the array is made when it is read (:class:`workbench.lake.stepped.Items`).
    split_factor, total_factor : float64, shape (T, N)
        Multiply a stored price to get the adjusted one; 1.0 on each column's first bar.
    member : bool, shape (T, N)
        Listed on that day and, with an index as universe, a member of it.
    traded : bool, shape (T, N)
        A bar with volume. On a suspended day the close is the carried one, for valuation only, and
        ``traded`` is False.
    breaks : bool, shape (T, N)
        A bar whose return on the bar before is not to be believed: :func:`workbench.lake.breaks.breaks`.
    adjust : str
        ``"none"``, ``"split"`` or ``"total"``: what ``panel[field]`` is asked to deliver.
    adjusted_kind : tuple of str, length N
        What it delivers, which differs where a provider sells adjusted prices only.
    currency : str or None
        Currency of ``panel["close"]``; None where columns keep different local ones (``currencies``).
    start : int
        First row that was asked for; rows before it are the warm-up.
    issuers : tuple of str or None, length N
        Company behind each column, as the provider of the listing names it.
    depositary_ratio : float64, shape (N,)
        Underlying shares a depositary receipt; 1.0 for every other share.
    index_levels : mapping of str to float64 (T,)
        Level of each region's index on the region's own sessions, NaN without one; a region of which the lake
        has no index is absent.
    earlier : Before
        Closes before the first row, which a suspension that began before the panel carries on.
    """

    dates: Dates
    tickers: tuple[str, ...]
    bars: Mapping[str, Floats]
    items: Mapping[str, Floats] = field(default_factory=dict)
    split_factor: Floats = field(default_factory=lambda: np.empty(0))
    total_factor: Floats = field(default_factory=lambda: np.empty(0))
    member: Flags = field(default_factory=lambda: np.empty(0, bool))
    traded: Flags = field(default_factory=lambda: np.empty(0, bool))
    breaks: Flags = field(default_factory=lambda: np.empty(0, bool))
    adjust: str = "total"
    adjusted_kind: tuple[str, ...] = ()
    currency: str | None = None
    currencies: tuple[str | None, ...] = ()
    rate: Floats | None = None
    sectors_by_date: Sectors | None = None
    delisting: Delisting = field(default_factory=lambda: Delisting.none(0))
    session_rows: Mapping[str, Flags] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    start: int = 0
    issuers: tuple[str | None, ...] = ()
    depositary_ratio: Floats = field(default_factory=lambda: np.empty(0))
    index_levels: Mapping[str, Floats] = field(default_factory=dict)
    earlier: Before = field(default_factory=lambda: Before.none(0))
    _adjusted: dict[str, Floats] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        shape = (len(self.dates), len(self.tickers))
        ones = np.broadcast_to(np.float64(1.0), shape)
        close = self.bars.get("close", ones)
        everyday = dict.fromkeys(dict.fromkeys(self.regions), np.ones(shape[0], bool))
        defaults: dict[str, Any] = {
            "split_factor": ones,
            "total_factor": ones,
            "member": np.ones(shape, bool),
            "traded": np.isfinite(close),
            "adjusted_kind": (self.adjust,) * shape[1],
            "currencies": (self.currency,) * shape[1],
            "delisting": Delisting.none(shape[1]),
            "session_rows": everyday,
            "issuers": (None,) * shape[1],
            "depositary_ratio": np.ones(shape[1]),
            "earlier": Before.none(shape[1]),
        }
        for name, value in defaults.items():
            given = getattr(self, name)
            given = given.date if name == "delisting" else given.day if name == "earlier" else given
            if not len(given) and shape[1] and shape[0]:
                object.__setattr__(self, name, value)
        if not len(self.breaks) and all(shape):
            object.__setattr__(self, "breaks", find_breaks(close * self.total_factor))
        if isinstance(self.items, Items):
            _fits(shape, self.items.shape)
        held = () if isinstance(self.items, Items) else self.items.values()
        for array in (*self.bars.values(), *held, *self._grids()):
            _fits(shape, array.shape)
            array.setflags(write=False)
        self.dates.setflags(write=False)

    def _grids(self) -> tuple[NDArray[Any], ...]:
        grids = (self.split_factor, self.total_factor, self.member, self.traded, self.breaks)
        return grids if self.rate is None else (*grids, self.rate)

    def __repr__(self) -> str:
        span = f"{self.dates[0]} to {self.dates[-1]}" if len(self.dates) else "no dates"
        return f"Panel({len(self.dates)} dates, {len(self.tickers)} tickers, {span}, adjust={self.adjust!r})"

    @property
    def shape(self) -> tuple[int, int]:
        """(T, N)."""
        return len(self.dates), len(self.tickers)

    @property
    def regions(self) -> tuple[str, ...]:
        """Region of each column, length N."""
        return tuple(ticker.split(":", 1)[0] for ticker in self.tickers)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names that ``panel[name]`` knows."""
        return (*self.bars, *self.items)

    def __getitem__(self, name: str) -> Floats:
        """Field or item, shape (T, N): prices adjusted and converted, volume adjusted inversely to splits.

        NaN where there is no bar, or no value known yet. Turnover is money as traded: converted, never
        adjusted. Items keep the currency of their filing.
        """
        if name in self.items:
            return self.items[name]
        if name not in self._adjusted:
            values = self._adjust(name, self.raw(name))
            values.setflags(write=False)
            self._adjusted[name] = values
        return self._adjusted[name]

    def _adjust(self, name: str, values: Floats) -> Floats:
        factor = {"none": None, "split": self.split_factor, "total": self.total_factor}[self.adjust]
        if name in PRICES and factor is not None:
            values = values * factor
        if name == "volume" and self.adjust != "none":
            values = values / self.split_factor
        if name != "volume" and self.rate is not None:
            values = values * self.rate
        return values

    def raw(self, name: str) -> Floats:
        """A field of the bar as stored, shape (T, N), local currency; NaN where there is no bar.

        Raises
        ------
        DataError
            If the panel was built without that field.
        """
        if name in self.bars:
            return self.bars[name]
        raise DataError(
            f"The panel has no field {name!r}; it has {', '.join(self.fields)}.",
            hint="Name it in `fields` or `items` when the panel is built.",
        )

    @property
    def price(self) -> Floats:
        """Close as traded, local currency, shape (T, N); while a stock is suspended its last close.

        A carried close follows the splits of its days. NaN before the first bar, and from the end of the
        listing on; where that is not known the last close goes on for a year.
        """
        if "price" not in self._adjusted:
            values = carried_close(self.raw("close"), self.split_factor, self.earlier, self.dates)
            values[self.dates[:, None] > self.delisting.date] = np.nan
            values.setflags(write=False)
            self._adjusted["price"] = values
        return self._adjusted["price"]

    def sessions(self, region: str) -> Flags:
        """Rows on which ``region`` trades, bool, shape (T,)."""
        if region in self.session_rows:
            return self.session_rows[region]
        raise DataError(f"The panel has no region {region!r}; it has {', '.join(self.session_rows)}.")

    def column(self, ticker: str) -> int:
        """Index of the column ``"KR:005930"``."""
        try:
            return self.tickers.index(ticker)
        except ValueError:
            raise DataError(f"The panel has no column {ticker!r}.", hint="Labels read REGION:CODE.") from None

    @property
    def sectors(self) -> tuple[str | None, ...] | None:
        """Sector of each column at the last date, or None where the lake has no sectors."""
        return self.sector_at(-1) if self.sectors_by_date is not None and len(self.dates) else None

    def sector_at(self, row: int) -> tuple[str | None, ...]:
        """Sector of each column as it stood on ``dates[row]``; None where unknown."""
        if self.sectors_by_date is None:
            return (None,) * len(self.tickers)
        return self.sectors_by_date.at(self.dates[row], len(self.tickers))

    def until(self, last: str | date | np.datetime64) -> Panel:
        """The panel without its rows after ``last``: the same columns, the arrays shared, not copied.

        Raises
        ------
        DataError
            If no row is left.
        """
        day = np.array([last], "datetime64[D]")[0]
        rows = int(np.searchsorted(self.dates, day, side="right"))
        if not rows:
            raise DataError(f"The panel starts on {self.dates[0]}, after {day}.", hint="Choose a later date.")
        return replace(
            self,
            dates=self.dates[:rows],
            bars={name: values[:rows] for name, values in self.bars.items()},
            items=self.items.until(rows)
            if isinstance(self.items, Items)
            else {name: values[:rows] for name, values in self.items.items()},
            split_factor=self.split_factor[:rows],
            total_factor=self.total_factor[:rows],
            member=self.member[:rows],
            traded=self.traded[:rows],
            breaks=self.breaks[:rows],
            rate=None if self.rate is None else self.rate[:rows],
            session_rows={region: flags[:rows] for region, flags in self.session_rows.items()},
            delisting=self.delisting.until(day),
            start=min(self.start, rows),
            index_levels={region: levels[:rows] for region, levels in self.index_levels.items()},
            _adjusted={name: values[:rows] for name, values in self._adjusted.items()},
        )

    def to_pandas(self, name: str) -> pd.DataFrame:
        """One field as a pandas frame, dates by tickers."""
        import pandas as pd

        index = pd.DatetimeIndex(self.dates.astype("datetime64[ns]"), name="date")
        return pd.DataFrame(self[name].copy(), index=index, columns=pd.Index(self.tickers, name="ticker"))

    def to_polars(self, names: Sequence[str] | None = None) -> pl.DataFrame:
        """Long frame (date, region, ticker, one column a field), rows with any value, by ticker and date."""
        import polars as pl

        chosen = self.fields if names is None else tuple(names)
        values = [self[name] for name in chosen]
        filled = np.zeros(self.shape, bool)
        for array in values:
            filled |= np.isfinite(array)
        columns, rows = np.nonzero(filled.T)
        labels, regions = pl.Series(self.tickers, dtype=pl.String), pl.Series(self.regions, dtype=pl.String)
        frame = pl.DataFrame({"date": self.dates[rows], "region": regions[columns], "ticker": labels[columns]})
        series = [pl.Series(name, array[rows, columns]) for name, array in zip(chosen, values, strict=True)]
        return frame.with_columns(one.fill_nan(None) for one in series)


def _fits(shape: tuple[int, int], given: tuple[int, ...]) -> None:
    if given != shape:
        raise DataError(f"A panel of {shape} cannot hold an array of shape {given}.")


def build(lake: Lake, regions: str | Sequence[str], **asked: Any) -> Panel:
    """Build a panel from the lake; the arguments are those of ``Lake.panel``.

    See :class:`workbench.lake.assemble.Asked` for what each one means.
    """
    from workbench.lake import assemble

    return assemble.build(lake, assemble.asked(regions, **asked))
