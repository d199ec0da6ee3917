"""Progress for whatever takes longer than two seconds: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 2.0


class Progress(Protocol):
    """Called with what is under way, how much of it is done, and how much there is; and what of it just now."""

    def __call__(self, stage: str, done: int, total: int, detail: str = "") -> None: ...


@contextmanager
def progress() -> Iterator[Progress]:
    """Give a callable that shows progress on standard error until the block ends."""
    if sys.stderr.isatty():
        with _bars() as show:
            yield show
    else:
        yield _Lines()


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what is under way when the block takes longer than two seconds and cannot tell how far it is."""
    stop: list[Callable[[], None]] = []

    def begin() -> None:
        if not sys.stderr.isatty():
            click.echo(f"{what} ...", err=True)
            return
        from rich.console import Console

        status = Console(stderr=True).status(what)
        status.start()
        stop.append(status.stop)

    timer = threading.Timer(_PATIENCE, begin)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        for end in stop:
            end()


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    now = TextColumn("{task.fields[detail]}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), now)
    with Bars(*columns, console=Console(stderr=True), transient=False) as bars:
        tasks = {}

        def show(stage: str, done: int, total: int, detail: str = "") -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total, detail="")
            bars.update(tasks[stage], completed=done, total=total, detail=detail)

        yield show


class _Lines:
    """One line a stage at its end, and every two seconds in between."""

    def __init__(self) -> None:
        self._started: dict[str, float] = {}
        self._spoken: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, stage: str, done: int, total: int, detail: str = "") -> None:
        now = time.monotonic()
        with self._lock:
            started = self._started.setdefault(stage, now)
            since = now - self._spoken.get(stage, started)
            if done >= total or since >= _PATIENCE:
                self._spoken[stage] = now
                more = f" {detail}" if detail else ""
                click.echo(f"{stage}: {done:,} of {total:,} ({now - started:.0f} s){more}", err=True)
