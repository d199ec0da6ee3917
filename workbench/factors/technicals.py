"""Technical indicators of the table ``technicals``: what chart readers look at, equal to TA-Lib.

Prices are the stock's own closes, highs and lows, adjusted for splits up to the date and not for dividends,
and every level is given on the scale on which the stock traded that day: it can be laid over ``ohlcv.close``,
and a split tomorrow changes nothing today. A day without a trade is no bar: it keeps its date with NaN, and the
next bar follows the last one, as TA-Lib would see them.

Wilder's averages and MACD never forget. To let tomorrow's update give the bits of a full run, the values of
calendar year Y come from a run that starts, with TA-Lib's own seeds, at the first bar on or after 1 January of
Y - 2. After two years of bars the beginning weighs less than 1e-15 in any of them; a stock with less history
has TA-Lib's values exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from workbench.factors import kernels
from workbench.factors.scores import Labels
from workbench.schemas import TECHNICALS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel

#: Calendar years before a date's own whose bars its values use.
WARM_UP_YEARS = 2


@dataclass(frozen=True, eq=False)
class Technicals:
    """Indicators by date and ticker.

    Attributes
    ----------
    labels : Labels
        Dates, tickers and regions.
    values : mapping of str to (T, N) array
        By the column names of the table ``technicals``; NaN on a day without a trade, and until the indicator
        has as many bars as it needs. Means, bands, MACD and ATR in the currency and on the scale of the close
        as traded on the date; RSI from 0 to 100.
    notes : tuple of str
        What the panel had to say.

    Notes
    -----
    Timing: row t is known at the close of t, and can be traded on the next session.
    """

    labels: Labels
    values: Mapping[str, NDArray[np.float64]]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Technicals({', '.join(self.values)}; {self.labels!r})"

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        return self.values[name]

    def to_polars(self, start: str | date | None = None) -> pl.DataFrame:
        """Rows of the table ``technicals``: region, ticker, date and a column an indicator, null for missing.

        Parameters
        ----------
        start : date or ISO text, optional
            First date; the rows before it were the warm-up. Dates on which a ticker has no value at all are
            left out.
        """
        import polars as pl

        first = 0 if start is None else int(np.searchsorted(self.labels.dates, np.datetime64(start, "D")))
        some = np.zeros((len(self.labels.dates) - first, len(self.labels.tickers)), dtype=bool)
        for values in self.values.values():
            some |= ~np.isnan(values[first:])
        rows, columns = np.nonzero(some)
        frame = pl.DataFrame(
            {
                "region": pl.Series(self.labels.regions, dtype=pl.String)[columns],
                "ticker": pl.Series(self.labels.tickers, dtype=pl.String)[columns],
                "date": self.labels.dates[rows + first].astype("datetime64[D]"),
                **{name: values[first:][rows, columns] for name, values in self.values.items()},
            },
            schema_overrides={"date": pl.Date},
        )
        return frame.with_columns(pl.col(name).fill_nan(None) for name in self.values)


def warmup_start(first: str | date) -> date:
    """First date from which bars are needed for values from ``first`` on: 1 January two years before its own.

    Parameters
    ----------
    first : date or ISO text
        First date whose values are wanted.

    Examples
    --------
    >>> warmup_start("2024-06-28")
    datetime.date(2022, 1, 1)
    """
    day = date.fromisoformat(first) if isinstance(first, str) else first
    return date(day.year - WARM_UP_YEARS, 1, 1)


def technicals(panel: Panel) -> Technicals:
    """Moving averages, RSI, MACD, Bollinger bands and ATR of every column of a panel.

    Parameters
    ----------
    panel : Panel
        With the fields ``high``, ``low`` and ``close``; its own ``adjust`` and ``currency`` play no part. For
        values that do not depend on where the panel begins, let it begin at :func:`warmup_start`.

    Returns
    -------
    Technicals
        On the dates of the panel, its warm-up included.

    Raises
    ------
    DataError
        The panel lacks one of the fields.

    Notes
    -----
    ==================== ===========================================================================
    ma5 ... ma200        mean of the last 5, 20, 60, 120, 200 closes
    rsi_14               ``100 U / (U + D)``, U and D Wilder's averages of rises and falls over 14 bars;
                         NaN, not TA-Lib's 0, for a price that has not moved at all
    macd, macd_signal,   EMA(12) - EMA(26), its EMA(9), and the difference of the two
    macd_hist
    bb_upper, bb_middle, mean of 20 closes, and two standard deviations (n) above and below it
    bb_lower
    atr_14               Wilder's average of the true range over 14 bars
    ==================== ===========================================================================

    After a break of the price (see :class:`workbench.lake.panel.Panel`) all of them begin anew. Timing: row t
    uses bars up to t of its own column.

    Sources: Wilder (1978), New Concepts in Technical Trading Systems, chapters 3 and 6; Appel (1979), The Moving
    Average Convergence Divergence Method; Bollinger (2001), Bollinger on Bollinger Bands; TA-Lib 0.6 C sources.
    """
    traded, scale = np.asarray(panel.traded, dtype=bool), np.asarray(panel.split_factor)
    bars = [np.where(traded, panel.raw(field), np.nan) * scale for field in ("close", "high", "low")]
    dates, tickers, regions = np.asarray(panel.dates), tuple(panel.tickers), tuple(panel.regions)
    years = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    found = kernels.indicators(np.stack([*bars, scale]), np.asarray(panel.breaks), years, WARM_UP_YEARS)
    found.setflags(write=False)
    sessions = {region: np.asarray(panel.sessions(region), dtype=bool) for region in dict.fromkeys(regions)}
    labels = Labels(dates, tickers, regions, sessions)
    return Technicals(labels, dict(zip(TECHNICALS, found, strict=True)), tuple(panel.notes))
