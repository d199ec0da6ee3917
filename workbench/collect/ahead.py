"""One question is asked ahead: while an answer is checked and published, the next one is under way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

Question = TypeVar("Question")
Answered = TypeVar("Answered")


def ahead(
    questions: Iterable[Question], ask: Callable[[Question], Answered]
) -> Generator[tuple[Question, Answered], None, None]:
    """Each question with its answer, in order; at most one answer waits.

    Parameters
    ----------
    questions : iterable
        Taken one by one.
    ask : callable
        Runs in a thread of its own, one question at a time. What it raises comes out here.
    """
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="asking")
    patient = True
    try:
        waiting = None
        for question in questions:
            upcoming = (question, pool.submit(ask, question))
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = upcoming
        if waiting is not None:
            yield waiting[0], waiting[1].result()
    except KeyboardInterrupt:
        patient = False
        raise
    finally:
        # A person who interrupts does not wait for the provider; everybody else finds no thread left behind.
        pool.shutdown(wait=patient, cancel_futures=True)
