"""The contract of a data provider: what it offers, what it is asked, what it answers.

An adapter answers with the rows it has *and* with a reason for what it does not have; it never
returns a silent empty frame. It knows nothing of the lake.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from workbench import settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

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
class Listing:
    """What the lake knows of a code: providers need it to spell the code, or to find its company.

    Attributes
    ----------
    exchange : str or None
        MIC.
    issuer_id : str or None
        Of the company, such as a CIK or a corp_code.
    currency : str or None
        Of its prices.
    name : str or None
        As listed.
    listed, delisted : date or None
        First day on the list and first day off it, of the newest spell.
    """

    exchange: str | None = None
    issuer_id: str | None = None
    currency: str | None = None
    name: str | None = None
    listed: date | None = None
    delisted: date | None = None


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
    listings : mapping of str to Listing
        What is known of the tickers; a ticker may be missing in it.
    """

    region: str
    tickers: tuple[str, ...] | None = None
    start: date | None = None
    end: date | None = None
    listings: Mapping[str, Listing] = field(default_factory=dict, compare=False)

    def listing(self, ticker: str) -> Listing:
        """What is known of a ticker, an empty record where nothing is."""
        return self.listings.get(ticker, Listing())


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
    notes : tuple of str
        What a person should know of this answer, in sentences, such as a part of it that failed.
    lacking : bool
        Rows are missing because of what the notes say: the table is incomplete, and asked again.
    """

    frame: pl.DataFrame
    absent: tuple[Absent, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())
    lacking: bool = False


class Adapter(ABC):
    """One data provider.

    Attributes
    ----------
    name : str
        Written into every row's ``source``.
    batch_size : int
        How many tickers one request may name.
    secrets : tuple of str
        References of the keys it needs (``env:NAME``); empty for a free source.
    optional : str
        Name of the project's extra that it needs; empty where none.
    signup : str
        What a person does to get the keys.
    adjusted : str
        What its prices contain already: ``none``, ``split`` or ``total``, as in the column of ``ohlcv``.
    patient : bool
        It asks again itself where a failure may pass, as all that use ``net.Client`` do: collection then
        makes each request once.
    whole : frozenset of str
        Tables that are asked for all tickers at once; the others by batches of tickers.
    keyless : frozenset of str
        Tables that it gives without its keys.
    """

    name: ClassVar[str]
    batch_size: ClassVar[int] = 50
    secrets: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[str] = ""
    signup: ClassVar[str] = ""
    adjusted: ClassVar[str] = "none"
    patient: ClassVar[bool] = False
    whole: ClassVar[frozenset[str]] = frozenset({"tickers", "attributes", "fx", "indexes"})
    keyless: ClassVar[frozenset[str]] = frozenset()

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

    def now(self) -> datetime:
        """UTC now, by the provider's clock where ours is far from it."""
        return settings.now()

    def limits(self) -> str:
        """The limits in force, for a person to read."""
        return "none"

    def probe(self) -> str:
        """Make one cheap request and say what came back, for a person to read.

        Raises
        ------
        ProviderError
            As :meth:`fetch`.
        """
        return "nothing to ask"

    @abstractmethod
    def fetch(self, table: str, request: Request) -> Fetched:
        """Fetch rows of ``table``.

        Raises
        ------
        ProviderError
            Typed by what went wrong: throttled, unreachable, unauthorised, shape changed.
        """
