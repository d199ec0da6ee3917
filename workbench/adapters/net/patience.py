"""How long a provider is asked again: the one loop of tries, whoever makes the request."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from workbench import journal
from workbench.errors import ShapeChanged, Throttled, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long a client tries.

    Attributes
    ----------
    attempts : int
        Calls for one request, the first included.
    longest_wait : float
        Seconds; a wait that the provider asks for and that is longer is left to the caller.
    connect, read, deadline : float
        Seconds to connect, between two pieces of a reply, and for the whole of it.
    sleep : callable
        Takes seconds; tests pass one that does not wait.
    """

    attempts: int = 3
    longest_wait: float = 65.0
    connect: float = 5.0
    read: float = 20.0
    deadline: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def keep_trying(
        self,
        once: Callable[[], T],
        provider: str,
        refused: Callable[[float], None] | None = None,
        **about: Any,
    ) -> T:
        """What ``once`` returns, called again after a wait where its failure may pass.

        Parameters
        ----------
        once : callable
            Makes one request, and raises the typed error of what came back.
        provider : str
            Named in the log, with ``about``.
        refused : callable, optional
            Told of each throttling with the seconds to wait, for the limiter.
        **about
            What was asked, for the log.

        Raises
        ------
        Throttled, Unreachable
            Of the last try; a throttling that asks for a longer wait than ours at once.
        ShapeChanged
            At once, but for a page or half a JSON (``context["garbled"]``), which a gateway sends in passing:
            once asking again has not helped.
        """
        for attempt in range(self.attempts):
            try:
                return once()
            except Throttled as error:
                wait = float(error.context.get("retry_after") or 2.0**attempt)
                if refused is not None:
                    refused(min(wait, self.longest_wait))
                journal.note("provider.throttled", level="warning", provider=provider, wait=wait, **about)
                if attempt + 1 == self.attempts or wait > self.longest_wait:
                    raise
            except (Unreachable, ShapeChanged) as error:
                garbled = bool(error.context.get("garbled"))
                if isinstance(error, ShapeChanged) and not garbled:
                    raise
                event = "provider.garbled" if garbled else "provider.unreachable"
                journal.note(event, level="warning", provider=provider, error=str(error), **about)
                if attempt + 1 == self.attempts:
                    raise
                wait = 0.5 * 2.0**attempt
            self.sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")
