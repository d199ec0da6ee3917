"""Factors over a panel: each region on its own sessions, then aligned to the union of dates."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from workbench.errors import ConfigError, NotEnoughHistory
from workbench.factors import inputs, registry, sets, transforms
from workbench.factors.cores import available
from workbench.factors.scaling import Scaling
from workbench.factors.scores import COMPOSITE, Labels, Scores
from workbench.factors.supply import Masks, Slice, Supply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from workbench.factors.sets import FactorSet
    from workbench.lake import Lake
    from workbench.lake.panel import Panel

    Floats = NDArray[np.floating[Any]]

Precision = Literal["float64", "float32"]


def compute(
    factors: Sequence[str] | FactorSet,
    data: Lake | Panel,
    regions: str | Sequence[str] | None = None,
    *,
    start: str | date | None = None,
    end: str | date | None = None,
    universe: Any = None,
    precision: Precision = "float64",
    threads: int | None = None,
) -> Scores:
    """Scores of some factors and their weighted mean.

    Parameters
    ----------
    factors : sequence of str, or FactorSet
        Names of registered factors.
    data : Lake or Panel
        A lake loads what is needed, with the warm-up before ``start``; a panel must hold the fields and
        items already, adjusted for splits and dividends.
    regions : str or sequence of str
        Required with a lake; with a panel, None takes all its columns.
    start, end : date or ISO text, optional
        First and last date of the scores, both included. From a lake, the sessions that the longest
        look-back needs are read before ``start``.
    universe : str, sequence of str or wb.Universe, optional
        Handed to the lake.
    precision : str
        ``float64``, or ``float32``: computed in float64 and rounded to what the table holds, in half the
        memory. The composite is then made of the rounded scores.
    threads : int, optional
        Factors that are worked on at once; None takes the cores there are. No value depends on it.

    Returns
    -------
    Scores
        NaN where the stock is not a member on the date, where it has too little history, where the factor
        means nothing for its sector, and on dates that are no session of its region. The composite is the
        weighted mean of the scores also where the set asks for a fitted combination: that is made from
        these scores by :func:`workbench.research.combine`.

    Raises
    ------
    ConfigError
        Unknown factor, or one that needs an input which is not there.
    NotEnoughHistory
        The panel has no row between ``start`` and ``end``.

    Notes
    -----
    Timing: row t uses rows up to t of the same region, and can be traded on its next session. It uses no
    more rows than the look-back: scores of a day are the same to the bit, whether that day is computed
    alone or with ten years before it.

    Examples
    --------
    >>> scores = wb.factors.compute(["momentum_12m_1m"], lake, "KR", start="2024-01-01")  # doctest: +SKIP
    """
    chosen = factors if isinstance(factors, sets.FactorSet) else sets.of(tuple(factors))
    for name in chosen.factors:
        registry.get(name)
    if precision not in ("float64", "float32"):
        raise ConfigError(f"precision={precision!r} is unknown.", hint="Use 'float64' or 'float32'.")
    _check(chosen, None if hasattr(data, "panel") else data)
    panel: Any = data
    if hasattr(data, "panel"):
        panel = data.panel(regions or (), start=start, end=end, universe=universe, adjust="total", **asked(chosen))
    rows = _kept(panel, start, end)
    return from_panel(chosen, panel, rows, precision=precision, threads=threads)


def _check(chosen: FactorSet, panel: Any) -> None:
    inputs.check(chosen.factors, panel)
    if panel is None:
        return
    if "size" in chosen.neutralize and not {"market_cap", "shares_outstanding"} & set(panel.fields):
        raise ConfigError(
            f"The set {chosen.name} is neutralized by size: the panel has neither market_cap nor shares_outstanding.",
            hint='Give it a panel with items=("market_cap",), or leave size out of `neutralize`.',
        )


def asked(chosen: FactorSet) -> dict[str, Any]:
    """What a set needs of ``lake.panel``, to be handed to it by keyword: fields, items, warm-up.

    Items come in the currency of each column's price, prices as they are.
    """
    fields, items = inputs.split(chosen.needs)
    bars = tuple(dict.fromkeys((*fields, "close")))
    return {"fields": bars, "items": items, "currency": "local", "warmup": chosen.lookback}


def from_panel(
    chosen: FactorSet,
    panel: Panel,
    rows: slice = slice(None),
    *,
    precision: Precision = "float64",
    threads: int | None = None,
) -> Scores:
    """Scores on some rows of a panel, by default on every one, its warm-up included; see :func:`compute`."""
    tickers, regions = tuple(panel.tickers), tuple(panel.regions)
    sessions = {region: np.asarray(panel.sessions(region), dtype=bool) for region in dict.fromkeys(regions)}
    kept = {region: flags[rows] for region, flags in sessions.items()}
    labels = Labels(np.asarray(panel.dates)[rows], tickers, regions, kept)
    shape = (len(labels.dates), len(tickers))
    raw = {name: np.full(shape, np.nan, precision) for name in chosen.factors}
    scores = {name: np.full(shape, np.nan, precision) for name in chosen.factors}
    filled = dict.fromkeys(chosen.factors, 0) if chosen.fill else {}
    scalings = {}
    with ThreadPoolExecutor(max_workers=threads or available()) as pool:
        for region, flags in sessions.items():
            part = Slice(panel, flags, labels.columns(region))
            job = _Region(chosen, part, rows, labels, region)
            scalings[region] = job.scaling
            for name, own, scaled, count in pool.map(job.factor, job.order):
                job.write(raw[name], own)
                job.write(scores[name], scaled)
                if chosen.fill:
                    filled[name] += count
    scores[COMPOSITE] = composite_of(scores, chosen, labels)
    values = {name: _frozen(array) for name, array in scores.items()}
    frozen = {name: _frozen(array) for name, array in raw.items()}
    unclipped = partial(_unclipped, frozen, chosen, labels, scalings)
    return Scores(labels, frozen, values, (*panel.notes, *_told(filled)), unclipped, filled)


class _Region:
    """The work on one region, which its threads share."""

    def __init__(self, chosen: FactorSet, part: Slice, rows: slice, labels: Labels, region: str) -> None:
        declared = [registry.get(name) for name in chosen.factors]
        by_sector = "sector" in chosen.neutralize or not all(one.financials for one in declared)
        self.chosen, self.part = chosen, part
        self.masks = Masks.of(part, by_sector)
        size = ("market_cap",) if "size" in chosen.neutralize else ()
        self.supply = Supply(part, [*(one.needs for one in declared), *((size,) if size else ())])
        self.order = _order(declared)
        self.days = np.asarray(part.panel.dates)[part.rows]
        inside = np.zeros(len(part.rows), dtype=bool)
        inside[rows] = True
        #: Rows of the region that are kept, among its sessions; they follow one another.
        self.kept = _as_slice(inside[part.rows])
        self.target = _cell(labels.sessions[region], part.columns)
        self.scaling = Scaling.of(chosen, self.masks, self._log_size(size), self.kept)

    def factor(self, name: str) -> tuple[str, NDArray[np.float64], NDArray[np.float64], int]:
        """One factor on the kept rows: its name, own values, scores, and how many were filled in."""
        own = self._own(registry.get(name))[self.kept]
        scores, count = self.scaling.score(own, registry.get(name).direction)
        return name, own, scores, count

    def write(self, whole: Floats, values: NDArray[np.float64]) -> None:
        """Put the region's values in their place."""
        whole[self.target] = values

    def _own(self, factor: registry.Factor) -> NDArray[np.float64]:
        """The factor's values on all sessions.

        Rows with less history than the look-back have no value, so that a longer history moves none.
        """
        arrays = {need: self.supply.take(need) for need in factor.needs}
        shape = self.masks.member.shape
        values = np.array(np.broadcast_to(factor(**arrays), shape), dtype=np.float64)
        del arrays
        self.supply.give_back(factor.needs)
        values[: factor.lookback] = np.nan
        values[~np.isfinite(values)] = np.nan
        usable = self.masks.usable(factor.lookback, factor.financials)
        values[~usable] = np.nan
        days = self.chosen.fills(factor.name)
        if days:
            values = transforms.forward_fill(values, self.days, days)
            values[~usable] = np.nan
        return values

    def _log_size(self, names: tuple[str, ...]) -> NDArray[np.float64] | None:
        if not names:
            return None
        value = self.supply.take("market_cap")[self.kept]
        self.supply.give_back(names)
        return np.log(np.where(value > 0.0, value, np.nan))


