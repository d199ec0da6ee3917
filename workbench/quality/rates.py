"""The check of exchange rates: bad prints are quarantined, a rate that stays is believed later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.quality.catalogue import FX_JUMP


@dataclass(frozen=True)
class CheckedRates:
    """What a check of rates says.

    Attributes
    ----------
    good, quarantined : polars.DataFrame
        Rows as received; ``quarantined`` has ``reasons``, codes joined by commas.
    repeated : int
        Identical repetitions of a row, of which one is kept.
    """

    good: pl.DataFrame
    quarantined: pl.DataFrame
    repeated: int = 0


def check_fx(frame: pl.DataFrame, *, previous: pl.DataFrame | None = None) -> CheckedRates:
    """Check daily fixes: null, non-positive, contradicting and far-off rates are quarantined.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns currency, date, usd_per_unit (USD for one unit), and any others, which pass through.
    previous : polars.DataFrame, optional
        Believed fixes in the same columns; of each currency the last one before the frame counts.

    Returns
    -------
    CheckedRates
        Every row is in exactly one of ``good`` and ``quarantined``, or counted in ``repeated``.

    Notes
    -----
    A rate is compared with the last believed one. When three fixes in a row agree with each other on a
    new level (a devaluation), the level is believed from the third.
    """
    single = frame.unique(["currency", "date", "usd_per_unit"], keep="first", maintain_order=True)
    rate = pl.col("usd_per_unit").fill_nan(None)
    code = (
        pl.when(rate.is_null())
        .then(pl.lit("missing_price"))
        .when(rate <= 0.0)
        .then(pl.lit("non_positive"))
        .when(pl.len().over("currency", "date") > 1)
        .then(pl.lit("duplicate_conflict"))
    )
    coded = single.sort("currency", "date").with_columns(reasons=code)
    parts = [_far_off(part, previous) for part in coded.partition_by("currency", maintain_order=True)]
    judged = pl.concat(parts) if parts else coded
    good = judged.filter(pl.col("reasons").is_null()).drop("reasons")
    return CheckedRates(good, judged.filter(pl.col("reasons").is_not_null()), frame.height - single.height)


def _far_off(part: pl.DataFrame, previous: pl.DataFrame | None) -> pl.DataFrame:
    """Mark the rates of one currency that left the last believed level."""
    level = _start(part, previous)
    reasons = part["reasons"].to_list()
    waiting: list[float] = []
    for place, rate in enumerate(part["usd_per_unit"].to_list()):
        if reasons[place] is not None:
            continue
        settled = len(waiting) == 2 and all(_near(rate, other) for other in waiting)
        if level is None or _near(rate, level) or settled:
            level, waiting = rate, []
        else:
            waiting = [*waiting, rate][-2:]
            reasons[place] = "fx_jump"
    return part.with_columns(pl.Series("reasons", reasons, dtype=pl.String))


def _start(part: pl.DataFrame, previous: pl.DataFrame | None) -> float | None:
    currency = part["currency"][0]
    if previous is not None:
        known = previous.filter((pl.col("currency") == currency) & (pl.col("date") < part["date"].min())).sort("date")
        if not known.is_empty():
            return float(known["usd_per_unit"][-1])
    believed = part.filter(pl.col("reasons").is_null()).head(5)["usd_per_unit"].to_numpy()
    return float(np.median(believed)) if len(believed) else None


def _near(rate: float, level: float) -> bool:
    return abs(rate / level - 1.0) <= FX_JUMP
