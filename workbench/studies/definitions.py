"""Which definition of a factor set made the rows of its table.

A set is changed by editing its YAML or a factor's code. Rows of the old definition and of the new one do not
compare, so every row of ``factor_scores/<set>`` names the hash of what made it, and a table goes on only by
the definition it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import schemas
from workbench.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from workbench.factors import FactorSet
    from workbench.lake import Lake
    from workbench.schemas import Table

_TYPES = {"partition.region": pl.String, "min.date": pl.Date, "max.date": pl.Date} | dict.fromkeys(
    ("min.definition", "max.definition"), pl.String
)


def name_of(chosen: FactorSet) -> str:
    """Name of the table of a set."""
    return f"factor_scores/{chosen.name}"


def table(live: Lake, chosen: FactorSet) -> Table:
    """The table of a set: a column a factor, and those of factors that it had earlier, which stay empty."""
    declared = schemas.factor_scores(chosen.name, tuple(chosen.factors))
    if live.version(declared) is None:
        return declared
    earlier = [name for name in live.read(name_of(chosen), end="0001-01-01").columns if name not in declared.columns]
    if not earlier:
        return declared
    kept = tuple(dict.fromkeys((*chosen.factors, *earlier)))
    return schemas.factor_scores(chosen.name, kept)


def check(live: Lake, chosen: FactorSet, regions: Sequence[str]) -> None:
    """See that the table holds no rows of these regions by another definition.

    Raises
    ------
    LakeError
        Names the region and both hashes.
    """
    files, own = _files(live, chosen, regions), chosen.content_hash
    for region, low, high in files.select("partition.region", "min.definition", "max.definition").iter_rows():
        other = [found or "unknown" for found in (low, high) if found != own]
        if other:
            raise LakeError(
                f"{name_of(chosen)} holds scores of {region} by another definition of the set ({other[0]}; it is now "
                f"{own}): its factors, weights, transforms or their code have changed.",
                hint="Score it with anew=True, which replaces all scores of the region, or give the set another name.",
            )


def last_scored(live: Lake, chosen: FactorSet, regions: Sequence[str]) -> date | None:
    """The last date up to which every region is scored; None where one has no scores yet."""
    last = dict(_files(live, chosen, regions).group_by("partition.region").agg(pl.col("max.date").max()).iter_rows())
    return min(last.values()) if len(last) == len(regions) else None


def span(live: Lake, chosen: FactorSet, region: str) -> tuple[date, date] | None:
    """First and last date of a region's rows; None where it has none."""
    low, high = _files(live, chosen, [region]).select(pl.col("min.date").min(), pl.col("max.date").max()).row(0)
    return (low, high) if low is not None else None


def _files(live: Lake, chosen: FactorSet, regions: Sequence[str]) -> pl.DataFrame:
    """The files of some regions with the bounds of their rows, from the log alone."""
    name = name_of(chosen)
    handle = live.delta(schemas.factor_scores(chosen.name, tuple(chosen.factors)))
    if handle is None:
        return pl.DataFrame(schema=_TYPES)
    files = pl.DataFrame(handle.get_add_actions(flatten=True))
    missing = {column: kind for column, kind in _TYPES.items() if column not in files.columns}
    files = files.with_columns(pl.lit(None, kind).alias(column) for column, kind in missing.items())
    if files["min.date"].null_count():
        raise LakeError(f"Files of {name} have no bounds of their dates.", hint="Run lake.compact().")
    return files.select(pl.col(column).cast(kind) for column, kind in _TYPES.items()).filter(
        pl.col("partition.region").is_in(list(regions))
    )
