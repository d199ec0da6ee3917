"""The contract of a data provider: what it offers, what it is asked, what it answers.

An adapter answers with the rows it has *and* with a reason for what it does not have; it never
returns a silent empty frame. It knows nothing of the lake.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl

#: Why something is not there. Only ``throttled`` and ``unknown`` are worth asking again.
REASONS = (
    "not_listed_yet",
    "delisted",
    "suspended",
    "holiday",
    "not_covered",
    "quarantined",
    "throttled",
    "unknown",
)
RETRIED = frozenset({"throttled", "unknown"})


@dataclass(frozen=True)
class Request:
    """What is asked of a provider.

    Attributes
    ----------
    region : str
        One of the six regions.
    tickers : tuple of str or None
        Local exchange codes; None asks for all (listings, FX: the currencies).
    start, end : date or None
        First and last exchange-local date, both included; None leaves the side open.
    """

    region: str
    tickers: tuple[str, ...] | None = None
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True)
class Absent:
    """A stretch of days for which there is no row, and why.

    Attributes
    ----------
    ticker : str
        Local exchange code.
    start, end : date
        First and last day without rows, both included.
    reason : str
        One of :data:`REASONS`.
    detail : str
        What the provider said, for a person to read.
    """

    ticker: str
    start: date
    end: date
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Fetched:
    """The answer of a provider: rows, and the reason for each stretch without rows.

    Attributes
    ----------
    frame : polars.DataFrame
        Columns of the table's schema in :mod:`workbench.schemas`.
    absent : tuple of Absent
        What was asked and is not there.
    """

    frame: pl.DataFrame
    absent: tuple[Absent, ...] = field(default=())


class Adapter(ABC):
    """One data provider.

    Attributes
    ----------
    name : str
        Written into every row's ``source``.
    batch_size : int
        How many tickers one request may name.
    """

    name: ClassVar[str]
    batch_size: ClassVar[int] = 50

    @property
    @abstractmethod
    def offers(self) -> Mapping[str, frozenset[str]]:
        """Tables this provider has, and for which regions."""

    @abstractmethod
    def last_date(self, region: str) -> date:
        """The last completed trading day of which the provider has bars."""

    def first_date(self, region: str) -> date | None:  # noqa: ARG002
        """The first day of which the provider has bars, None where it does not say."""
        return None

    @abstractmethod
    def fetch(self, table: str, request: Request) -> Fetched:
        """Fetch rows of ``table``.

        Raises
        ------
        ProviderError
            Typed by what went wrong: throttled, unreachable, unauthorised, shape changed.
        """
