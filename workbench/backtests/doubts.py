"""What in a simulated result is not to be believed without a look: positions that rest on doubtful prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.backtests.prices import STALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.backtests.engines import Job, Ledger
    from workbench.lake.panel import Panel

_SHOWN = 5
#: Share of a region's bars without volume from which on a reader is told.
_QUIET = 0.10


def doubts(job: Job, ledger: Ledger, breaks: NDArray[np.bool_]) -> tuple[str, ...]:
    """Sentences about held positions without a price, and about breaks of a price while it was held.

    Parameters
    ----------
    job, ledger
        What was simulated.
    breaks : (T, N) bool array
        On the rows of the job, as in ``panel.breaks``.
    """
    return (*_stale(job, ledger), *_broken(job, ledger, breaks))


def thin(panel: Panel, first: int = 0) -> tuple[str, ...]:
    """A sentence where more than a tenth of a region's bars are closes at which nobody traded.

    Parameters
    ----------
    panel : Panel
        With the volumes' ``traded``.
    first : int
        Row from which on bars of members count.
    """
    there = (np.asarray(panel.member, dtype=bool) & ~np.isnan(np.asarray(panel.raw("close"))))[first:]
    traded = np.asarray(panel.traded, dtype=bool)[first:]
    regions = np.array(panel.regions)
    parts = []
    for region in dict.fromkeys(panel.regions):
        own = there[:, regions == region]
        share = float((own & ~traded[:, regions == region]).sum()) / max(int(own.sum()), 1)
        if share > _QUIET:
            parts.append(f"{share:.0%} of the bars of {region}")
    if not parts:
        return ()
    return (
        f"No volume on {', '.join(parts)}: such closes are carried from an earlier day, so that returns and risk look "
        "smoother and better than could be traded.",
    )


def _stale(job: Job, ledger: Ledger) -> list[str]:
    """Positions on the last date whose last bar is old."""
    held, age = ledger.positions[-1] != 0.0, job.prices.age[-1]
    columns = np.flatnonzero(held & (age > STALE))
    if not len(columns):
        return []
    value = ledger.positions[-1, columns] * job.prices.value[-1, columns]
    seen = job.prices.age[:, columns] == 0
    last = [
        job.dates[np.flatnonzero(seen[:, number])[-1]] if seen[:, number].any() else None
        for number in range(len(columns))
    ]
    parts = [
        f"{job.tickers[column]} since {day or 'before the start'}" for column, day in zip(columns, last, strict=True)
    ]
    share = float(value.sum()) / float(ledger.equity[-1])
    return [
        f"{len(columns)} positions, {share:.1%} of the value at the end, had no bar for more than {STALE} sessions: "
        f"they could not be sold and stand at their last price ({_listed(parts)})."
    ]


def _broken(job: Job, ledger: Ledger, breaks: NDArray[np.bool_]) -> list[str]:
    """Breaks of a price over which a position was held, with what they added."""
    rows, columns = np.nonzero(breaks[1:] & (ledger.positions[:-1] != 0.0))
    if not len(rows):
        return []
    value = job.prices.value
    gains = ledger.positions[rows, columns] * (value[rows + 1, columns] - value[rows, columns]) / ledger.equity[rows]
    parts = [
        f"{job.tickers[column]} {job.dates[row + 1]} {gain:+.1%}"
        for row, column, gain in zip(rows, columns, gains, strict=True)
    ]
    return [
        f"{len(rows)} held positions moved by more than a factor of five in one step that no action explains; the "
        f"curve contains it, in fractions of its value: {_listed(parts)}. Look at the prices first."
    ]


def _listed(parts: list[str]) -> str:
    return ", ".join(parts[:_SHOWN]) + (", …" if len(parts) > _SHOWN else "")