def _order(factors: Sequence[registry.Factor]) -> list[str]:
    """Names in an order that lets inputs go early: next comes the factor that adds the fewest new ones."""
    left, held, order = list(factors), set[str](), []
    while left:
        users = {need: sum(need in one.needs for one in left) for one in left for need in one.needs}
        held = {need for need in held if users.get(need)}
        best = min(left, key=lambda one: (len(set(one.needs) - held), sum(users[need] for need in one.needs)))
        held |= set(best.needs)
        order.append(best.name)
        left.remove(best)
    return order


def composite_of(scores: Mapping[str, Any], chosen: FactorSet, labels: Labels) -> Any:
    """The weighted mean of scores; relative to its region where the set asks for that."""
    composite = transforms.combine(scores, chosen.factors)
    if "region" in chosen.neutralize:
        for region, rows in labels.sessions.items():
            cell = _cell(rows, labels.columns(region))
            composite[cell] = transforms.centred(composite[cell])
    return composite.astype(next(iter(scores.values())).dtype, copy=False)


def _unclipped(
    raw: Mapping[str, Floats], chosen: FactorSet, labels: Labels, scalings: Mapping[str, Scaling]
) -> NDArray[np.float64]:
    """The composite without winsorizing, which tells apart the names that it makes equal."""
    scores = {}
    for name, values in raw.items():
        scores[name] = np.full(values.shape, np.nan)
        for region, rows in labels.sessions.items():
            cell = _cell(rows, labels.columns(region))
            own = np.ascontiguousarray(values[cell], dtype=np.float64)
            scores[name][cell], _ = scalings[region].score(own, registry.get(name).direction, clip=False)
    composite: NDArray[np.float64] = _frozen(composite_of(scores, chosen, labels))
    return composite


