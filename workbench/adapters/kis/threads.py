"""Asks for many codes at once, as fast as the limiter lets: threads that live as long as the adapter."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from workbench.adapters.net.batch import Batch
from workbench.errors import ProviderError, Throttled, Unauthorised

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workbench.adapters.base import Absent
    from workbench.adapters.kis.bars import Asked

T = TypeVar("T")
#: Calls under way at once: enough for 15 a second at three quarters of a second each.
WIDTH = 12


class Stopped(ProviderError):
    """Asking on made no sense any more, since others of the same request had failed."""


class Stop:
    """Lets the threads of one fetch end once asking on makes no sense."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """From now on nobody begins another call."""
        self._event.set()

    def check(self) -> None:
        """Called before each call.

        Raises
        ------
        Stopped
            If asking on makes no sense.
        """
        if self._event.is_set():
            raise Stopped("Not asked: others of the same request had failed.", hint="Collect again later.")


class Threads:
    """A pool of threads, whose connections stay open between two requests."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(WIDTH, thread_name_prefix="kis")

    def ask(
        self,
        work: Callable[[Asked, Stop], T],
        asked: Sequence[Asked],
        proof: Callable[[T], bool] = lambda _: True,
    ) -> tuple[dict[str, T], list[Absent]]:
        """What each code was answered, and the absence of those that failed while others did not.

        Parameters
        ----------
        work : callable
            ``work(asked, stop)`` makes the calls of one code, and looks at ``stop`` before each.
        asked : sequence of Asked
            Of one request.
        proof : callable
            Whether an answer shows that the service is well.

        Raises
        ------
        ProviderError
            The first one, where no code was answered with proof.
        """
        if not asked:
            return {}, []
        stop, batch = Stop(), Batch("kis", asked[0].start, asked[0].end)

        def ask_one(one: Asked) -> T:
            try:
                return work(one, stop)
            except (Throttled, Unauthorised):
                stop.set()
                raise

        futures = {one.ticker: self._pool.submit(ask_one, one) for one in asked}
        answers: dict[str, T] = {}
        try:
            for ticker, future in futures.items():
                if batch.stopped:
                    stop.set()
                    if future.cancel():
                        continue
                error = future.exception()
                if isinstance(error, Stopped):
                    continue
                batch.ask(ticker, future.result, proof)
                if error is None:
                    answers[ticker] = future.result()
        finally:
            stop.set()
            for future in futures.values():
                future.cancel()
        return answers, batch.absent([one.ticker for one in asked])
