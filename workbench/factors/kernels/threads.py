"""Parts of an array over the machine's cores: compiled kernels let go of Python's lock."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Below this number of cells a thread costs more than it saves.
_SMALL = 200_000


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(work: Callable[[int, int], None], length: int, cells: int, step: int = 1) -> None:
    """Call ``work(first, last)`` on ranges that make up ``range(length)``, each a multiple of ``step``.

    Several ranges a core, so that one core that is busy elsewhere does not keep the others waiting.
    """
    workers = cores()
    if workers == 1 or cells < _SMALL:
        work(0, length)
        return
    size = max(step, -(-length // (4 * workers * step)) * step)
    starts = range(0, length, size)
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(lambda start: work(start, min(start + size, length)), starts):
            pass
