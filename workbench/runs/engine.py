"""The papermill engine of the runner: our kernel, a limit for the whole run, atomic saves, progress."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NotebookExecutionManager

from workbench.runs.card import write_text
from workbench.runs.environment import SECRETS_FD
from workbench.runs.processes import kill_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workbench.runs.redaction import Redactor

#: Seconds a kernel may take to answer for the first time, and to say that it is idle after a cell.
START_TIMEOUT = 180
IDLE_TIMEOUT = 60
#: In the run's folder: what the cell under way says of itself.
PROGRESS = "progress.json"


@dataclass(frozen=True)
class Execution:
    """How a notebook is to be executed.

    Attributes
    ----------
    output : Path
        File that is saved as the cells are executed.
    folder : Path
        Working folder of the kernel.
    environment, secrets : mapping of str to str
        What the kernel finds in its environment, and what it is handed privately.
    redactor : Redactor
        The second net: outputs pass it again before they are saved.
    timeout : float or None
        Seconds for the whole execution.
    cancelled : threading.Event
        Ends the execution when it is set.
    on_cell : callable
        Called with (cells done, cells in all) before each cell and at the end.
    on_stage : callable
        Called with (stage, done, total) when a cell tells how far it is (`workbench.reports.progress`).
    """

    output: Path
    folder: Path
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    redactor: Redactor
    timeout: float | None
    cancelled: threading.Event
    on_cell: Callable[[int, int], None]
    on_stage: Callable[[str, int, int], None]


@dataclass(frozen=True)
class Outcome:
    """How an execution ended: a status, and the last lines the kernel wrote outside of the notebook."""

    status: str
    last_words: str = ""


def execute(document: Any, plan: Execution) -> Outcome:
    """Execute a notebook node in place.

    Returns
    -------
    Outcome
        ``succeeded``, ``failed`` (a cell raised), ``timed_out``, ``interrupted`` or ``died``.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="kernel") as own_thread:
        future = own_thread.submit(_in_own_loop, document, plan)
        try:
            # In short steps: a signal that another thread receives does not end a long wait of this one.
            while not wait([future], timeout=0.2).done:
                pass
            return future.result()
        except (KeyboardInterrupt, SystemExit):
            # The interrupt reaches this waiting thread, never the middle of a message to the kernel.
            plan.cancelled.set()
            wait([future])
            raise


def _in_own_loop(document: Any, plan: Execution) -> Outcome:
    """Execute with an event loop that is closed afterwards; the libraries would leave theirs open."""
    loop = ensure_event_loop()
    try:
        return _execute(document, plan)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        asyncio.set_event_loop(None)


def _execute(document: Any, plan: Execution) -> Outcome:
    manager = _Manager(document, plan)
    with tempfile.TemporaryDirectory(prefix="wb-") as private, tempfile.TemporaryFile("w+", errors="replace") as log:
        client = _Client(manager, Path(private))
        watch = _Watch(client, plan)
        manager.notebook_start()
        try:
            with watch, _channel(plan.secrets) as channel:
                client.execute(**_launch(plan, channel, log, private))
            manager.current = None
        except RuntimeError as error:  # DeadKernelError is one; a kernel that dies at its start is a plain one
            if not isinstance(error, DeadKernelError) and "died" not in str(error).lower():
                raise
            return Outcome(watch.ended_as or "died", plan.redactor.text(_tail(log)))
        finally:
            manager.notebook_complete()
    return Outcome(_status_of(document))


def _launch(plan: Execution, channel: IO[str], log: IO[str], private: str) -> dict[str, Any]:
    """Arguments of the kernel's start; what it prints past the notebook goes to a nameless file."""
    own = {SECRETS_FD: str(channel.fileno()), "IPYTHONDIR": str(Path(private) / "ipython")}
    return {
        "env": {**plan.environment, **own},
        "cwd": str(plan.folder),
        "pass_fds": (channel.fileno(),),
        "stdout": log.fileno(),
        "stderr": log.fileno(),
    }


@contextlib.contextmanager
def _channel(secrets: Mapping[str, str]) -> Any:
    """A file without a name that only the kernel inherits."""
    with tempfile.TemporaryFile("w+") as file:
        json.dump(dict(secrets), file)
        file.flush()
        yield file


