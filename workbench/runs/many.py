"""Several runs side by side, each in a kernel of its own."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.runs import card as cards
from workbench.runs import runner
from workbench.runs.plan import Plan, prepare

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from workbench.runs.card import Run
    from workbench.runs.runner import Progress, Step


@dataclass(frozen=True)
class Job:
    """One run to be done; the fields are the arguments of `run`."""

    notebook: str | Path | None
    parameters: dict[str, Any] = field(default_factory=dict)
    params_file: str | Path | None = None
    timeout: float | None = None


def run_many(jobs: Iterable[Job], *, workers: int = 2, progress: Progress | None = None) -> list[Run]:
    """Run several notebooks, ``workers`` at a time; a run that fails stops no other.

    Parameters
    ----------
    jobs : iterable of Job
        All of them are checked before the first one starts.
    workers : int
        How many run at the same time.
    progress : callable, optional
        Called with a `Step`, from the thread of each run.

    Returns
    -------
    list of Run
        In the order of the jobs.

    Raises
    ------
    ConfigError
        One of the jobs cannot be run as it is written; nothing was started.
    """
    plans = [prepare(job.notebook, job.parameters, params_file=job.params_file, timeout=job.timeout) for job in jobs]
    cancelled = threading.Event()
    with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="run") as pool:
        futures = [pool.submit(_attempt, plan, progress, cancelled) for plan in plans]
        try:
            while wait(futures, timeout=0.2).not_done:
                pass
            return [future.result() for future in futures]
        except BaseException:
            _stop(futures, cancelled)
            raise


def _attempt(plan: Plan, progress: Progress | None, cancelled: threading.Event) -> Run:
    folders: list[str] = []

    def remember(step: Step) -> None:
        folders.append(step.run_id)
        if progress is not None:
            progress(step)

    try:
        return runner.perform(plan, progress=remember, cancelled=cancelled)
    except Exception:
        # The runner has written the card of what went wrong; the other runs go on.
        if not folders:
            raise
        return cards.load(folders[0])


def _stop(futures: list[Future[Run]], cancelled: threading.Event) -> None:
    for future in futures:
        future.cancel()
    cancelled.set()
