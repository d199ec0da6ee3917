"""Ending a process together with everything it started."""

from __future__ import annotations


def kill_tree(pid: int) -> None:
    """Kill a process and its descendants, those in sessions of their own included; the dead are passed over."""
    import psutil

    try:
        top = psutil.Process(pid)
        family = [*top.children(recursive=True), top]
    except psutil.NoSuchProcess:
        return
    # The parent first, so that it starts no new children while the others end.
    for process in reversed(family):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
