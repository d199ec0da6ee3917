"""Factors over a panel: each region on its own sessions, then aligned to the union of dates."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from workbench.errors import ConfigError, NotEnoughHistory
from workbench.factors import inputs, registry, sets, transforms
from workbench.factors.kernels.threads import cores
from workbench.factors.regional import BLOCK, Regional, blocks, cell_of
from workbench.factors.scores import COMPOSITE, Labels, Scores
from workbench.factors.supply import Slice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from workbench.factors.scaling import Scaling
    from workbench.factors.sets import FactorSet
    from workbench.lake import Lake
    from workbench.lake.panel import Panel

    Floats = NDArray[np.floating[Any]]

Precision = Literal["float64", "float32"]


def compute(
    factors: str | Sequence[str] | FactorSet,
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
    factors : str, sequence of str, or FactorSet
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
    DataError
        A factor's function returns something else than numbers of the shape of its columns. What the function
        raises itself comes through, with a note that names the factor and the region.
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
    named = (factors,) if isinstance(factors, str) else factors
    chosen = named if isinstance(named, sets.FactorSet) else sets.of(tuple(named))
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
    raw, values = ({name: _empty(labels, precision) for name in chosen.factors} for _ in range(2))
    filled = dict.fromkeys(chosen.factors, 0)
    scalings, told = {}, list[str]()
    with ThreadPoolExecutor(threads or cores()) as pool:
        for region, flags in sessions.items():
            work = Regional(chosen, Slice(panel, flags, labels.columns(region)), rows)
            work.own_values(raw, pool)
            for name, count in work.scores(raw, values, pool).items():
                filled[name] += count
            scalings[region] = work.scaling
            told += work.notes
        values[COMPOSITE] = _composite(values, chosen, labels, pool)
    own, scores = _frozen(raw), _frozen(values)
    unclipped = partial(_unclipped, own, chosen, labels, scalings)
    return Scores(
        labels,
        own,
        scores,
        (
            *panel.notes,
            *inputs.notes(chosen.needs, panel),
            *_told(filled),
            *_small_samples(chosen),
            *told,
            *_empty_ones(own, scores, labels),
        ),
        unclipped,
        filled if chosen.fill else {},
    )


def _empty(labels: Labels, precision: Precision) -> Floats:
    """An array for one value a date and ticker, NaN where no region will write."""
    shape = (len(labels.dates), len(labels.tickers))
    everywhere = all(rows.all() for rows in labels.sessions.values())
    return np.empty(shape, precision) if everywhere else np.full(shape, np.nan, precision)


def _composite(scores: Mapping[str, Floats], chosen: FactorSet, labels: Labels, pool: Executor) -> Floats:
    """The weighted mean of scores; relative to its region where the set asks for that."""
    composite = np.empty((len(labels.dates), len(labels.tickers)), next(iter(scores.values())).dtype)

    def job(rows: slice) -> None:
        composite[rows] = composite_of(
            {name: array[rows] for name, array in scores.items()}, chosen, labels.of_rows(rows)
        )

    list(pool.map(job, blocks(len(composite), max(1, BLOCK // max(len(labels.tickers), 1)))))
    return composite


def composite_of(scores: Mapping[str, Floats], chosen: FactorSet, labels: Labels) -> NDArray[np.float64]:
    """The weighted mean of scores, shape (T, N); relative to its region where the set asks for that."""
    composite = transforms.combine(scores, chosen.factors)
    if "region" in chosen.neutralize:
        for region, rows in labels.sessions.items():
            cell = cell_of(np.flatnonzero(rows), labels.columns(region))
            composite[cell] = transforms.centred(composite[cell])
    return composite


def _unclipped(
    raw: Mapping[str, Floats], chosen: FactorSet, labels: Labels, scalings: Mapping[str, Scaling]
) -> NDArray[np.float64]:
    """The composite without winsorizing, which tells apart the names that it makes equal."""
    scores = {}
    for name, values in raw.items():
        scores[name] = np.full(values.shape, np.nan)
        for region, rows in labels.sessions.items():
            cell = cell_of(np.flatnonzero(rows), labels.columns(region))
            own = np.ascontiguousarray(values[cell], dtype=np.float64)
            scores[name][cell], _ = scalings[region].score(own, registry.get(name).direction, clip=False)
    composite = composite_of(scores, chosen, labels)
    composite.setflags(write=False)
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


def _told(filled: Mapping[str, int]) -> list[str]:
    some = {name: count for name, count in filled.items() if count}
    if not some:
        return []
    told = ", ".join(f"{name} {count:,}" for name, count in some.items())
    return [f"Missing scores filled with the median of their region and date: {told}."]


def _small_samples(chosen: FactorSet) -> list[str]:
    if chosen.transform != "rank" or chosen.fewest_names >= transforms.RANK_MIN_NAMES:
        return []
    usual = transforms.RANK_MIN_NAMES
    return [
        f"Ranks stand from {chosen.fewest_names} names a region and date on, as the set asks, and not from {usual}."
    ]


def _empty_ones(raw: Mapping[str, Floats], scores: Mapping[str, Floats], labels: Labels) -> list[str]:
    """Factors that score nothing at all in a region, which the composite would pass over in silence."""
    told = []
    for name, values in raw.items():
        for region in labels.region_names():
            columns = labels.columns(region)
            if not _nothing(scores[name], columns):
                continue
            why = "it has no value" if _nothing(values, columns) else "too few names have a value, or all are equal"
            told.append(f"{region}: {name} has no score on any date; {why}.")
    return told


def _nothing(values: Floats, columns: NDArray[np.intp]) -> bool:
    """Whether all values of a region are missing; the last rows are looked at first."""
    return all(bool(np.isnan(values[row, columns]).all()) for row in range(len(values) - 1, -1, -1))


def _frozen(arrays: dict[str, Floats]) -> dict[str, Any]:
    for values in arrays.values():
        values.setflags(write=False)
    return arrays
