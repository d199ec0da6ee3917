"""The count of all tries: every evaluation leaves a row, also when it fails. There is no off switch."""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench import settings
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl

    from workbench.lake import Lake

#: Tables that results are written to: they are no input, so they do not change the identity of one.
OUTPUTS = ("trials", "backtest_results", "holdings", "signals")

_THIS_PROCESS: dict[tuple[str, str], set[str]] = {}


@dataclass(frozen=True)
class Trial:
    """One evaluation of one strategy with one set of parameters.

    Attributes
    ----------
    id : str
        Hash of the strategy, its parameters, the dates, the engine and the versions of the input tables:
        the same evaluation again is not another try.
    hypothesis, strategy, strategy_hash, parameters, universe, snapshot, engine : str
        What was tried; parameters as JSON.
    start, end : date or None
        As asked, then as evaluated.
    """

    id: str
    hypothesis: str
    strategy: str
    strategy_hash: str
    parameters: str
    universe: str
    snapshot: str
    engine: str
    start: date | None
    end: date | None


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: ``succeeded``, ``failed`` or ``interrupted``, with statistics and daily returns."""

    status: str
    statistics: Mapping[str, float]
    returns: list[float]


def replaying() -> bool:
    """True in a replay, which shows again what has been counted before."""
    return os.environ.get("WORKBENCH_REPLAY") == "1"


def identity(lake: Lake, *parts: object) -> str:
    """Hash of what a result depends on: the given parts and the versions of all input tables."""
    versions = lake.snapshot().versions
    inputs = {name: version for name, version in sorted(versions.items()) if not _is_output(name)}
    text = json.dumps([[str(part) for part in parts], inputs], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def count(lake: Lake, trial: Trial) -> int:
    """Trials of a hypothesis up to and including this one.

    Counted are those the lake shows at its (pinned) moment and those of this process, so that a replay
    on the same moment arrives at the same number.
    """
    known = lake.read("trials").filter(_of(trial.hypothesis))["id"].to_list()
    here = _THIS_PROCESS.setdefault((str(lake.root), trial.hypothesis), set())
    here.add(trial.id)
    return len(here | set(known))


def record(lake: Lake, trial: Trial, outcome: Outcome) -> None:
    """Write one trial to the live lake, unless the same one stands there or this is a replay."""
    import polars as pl

    if replaying():
        return
    live = lake.live()
    stored = live.read("trials").filter(pl.col("id") == trial.id)
    if stored.height and (stored["status"][0] == "succeeded" or outcome.status != "succeeded"):
        return
    row: dict[str, Any] = {
        **{name: getattr(trial, name) for name in trial.__dataclass_fields__},
        "recorded_at": settings.now(),
        "status": outcome.status,
        "statistics": json.dumps(_finite(outcome.statistics)),
        "returns": outcome.returns,
    }
    schema = dict(TABLES["trials"].columns)
    live.publish("trials", pl.DataFrame([row], schema=schema))


def _of(hypothesis: str) -> pl.Expr:
    import polars as pl

    return pl.col("hypothesis") == hypothesis


def _is_output(name: str) -> bool:
    side = ("revisions", "quarantine", "gaps", "agreement")
    return name in OUTPUTS or name in side or name.startswith("factor_scores")


def _finite(statistics: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in statistics.items()}
