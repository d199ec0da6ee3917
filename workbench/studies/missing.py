"""Which members have no score on a date, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.factors import registry

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.factors import Scores
    from workbench.lake import Lake
    from workbench.lake.panel import Panel

_FINANCIALS = "Financials"


def missing(scores: Scores, lake: Lake) -> pl.DataFrame:
    """Members of the last date of each region with and without a score of each factor.

    Parameters
    ----------
    scores : Scores
        From the lake.
    lake : Lake
        The one they were computed from.

    Returns
    -------
    polars.DataFrame
        factor, region, date, members, scored, coverage (fraction), and the number of members without a score by
        the first reason that holds: did_not_trade on the date, financials that the factor leaves out, short_history
        (fewer sessions since the first bar than its look-back), no_input (nothing filed, no index, too many
        gaps, or a row of too few names)..
    """
    import polars as pl

    rows = []
    factors = [name for name in scores.values if name in scores.raw]
    longest = max(registry.get(name).lookback for name in factors)
    for region in scores.labels.region_names():
        flags, columns = scores.labels.sessions[region], scores.labels.columns(region)
        if not flags.any():
            continue
        last = int(np.flatnonzero(flags)[-1])
        day = scores.labels.dates[last].item()
        panel = lake.panel(region, start=day, end=day, fields=("close",), warmup=longest)
        place = {ticker: number for number, ticker in enumerate(panel.tickers)}
        own = np.array([place.get(scores.labels.tickers[column], -1) for column in columns])
        here, columns = own[own >= 0], columns[own >= 0]
        known = _Members(panel, here)
        for name in factors:
            there = ~np.isnan(scores.values[name][last, columns])
            found = known.reasons(there, registry.get(name))
            members = int(known.member.sum())
            scored = int((there & known.member).sum())
            share = scored / members if members else None
            rows.append({"factor": name, "region": region, "date": day, "members": members, "scored": scored,
                         "coverage": share, **found})  # fmt: skip
    return pl.DataFrame(rows)


class _Members:
    """The members of a region on the last row of a panel."""

    def __init__(self, panel: Panel, columns: NDArray[np.intp]) -> None:
        self.member = np.asarray(panel.member)[-1, columns]
        self.traded = np.asarray(panel.traded)[-1, columns]
        seen = ~np.isnan(panel["close"][:, columns])
        #: Sessions from the first bar that the panel holds to the last row.
        self.history = np.where(seen.any(axis=0), len(seen) - 1 - seen.argmax(axis=0), -1)
        sectors = panel.sector_at(len(panel.dates) - 1)
        self.financial = np.array([sectors[column] == _FINANCIALS for column in columns], dtype=bool)

    def reasons(self, there: NDArray[np.bool_], factor: registry.Factor) -> dict[str, int]:
        """Members without a score by the first reason that holds."""
        left = self.member & ~there
        rules = {
            "did_not_trade": ~self.traded,
            "financials": self.financial & (not factor.financials),
            "short_history": self.history < factor.lookback,
            "no_input": np.ones(len(left), dtype=bool),
        }
        counts = {}
        for reason, holds in rules.items():
            counts[reason] = int((left & holds).sum())
            left = left & ~holds
        return counts
