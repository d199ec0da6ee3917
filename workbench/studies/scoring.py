"""Score a market by a factor set, and keep the scores in the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import factors, markets
from workbench.errors import ConfigError
from workbench.factors import FactorSet
from workbench.studies import composites, definitions, longform, parameters, trials

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from workbench.factors import Scores
    from workbench.lake import Lake


def load_factor_set(name: str | Path) -> FactorSet:
    """The factor set of ``params/factors/<name>.yaml``, or of a file.

    Raises
    ------
    ConfigError
        With file, field and bound; also for an unknown factor.
    """
    chosen = parameters.load(FactorSet, "factors", name)
    for factor in chosen.factors:
        try:
            factors.get(factor)
        except ConfigError as error:
            raise ConfigError(f"{name}: factors: {error.message}", hint=error.hint) from error
    return chosen


def score(
    factor_set: FactorSet | str,
    lake: Lake,
    regions: str | Sequence[str],
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    update: bool = False,
    anew: bool = False,
) -> Scores:
    """Compute the scores of a factor set and publish them as ``factor_scores/<set>``.

    Parameters
    ----------
    factor_set : FactorSet or str
        A set, or its name in ``params/factors/``.
    lake : Lake
        Prices are read at one moment: the pinned one, or now.
    regions : str or sequence of str
        Regions, each scored on its own sessions.
    start, end : date or ISO text, optional
        First and last date of the scores; the warm-up before ``start`` is read as well.
    update : bool
        Go on from the last date that the table holds for these regions, which is scored again, since a bar
        may have come late. Earlier scores stay as they are, also where bars were corrected since.
    anew : bool
        Delete what the table holds for these regions, in the same commit: for a set whose definition has
        changed.

    Returns
    -------
    Scores
        As published, in the table's own float32; they replace what the table holds of these dates, also where
        a name has no score any more. A replay publishes nothing.

    Raises
    ------
    ConfigError
        ``update`` together with ``start`` or ``anew``.
    LakeError
        The table holds scores of these regions by another definition of the set: other factors, weights,
        transforms or code. They are never mixed.

    Notes
    -----
    A session that is scored alone has the same numbers as within a run over ten years, to the bit.
    """
    chosen = load_factor_set(factor_set) if isinstance(factor_set, str) else factor_set
    asked = markets.check_regions([regions] if isinstance(regions, str) else list(regions))
    if update and (start is not None or anew):
        raise ConfigError(
            "update=True goes on from the last date of the table.", hint="Leave out `start` and `anew`, or update."
        )
    live = lake.live()
    if not anew and not trials.replaying():
        definitions.check(live, chosen, asked)
    view = lake if lake.pinned else lake.at(lake.snapshot())
    first = definitions.last_scored(live, chosen, asked) if update else start
    scores = _scores(chosen, view, asked, first, end)
    if not trials.replaying():
        _publish(live, chosen, scores, anew)
    return scores


def _scores(
    chosen: FactorSet, view: Lake, asked: Sequence[str], start: str | date | None, end: str | date | None
) -> Scores:
    """Scores in the precision of the table; a fitted composite learns from the sessions before ``start`` as well."""
    if not chosen.combination.fitted:
        return factors.compute(chosen, view, asked, start=start, end=end, precision="float32")
    first, last = parameters.day(start, "start"), parameters.day(end, "end")
    panel = composites.load(chosen, view, asked, first, last)
    return composites.scored(chosen, panel, first, last).rounded()


def _publish(live: Lake, chosen: FactorSet, scores: Scores, anew: bool) -> None:
    """One commit a region; on the dates that were computed nothing older stays."""
    table, definition = definitions.table(live, chosen), chosen.content_hash
    first, last = scores.labels.dates[0].item(), scores.labels.dates[-1].item()
    for region in scores.labels.region_names():
        stored = definitions.span(live, chosen, region) if anew else None
        days = (first, last) if stored is None else (min(first, stored[0]), max(last, stored[1]))
        live.publish(table, longform.rows(scores, region, definition), region, replace=days)
