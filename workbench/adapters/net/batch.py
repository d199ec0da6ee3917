"""Several tickers asked one by one: one that fails does not take the answers of the others with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from workbench import journal
from workbench.adapters.base import Absent
from workbench.errors import ProviderError, Throttled, Unauthorised, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

T = TypeVar("T")
#: Failures in a row after which it is not the tickers: two calls without an answer, three odd bodies.
_GONE, _ODD = 2, 3


class NotCovered(Exception):
    """The provider does not know the ticker, which says nothing of its being delisted."""


class Batch:
    """Answers and absences of one request, ticker by ticker.

    Parameters
    ----------
    provider : str
        Its name, for the log.
    start, end : date
        Of the request.

    Attributes
    ----------
    stopped : bool
        Asking on makes no sense: it was refused, or failed several times in a row.
    """

    def __init__(self, provider: str, start: date, end: date) -> None:
        self.stopped = False
        self._provider, self._days = provider, (start, end)
        self._absent: dict[str, Absent] = {}
        self._done: set[str] = set()
        self._answered = False
        self._error: ProviderError | None = None
        self._in_a_row: list[ProviderError] = []

    def ask(self, ticker: str, call: Callable[[], T], proof: Callable[[T], bool] = lambda _: True) -> T | None:
        """The answer for one ticker; None where there is none, of which :meth:`absent` says why.

        Parameters
        ----------
        ticker : str
            Whose answer it is.
        call : callable
            Asks.
        proof : callable
            Whether an answer shows that the provider is well; one without a row may not.
        """
        try:
            found = call()
        except NotCovered as error:
            detail = str(error) or f"{self._provider} does not know it"
            self._absent[ticker] = Absent(ticker, *self._days, "not_covered", detail)
            self._in_a_row = []
            return None
        except ProviderError as error:
            self._failed(ticker, error)
            return None
        self._answered, self._in_a_row = self._answered or proof(found), []
        self._done.add(ticker)
        return found

    def absent(self, tickers: Sequence[str]) -> list[Absent]:
        """The tickers without an answer; those that were not reached are throttled or unknown.

        Raises
        ------
        ProviderError
            The first one, where no ticker was answered with proof.
        """
        if self._error is not None and not self._answered:
            raise self._error
        if self._error is not None:
            last = self._in_a_row[-1] if self._in_a_row else self._error
            reason = "throttled" if isinstance(last, Throttled) else "unknown"
            for ticker in tickers:
                if ticker not in self._done:
                    self._absent.setdefault(ticker, Absent(ticker, *self._days, reason, last.message))
        return list(self._absent.values())

    def _failed(self, ticker: str, error: ProviderError) -> None:
        self._error = self._error or error
        self._in_a_row.append(error)
        gone = sum(isinstance(one, Unreachable) for one in self._in_a_row)
        refused = isinstance(error, (Throttled, Unauthorised))
        self.stopped = refused or gone >= _GONE or len(self._in_a_row) >= _ODD
        if not refused:
            # So far it is that ticker's affair; if it is all of them, the request fails.
            journal.note(
                "provider.odd_answer",
                level="warning",
                provider=self._provider,
                ticker=ticker,
                error=str(error),
                action=error.hint,
            )
            self._absent[ticker] = Absent(ticker, *self._days, "unknown", error.message)
