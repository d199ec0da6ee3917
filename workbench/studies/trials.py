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

    from workbench.lake import Lake

#: Tables that results are written to: they are no input, so they do not change the identity of one.
OUTPUTS = ("trials", "backtest_results", "holdings", "signals", "technicals")


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
    """Trials of a hypothesis up to and including this one, to be asked after it was recorded.

    Counted are all that the ledger held when the run began, and those recorded before this one, also by
    runs side by side: the ledger is no input, so it is read live. A replay arrives at the same number,
    because both moments are kept: the start by the run card, the other by the trial's own row.
    """
    import polars as pl

    known = lake.live().read("trials").filter(pl.col("hypothesis") == trial.hypothesis)
    own = known.filter(pl.col("id") == trial.id)["recorded_at"].to_list()
    before = known.filter(pl.col("recorded_at") <= max([settings.run_started(), *own]))
    return len({trial.id, *before["id"]})


def record(lake: Lake, trial: Trial, outcome: Outcome) -> None:
    """Write one trial to the live lake, unless the same one stands there or this is a replay.

    The same evaluation with another result (the code of the workbench has changed) is no further try: its
    row takes the new figures and keeps its place in the count.
    """
    import polars as pl

    if replaying():
        return
    live = lake.live()
    stored = live.read("trials").filter(pl.col("id") == trial.id)
    if stored.height and outcome.status != "succeeded":
        return
    statistics, recorded_at = json.dumps(_finite(outcome.statistics)), settings.now()
    if stored.height and stored["status"][0] == "succeeded":
        if stored["statistics"][0] == statistics and stored["returns"][0].to_list() == outcome.returns:
            return
        recorded_at = stored["recorded_at"][0]
    row: dict[str, Any] = {
        **{name: getattr(trial, name) for name in trial.__dataclass_fields__},
        "recorded_at": recorded_at,
        "status": outcome.status,
        "statistics": statistics,
        "returns": outcome.returns,
    }
    schema = dict(TABLES["trials"].columns)
    live.publish("trials", pl.DataFrame([row], schema=schema))


def _is_output(name: str) -> bool:
    side = ("revisions", "quarantine", "gaps", "agreement")
    return name in OUTPUTS or name in side or name.startswith("factor_scores")


def _finite(statistics: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in statistics.items()}
