"""What several tickers brought: one that fails does not take the rows of the others with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench import journal
from workbench.adapters.base import Absent
from workbench.adapters.yahoo.service import NotCovered
from workbench.errors import ProviderError, Throttled, Unauthorised, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    Rows = list[dict[str, Any]]


class Batch:
    """Rows and absences of one request, ticker by ticker.

    Parameters
    ----------
    start, end : date
        Of the request.
    """

    def __init__(self, start: date, end: date) -> None:
        self._days = (start, end)
        self._rows: Rows = []
        self._absent: list[Absent] = []
        self._done: set[str] = set()
        self._answered = False
        self._error: ProviderError | None = None

    def add(self, ticker: str, ask: Callable[[], tuple[Rows, list[Absent]]]) -> bool:
        """Ask for one ticker; False where asking on makes no sense."""
        try:
            rows, absent = ask()
        except NotCovered as error:
            rows, absent = [], [Absent(ticker, *self._days, "not_covered", str(error) or "Yahoo does not know it")]
        except ProviderError as error:
            self._error = self._error or error
            if isinstance(error, (Throttled, Unauthorised, Unreachable)):
                return False
            # One odd body is that ticker's affair; if all are odd, the request fails.
            journal.note("yahoo.odd_answer", level="warning", ticker=ticker, error=str(error), action=error.hint)
            self._absent.append(Absent(ticker, *self._days, "unknown", error.message))
            self._done.add(ticker)
            return True
        self._rows += rows
        self._absent += absent
        self._done.add(ticker)
        self._answered = True
        return True

    def fetched(self, tickers: Sequence[str]) -> tuple[Rows, list[Absent]]:
        """All rows and absences; tickers that were not reached are throttled or unknown.

        Raises
        ------
        ProviderError
            Where no ticker was answered at all.
        """
        if self._error is not None and not self._answered:
            raise self._error
        if self._error is not None:
            reason = "throttled" if isinstance(self._error, Throttled) else "unknown"
            left = [ticker for ticker in tickers if ticker not in self._done]
            self._absent += [Absent(ticker, *self._days, reason, self._error.message) for ticker in left]
        return self._rows, self._absent
