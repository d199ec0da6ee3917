"""From gross to net: what each kind of cost took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.backtests.costs import KINDS
from workbench.backtests.performance import cagr

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


def waterfall(equity: pl.DataFrame) -> pl.DataFrame:
    """Annual growth before costs, the drag of each kind, and growth after costs.

    Parameters
    ----------
    equity : polars.DataFrame
        date, equity and one column a kind of cost, as in ``BacktestRun.equity``.

    Returns
    -------
    polars.DataFrame
        step (gross, commission, half_spread, tax, net), annual (fraction of growth per year; drags are
        negative and gross plus drags is net exactly), money (paid in the curve's currency, 0 for gross
        and net).

    Notes
    -----
    The gross curve earns each day what the net one earned before that day's costs, compounded. The
    difference of the two growth rates is shared among the kinds by the sum of their daily shares of equity.
    """
    import polars as pl

    dates = equity["date"].to_numpy().astype("datetime64[D]")
    net = equity["equity"].to_numpy()
    paid = np.column_stack([equity[kind].to_numpy() for kind in KINDS])
    total = paid.sum(axis=1)
    gross = np.concatenate([[net[0]], net[0] * np.cumprod((net[1:] + total[1:]) / net[:-1])])
    before, after = cagr(dates, gross), cagr(dates, net)
    drags = _share(paid / (net + total)[:, None]) * (after - before)
    return pl.DataFrame(
        {
            "step": ["gross", *KINDS, "net"],
            "annual": [before, *drags.tolist(), after],
            "money": [0.0, *paid.sum(axis=0).tolist(), 0.0],
        }
    )


def _share(burden: NDArray[np.float64]) -> NDArray[np.float64]:
    by_kind = burden.sum(axis=0)
    total = float(by_kind.sum())
    shares: NDArray[np.float64] = by_kind / total if total > 0.0 else np.zeros(len(by_kind))
    return shares