def _status_of(document: Any) -> str:
    for cell in document.cells:
        if cell.metadata.get("papermill", {}).get("exception"):
            errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
            if not (errors and errors[-1].ename == "SystemExit" and errors[-1].evalue in ("", "0", "None")):
                return "failed"
            cell.metadata.papermill["status"] = "completed"
    return "succeeded"


def _tail(log: IO[str], size: int = 4000) -> str:
    length = log.seek(0, os.SEEK_END)
    log.seek(max(0, length - size))
    return log.read().strip()


class _Manager(NotebookExecutionManager):  # type: ignore[misc]
    """papermill's bookkeeping of cells, with outputs cleaned before a save and saves that are atomic."""

    def __init__(self, document: Any, plan: Execution) -> None:
        super().__init__(document, output_path=str(plan.output), progress_bar=False)
        self.plan = plan
        self.current: Any = None

    def save(self, **_: Any) -> None:
        if self.current is not None and self.current.get("outputs"):
            self.current.outputs = self.plan.redactor.clean(self.current.outputs)
        if "widgets" in self.nb.metadata:
            self.nb.metadata.widgets = self.plan.redactor.clean(self.nb.metadata.widgets)
        write_text(self.plan.output, nbformat.writes(self.nb))
        self.last_save_time = self.now()

    def cell_start(self, cell: Any, cell_index: int | None = None, **kwargs: Any) -> None:
        self.current = cell
        self.plan.on_cell(cell_index or 0, len(self.nb.cells))
        super().cell_start(cell, cell_index, **kwargs)

    def notebook_complete(self, **kwargs: Any) -> None:
        # papermill calls a cell complete although the kernel ended under it.
        if self.current is not None:
            self.current.metadata.papermill["status"] = self.FAILED
        super().notebook_complete(**kwargs)


class _Client(PapermillNotebookClient):  # type: ignore[misc]
    """A client whose kernel is ours, reached over sockets in a private folder instead of open ports."""

    def __init__(self, manager: _Manager, private: Path) -> None:
        super().__init__(
            manager,
            timeout=None,
            startup_timeout=START_TIMEOUT,
            iopub_timeout=IDLE_TIMEOUT,
            shutdown_kernel="immediate",
        )
        self.private = private

    def create_kernel_manager(self) -> Any:
        command = [sys.executable, "-P", "-m", "workbench.runs.kernel", "-f", "{connection_file}"]
        kernel = AsyncKernelManager(
            connection_file=str(self.private / "kernel.json"), transport="ipc", ip=str(self.private / "socket")
        )
        kernel._kernel_spec = KernelSpec(argv=command, display_name="Python 3", language="python")
        self.km = kernel
        return kernel

    def end_kernel(self) -> bool:
        """Kill the kernel and everything it started; False when it has not been started yet."""
        process = getattr(getattr(self.km, "provisioner", None), "process", None)
        if process is None:
            return False
        kill_tree(process.pid)
        return True


class _Watch:
    """Passes on how far a cell is, and ends the kernel when the run's time is over or it is cancelled."""

    def __init__(self, client: _Client, plan: Execution) -> None:
        self.client = client
        self.plan = plan
        self.ended_as: str | None = None
        self.finished = threading.Event()
        self.told = ""

    def _watch(self) -> None:
        limit = None if self.plan.timeout is None else time.monotonic() + self.plan.timeout
        while not self.finished.wait(0.1):
            if self.plan.cancelled.is_set():
                self.ended_as = "interrupted"
            elif limit is not None and time.monotonic() > limit:
                self.ended_as = "timed_out"
            # A kernel that is just being started has no process yet: try again then.
            if self.ended_as and self.client.end_kernel():
                return
            self._pass_on()

    def _pass_on(self) -> None:
        try:
            text = (self.plan.output.parent / PROGRESS).read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        if text != self.told:
            self.told = text
            step = json.loads(text)
            self.plan.on_stage(step["stage"], step["done"], step["total"])

    def __enter__(self) -> None:
        threading.Thread(target=self._watch, name="run-watch", daemon=True).start()

    def __exit__(self, *error: object) -> None:
        self.finished.set()
