"""Rows of ``fundamentals``: the items of each filing that was available by a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.adapters.sample.accounts import TAX
from workbench.adapters.sample.profiles import profile
from workbench.adapters.sample.tables import SOURCE, conform
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from workbench.adapters.sample.market import RegionMarket

#: Items that a restated net income moves by the same amount, after tax or before.
AFTER_TAX = ("net_income", "total_equity", "total_assets")
BEFORE_TAX = ("revenue", "gross_profit", "operating_income", "ebitda")


def fundamentals(
    market: RegionMarket, columns: NDArray[np.int64], days: tuple[date, date], today: date
) -> pl.DataFrame:
    """Quarterly items of periods that end within the days, as filed by ``today``.

    A restatement is a further filing of the same period with vintage 2; the first stays as it was.
    """
    filings, quarters = market.filings, market.quarters
    ends = quarters.ends[filings.quarter, filings.column]
    keep = np.isin(filings.column, columns) & (filings.available <= np.datetime64(today))
    keep &= (ends >= np.datetime64(days[0])) & (ends <= np.datetime64(days[1]))
    chosen = np.flatnonzero(keep)
    if not len(chosen):
        return TABLES["fundamentals"].empty()
    column, quarter = filings.column[chosen], filings.quarter[chosen]
    values = _values(market, column, quarter, filings.restated[chosen])
    names = list(values)
    matrix = np.column_stack([values[name] for name in names])
    filing, item = np.nonzero(~np.isnan(matrix))
    labels = [
        f"SAMPLE-{market.region}-{market.companies[c].code}-{market.companies[c].spell}-{end}-v{v}"
        for c, end, v in zip(column, ends[chosen], filings.vintage[chosen], strict=True)
    ]
    codes = [market.companies[c].code for c in column]
    take = pl.Series(filing, dtype=pl.UInt32)
    return conform(
        "fundamentals",
        {
            "region": market.region,
            "ticker": pl.Series(codes, dtype=pl.String).gather(take),
            "period_end": ends[chosen][filing],
            "period": "Q",
            "item": pl.Series(names, dtype=pl.String).gather(pl.Series(item, dtype=pl.UInt32)),
            "available_date": filings.available[chosen][filing],
            "filing_id": pl.Series(labels, dtype=pl.String).gather(take),
            "value": matrix[filing, item],
            "currency": _currencies(market, names).gather(pl.Series(item, dtype=pl.UInt32)),
            "period_start": quarters.starts[quarter, column][filing],
            "vintage": filings.vintage[chosen][filing],
            "source": SOURCE,
        },
        len(filing),
    )


def _values(
    market: RegionMarket, column: NDArray[np.int64], quarter: NDArray[np.int64], restated: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Item to its value in each filing; a restatement keeps assets equal to liabilities plus equity."""
    values = {item: table[quarter, column] for item, table in market.items.items()}
    change = np.rint(restated * values["net_income"])
    for item in AFTER_TAX:
        values[item] = values[item] + change
    for item in BEFORE_TAX:
        values[item] = values[item] + np.rint(change / (1.0 - TAX))
    return values


def _currencies(market: RegionMarket, items: list[str]) -> pl.Series:
    """The currency of each item; none for share counts."""
    currency = profile(market.region).currency
    return pl.Series([None if item == "shares_diluted" else currency for item in items], dtype=pl.String)
