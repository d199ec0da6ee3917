"""What a factor may need, by name, and how it comes out of a panel.

========================================= ==========================================================
name                                      what
========================================= ==========================================================
open, high, low, close, volume, turnover  adjusted as the panel is; NaN on days without a trade
price                                     close as traded, in the price's currency; carried while suspended
dollar_volume                             money traded: turnover, else price x volume; NaN without a trade
index_close                               level of the region's index, (t, 1); NaN where the lake has none
market_cap                                the issuer's market value, its share classes summed once
shares_outstanding                        in units of the listing, on the shares of the date
any item of filings                       ``<item>[_ttm][_prior[K] | _lagK]``, money in the price's currency
========================================= ==========================================================

Counts of shares and figures a share are of what the price is of: for a depositary receipt, receipts, each of
which stands for ``panel.depositary_ratio`` shares of the company's.

One input is made at a time, for one region's sessions, so that thirty items are never held at once.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from workbench.lake.panel import Panel

    Array = NDArray[np.float64]

#: Fields of a bar, which a factor sees adjusted.
BARS = ("open", "high", "low", "close", "volume", "turnover")
PRICE, DOLLAR_VOLUME, INDEX = "price", "dollar_volume", "index_close"
MARKET_CAP, SHARES = "market_cap", "shares_outstanding"
#: Fields of the bar that each input of another kind is made of.
MADE_OF = {PRICE: ("close",), DOLLAR_VOLUME: ("close", "volume", "turnover"), INDEX: (), MARKET_CAP: ("close",)}
#: Items that mean the same with every provider (docs/statements.md). A lake without one of them gives no values
#: and a note; any other name that a lake does not have is an error.
ITEMS = (
    "revenue",
    "cost_of_revenue",
    "gross_profit",
    "operating_income",
    "ebitda",
    "depreciation",
    "net_income",
    "net_income_common",
    "total_assets",
    "current_assets",
    "current_liabilities",
    "total_liabilities",
    "total_debt",
    "long_term_debt_noncurrent",
    "cash",
    "minority_interest",
    "preferred_equity",
    "common_equity",
    "total_equity",
    "operating_cash_flow",
    "capital_expenditure",
    "dividends_paid",
    "dividends_per_share",
    SHARES,
)


def split(needs: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What ``lake.panel`` must be asked for.

    Parameters
    ----------
    needs : iterable of str
        Inputs of factors.

    Returns
    -------
    fields, items : tuple of str
        Never empty fields; the panel is to be asked with ``currency="local"``. Items end in ``?`` where a
        lake without them shall give no values instead of an error.

    Raises
    ------
    DataError
        For a name whose parts stand in another order.
    """
    from workbench.schemas.names import parse

    fields: dict[str, None] = {}
    items: dict[str, None] = {}
    for name in needs:
        if name in BARS:
            fields[name] = None
        elif name in MADE_OF:
            fields.update(dict.fromkeys(MADE_OF[name]))
        if name == MARKET_CAP:
            items[name] = None
        elif name not in BARS and name not in MADE_OF:
            items[f"{name}?" if parse(name).base in ITEMS else name] = None
    return tuple(fields) or ("close",), tuple(items)


def check(names: Iterable[str], panel: Panel | None) -> None:
    """See that the inputs of some factors can be made.

    Parameters
    ----------
    names : iterable of str
        Factors.
    panel : Panel or None
        None for a lake, which knows itself which items it has.

    Raises
    ------
    ConfigError
        Names the factor and the input, with what is near.
    DataError
        For an item whose parts stand in another order.
    """
    from workbench.factors import registry
    from workbench.schemas.names import parse

    for factor in names:
        for name in registry.get(factor).needs:
            if panel is None:
                if name not in (*BARS, *MADE_OF):
                    parse(name)
            elif not _there(name, panel):
                near = difflib.get_close_matches(name, panel.fields, n=1)
                raise ConfigError(
                    f"Factor {factor} needs {name!r}, which the panel does not have; it has {', '.join(panel.fields)}.",
                    hint=f"Did you mean {near[0]!r}?" if near else "Give it a panel with that field or item.",
                )


def notes(needs: Iterable[str], panel: Panel) -> tuple[str, ...]:
    """What a panel cannot give for some inputs, in words; what filings lack stands in its own notes."""
    from workbench import markets

    without = [region for region in dict.fromkeys(panel.regions) if region not in panel.index_levels]
    if INDEX not in needs or not without:
        return ()
    named = ", ".join(f"{region} ({', '.join(markets.get(region).indexes)})" for region in without)
    return (f"{INDEX}: the lake has no index of {named}; factors that need it have no values there.",)


def _there(name: str, panel: Panel) -> bool:
    if name == INDEX:
        return True
    if name == DOLLAR_VOLUME:
        return "turnover" in panel.bars or {"close", "volume"} <= set(panel.bars)
    if name == MARKET_CAP and name not in panel.items:
        return SHARES in panel.items and "close" in panel.bars
    return "close" in panel.bars if name == PRICE else name in panel.fields


def load(name: str, panel: Panel, rows: NDArray[np.bool_], columns: NDArray[np.intp]) -> Array:
    """One input on a region's sessions.

    Parameters
    ----------
    name : str
    panel : Panel
    rows : bool (T,)
        Sessions of the region.
    columns : int (N,)
        Columns of the region.

    Returns
    -------
    float64, shape (t, n)
        ``index_close`` has one column. NaN where nothing is known by the close of the row.
    """
    at, columns = np.flatnonzero(rows), np.asarray(columns)
    if name == INDEX:
        return _index(panel, at, columns)
    if name == PRICE:
        return panel.price[np.ix_(at, columns)]
    if name == DOLLAR_VOLUME:
        return _dollar_volume(panel, np.ix_(at, columns))
    if name == MARKET_CAP and name not in panel.items:
        value = panel.price[np.ix_(at, columns)] * _item(SHARES, panel, at, columns)
        return value if panel.rate is None else value * panel.rate[np.ix_(at, columns)]
    if name in panel.items:
        return _item(name, panel, at, columns)
    cell = np.ix_(at, columns)
    return np.where(panel.traded[cell], panel[name][cell], np.nan)


def _item(name: str, panel: Panel, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Array:
    """An item; one that is kept as steps is made on these cells only."""
    part = getattr(panel.items, "part", None)
    values: Array = part(name, rows, columns) if part else np.array(panel.items[name][np.ix_(rows, columns)])
    ratio = np.asarray(panel.depositary_ratio)[columns]
    if (ratio == 1.0).all():
        return values
    if name.startswith("shares_"):
        return values / ratio
    return values * ratio if name.startswith("eps_") or "_per_share" in name else values


def _dollar_volume(panel: Panel, cell: tuple[NDArray[np.intp], ...]) -> Array:
    """Turnover as reported, else close x volume as traded; converted with the panel."""
    money = np.full(cell[0].shape[:1] + cell[1].shape[1:], np.nan)
    if "turnover" in panel.bars:
        money = panel.bars["turnover"][cell]
    if {"close", "volume"} <= set(panel.bars):
        money = np.where(np.isfinite(money), money, panel.bars["close"][cell] * panel.bars["volume"][cell])
    if panel.rate is not None:
        money = money * panel.rate[cell]
    return np.where(panel.traded[cell], money, np.nan)


def _index(panel: Panel, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Array:
    levels = panel.index_levels.get(panel.regions[columns[0]]) if len(columns) else None
    return np.full((len(rows), 1), np.nan) if levels is None else levels[rows][:, None]
