"""The list of all runs: as a frame, and as the page ``reports/index.html``."""

from __future__ import annotations

import fcntl
import json
from typing import TYPE_CHECKING, Any

from workbench import settings
from workbench.runs import card as cards
from workbench.runs import pinning

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from workbench.lake import Snapshot


def write_index() -> Path:
    """Write the page that lists the runs, newest first; two processes wait for each other.

    Returns
    -------
    Path
        ``index.html`` in the folder of reports.
    """
    from workbench.reports import page

    root = settings.load().reports
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".index.lock").open("w") as lock:
        # Runs are read under the lock: the last one to finish writes a page with all of them.
        fcntl.flock(lock, fcntl.LOCK_EX)
        cards.write_text(root / "index.html", page.render_index(run.card for run in cards.read_all(root)))
    return root / "index.html"


def history() -> pl.DataFrame:
    """Return all runs, newest first.

    Returns
    -------
    polars.DataFrame
        ``id``, ``notebook``, ``title``, ``status``, ``started`` and ``ended`` (UTC), ``seconds``,
        ``parameters`` and ``headline`` (JSON texts), ``snapshot`` (id), ``commit``, ``dirty``,
        ``replay_of``, ``error``, ``report`` (path). What a run has not is null.
    """
    import polars as pl

    moment = pl.Datetime("us", "UTC")
    texts = ("id", "notebook", "title", "status")
    schema: dict[str, Any] = {
        **dict.fromkeys(texts, pl.String),
        "started": moment,
        "ended": moment,
        "seconds": pl.Float64,
        **dict.fromkeys(("parameters", "headline", "snapshot", "commit"), pl.String),
        "dirty": pl.Boolean,
        **dict.fromkeys(("replay_of", "error", "report"), pl.String),
    }
    rows = []
    for run in cards.read_all():
        lake = run.card.get("lake", {})
        snapshot = lake.get("snapshot") or lake.get("before") or {}
        rows.append(
            {
                **{name: run.card.get(name) for name in (*texts, "started", "ended", "seconds", "replay_of")},
                "parameters": json.dumps(run.card.get("parameters", {}), ensure_ascii=False),
                "headline": json.dumps(run.headline, ensure_ascii=False),
                "snapshot": snapshot.get("id"),
                **{name: run.card.get("code", {}).get(name) for name in ("commit", "dirty")},
                "error": run.error,
                "report": str(run.report),
            }
        )
    times = {"started": pl.String, "ended": pl.String}
    frame = pl.DataFrame(rows, schema={**schema, **times}, orient="row")
    return frame.with_columns(pl.col(*times).str.to_datetime(time_unit="us", time_zone="UTC", strict=False))


def kept_snapshots() -> list[Snapshot]:
    """Return the moments of the lake that a kept run names, for ``lake.vacuum(keep=...)``.

    The replay of a run that wrote had a scratch lake, whose versions mean nothing here.
    """
    in_scratch = {run.id for run in cards.read_all() if run.card.get("replay_of") and "before" in run.card["lake"]}
    found = [pinning.of_card(run.card) for run in cards.read_all() if run.id not in in_scratch]
    return [snapshot for snapshot in found if snapshot is not None]
