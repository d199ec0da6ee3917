"""Factors over a panel: each region on its own sessions, then aligned to the union of dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import NotEnoughHistory
from workbench.factors import registry, sets, transforms
from workbench.factors.scores import COMPOSITE, Labels, Scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from workbench.factors.sets import FactorSet
    from workbench.lake import Lake
    from workbench.lake.panel import Panel


def compute(
    factors: Sequence[str] | FactorSet,
    data: Lake | Panel,
    regions: str | Sequence[str] | None = None,
    *,
    start: str | date | None = None,
    end: str | date | None = None,
    universe: Any = None,
) -> Scores:
    """Scores of some factors and their equal-weight combination.

    Parameters
    ----------
    factors : sequence of str, or FactorSet
        Names of registered factors.
    data : Lake or Panel
        A lake loads what is needed, with the warm-up before ``start``; a panel must hold the fields
        already, adjusted for splits and dividends.
    regions : str or sequence of str
        Required with a lake; with a panel, None takes all its columns.
    start, end : date or ISO text, optional
        First and last date of the scores, both included. From a lake, the sessions that the longest
        look-back needs are read before ``start``.
    universe : str, sequence of str or wb.Universe, optional
        Handed to the lake.

    Returns
    -------
    Scores
        NaN where the stock is not a member on the date, where it has too little history, and on
        dates that are no session of its region.

    Raises
    ------
    ConfigError
        Unknown factor, or one that needs a field which is not there. A lake is asked for bars only: for
        items of filings hand in a panel that holds them.
    NotEnoughHistory
        The panel has no row between ``start`` and ``end``.

    Notes
    -----
    Timing: row t uses rows up to t of the same region, and can be traded on its next session.

    Examples
    --------
    >>> scores = wb.factors.compute(["momentum_12m_1m"], lake, "KR", start="2024-01-01")  # doctest: +SKIP
    """
    chosen = factors if isinstance(factors, sets.FactorSet) else sets.of(tuple(factors))
    for name in chosen.factors:
        registry.get(name)
    registry.check_fields(chosen.factors, registry.BARS if hasattr(data, "panel") else data.fields)
    panel: Any = data
    if hasattr(data, "panel"):
        panel = data.panel(
            regions or (),
            start=start,
            end=end,
            fields=chosen.needs,
            universe=universe,
            adjust="total",
            warmup=chosen.lookback,
        )
    first = start
    if first is None and panel.start < len(panel.dates):
        first = panel.dates[panel.start].item()
    return _trim(from_panel(chosen, panel), first, end)


def from_panel(chosen: FactorSet, panel: Panel) -> Scores:
    """Scores on every row of a panel, its warm-up included."""
    tickers, regions = tuple(panel.tickers), tuple(panel.regions)
    sessions = {region: np.asarray(panel.sessions(region), dtype=bool) for region in dict.fromkeys(regions)}
    labels = Labels(np.asarray(panel.dates), tickers, regions, sessions)
    raw = {name: _one(registry.get(name), panel, labels) for name in chosen.factors}
    scores = {name: _score(values, chosen, registry.get(name).direction, labels) for name, values in raw.items()}
    composite = transforms.combine(scores, dict(chosen.factors))
    values = {name: _frozen(array) for name, array in {**scores, COMPOSITE: composite}.items()}
    frozen = {name: _frozen(array) for name, array in raw.items()}
    return Scores(labels, frozen, values, tuple(panel.notes), _frozen(_unclipped(raw, chosen, labels)))


def _unclipped(raw: Mapping[str, NDArray[np.float64]], chosen: FactorSet, labels: Labels) -> NDArray[np.float64]:
    """The composite without winsorizing, which tells apart the names that it makes equal."""
    whole = chosen.model_copy(update={"winsorize": (0.0, 1.0)})
    scores = {name: _score(values, whole, registry.get(name).direction, labels) for name, values in raw.items()}
    return transforms.combine(scores, dict(chosen.factors))


def _one(factor: registry.Factor, panel: Panel, labels: Labels) -> NDArray[np.float64]:
    """The factor's own values, region by region on the region's sessions.

    A suspended day has a carried close and no trade: its bar is hidden from the factor, so that a halt
    counts as missing and not as calm. Rows with less history than the look-back have no value, so that
    a longer history moves none; rows whose look-back holds a break of the price have none either.
    """
    result = np.full((len(labels.dates), len(labels.tickers)), np.nan)
    member, traded = np.asarray(panel.member, dtype=bool), np.asarray(panel.traded, dtype=bool)
    for region, rows in labels.sessions.items():
        cell = np.ix_(rows, labels.columns(region))
        arrays = {field: _visible(panel, field, cell, traded) for field in factor.needs}
        values = np.array(factor(**arrays))
        values[: factor.lookback] = np.nan
        usable = member[cell] & ~_recent(np.asarray(panel.breaks)[cell], factor.lookback)
        result[cell] = np.where(usable, values, np.nan)
    return result


def _recent(flags: NDArray[np.bool_], rows: int) -> NDArray[np.bool_]:
    """True where a flag stands on one of the last ``rows`` rows, row t included."""
    count = np.cumsum(flags, axis=0, dtype=np.int64)
    earlier = np.zeros_like(count)
    earlier[rows:] = count[: len(count) - rows]
    recent: NDArray[np.bool_] = count > earlier
    return recent


def _visible(
    panel: Panel, field: str, cell: tuple[NDArray[Any], ...], traded: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """A field as the factor sees it: bars of days without a trade are NaN, filed items stay."""
    values = np.ascontiguousarray(panel[field][cell])
    return np.where(traded[cell], values, np.nan) if field in panel.bars else values


def _score(values: NDArray[np.float64], chosen: FactorSet, direction: int, labels: Labels) -> NDArray[np.float64]:
    result = np.full(values.shape, np.nan)
    for region in labels.sessions:
        columns = labels.columns(region)
        clipped = values[:, columns] * direction
        if chosen.winsorize != (0.0, 1.0):
            clipped = transforms.winsorize(clipped, *chosen.winsorize)
        if chosen.transform == "zscore":
            result[:, columns] = transforms.zscore(clipped, chosen.fewest_names)
        else:
            result[:, columns] = transforms.percentile(clipped, chosen.fewest_names) - 0.5
    return result


def _trim(scores: Scores, start: str | date | None, end: str | date | None) -> Scores:
    """Rows from ``start`` to ``end``: the warm-up has done its work."""
    dates = scores.labels.dates
    keep = np.ones(len(dates), dtype=bool)
    if start is not None:
        keep &= dates >= np.datetime64(start, "D")
    if end is not None:
        keep &= dates <= np.datetime64(end, "D")
    if not keep.any():
        raise NotEnoughHistory(
            f"There are no sessions between {start or 'the first'} and {end or 'the last'}.",
            hint="Collect these dates first, or ask for others.",
        )
    sessions = {region: rows[keep] for region, rows in scores.labels.sessions.items()}
    labels = Labels(dates[keep], scores.labels.tickers, scores.labels.regions, sessions)
    raw = {name: _frozen(values[keep]) for name, values in scores.raw.items()}
    values = {name: _frozen(array[keep]) for name, array in scores.values.items()}
    unclipped = None if scores.unclipped is None else _frozen(scores.unclipped[keep])
    return Scores(labels, raw, values, scores.notes, unclipped)


def _frozen(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values.setflags(write=False)
    return values