def _kept(panel: Panel, start: str | date | None, end: str | date | None) -> slice:
    """Rows from ``start`` to ``end``: the warm-up has done its work."""
    dates = np.asarray(panel.dates)
    first = panel.start if start is None else int(np.searchsorted(dates, np.datetime64(start, "D")))
    after = len(dates) if end is None else int(np.searchsorted(dates, np.datetime64(end, "D"), side="right"))
    if first >= after:
        raise NotEnoughHistory(
            f"There are no sessions between {start or 'the first'} and {end or 'the last'}.",
            hint="Collect these dates first, or ask for others.",
        )
    return slice(first, after)


def _cell(rows: NDArray[np.bool_], columns: NDArray[np.intp]) -> tuple[Any, ...]:
    """An index of rows and columns; of slices where they follow one another, which spares copies."""
    wanted = np.zeros(columns[-1] + 1, dtype=bool)
    wanted[columns] = True
    numbers = np.flatnonzero(rows)
    if wanted[columns[0] :].all() and (not len(numbers) or len(numbers) == numbers[-1] - numbers[0] + 1):
        return _as_slice(rows), slice(int(columns[0]), int(columns[-1]) + 1)
    return np.ix_(rows, columns)


def _as_slice(flags: NDArray[np.bool_]) -> slice:
    """The rows from the first to the last flag."""
    numbers = np.flatnonzero(flags)
    return slice(int(numbers[0]), int(numbers[-1]) + 1) if len(numbers) else slice(0, 0)


def _told(filled: Mapping[str, int]) -> list[str]:
    some = {name: count for name, count in filled.items() if count}
    if not some:
        return []
    told = ", ".join(f"{name} {count:,}" for name, count in some.items())
    return [f"Missing scores filled with the median of their region and date: {told}."]


def _frozen(values: Floats) -> Any:
    values.setflags(write=False)
    return values
