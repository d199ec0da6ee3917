"""Score a market by a factor set, and keep the scores in the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import factors, markets, schemas
from workbench.errors import ConfigError
from workbench.factors import FactorSet
from workbench.studies import parameters, trials

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    import polars as pl

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

    Returns
    -------
    Scores
        As published, at full precision; the table holds float32. A replay publishes nothing.
    """
    chosen = load_factor_set(factor_set) if isinstance(factor_set, str) else factor_set
    asked = markets.check_regions([regions] if isinstance(regions, str) else list(regions))
    view = lake if lake.pinned else lake.at(lake.snapshot())
    scores = factors.compute(chosen, view, asked, start=start, end=end)
    if not trials.replaying():
        _publish(lake, chosen, scores)
    return scores


def _publish(lake: Lake, chosen: FactorSet, scores: Scores) -> None:
    import polars as pl

    table = schemas.factor_scores(chosen.name, tuple(chosen.factors))
    frame = rows(scores).select(pl.col(name).cast(kind) for name, kind in table.columns.items())
    live = lake.live()
    for (region,), part in frame.group_by("region", maintain_order=True):
        live.publish(table, part, region=str(region))


def rows(scores: Scores) -> pl.DataFrame:
    """Scores under the codes of the exchanges: region, ticker, date, a column a factor, composite.

    A re-used code is one code again: its two listings never have a score on the same day.
    """
    import polars as pl

    code = pl.col("ticker").str.split_exact(":", 1).struct.field("field_1")
    return scores.to_polars().with_columns(code.str.split_exact("#", 1).struct.field("field_0").alias("ticker"))
