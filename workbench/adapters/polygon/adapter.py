"""The provider Polygon: which table is asked where, and a reason for each session without a bar."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

import polars as pl

from workbench import markets, secrets, settings
from workbench.adapters.base import Absent, Adapter, Fetched
from workbench.adapters.net import absences, listed_reason
from workbench.adapters.net.batch import Batch
from workbench.adapters.polygon import actions, bars, details, listing
from workbench.adapters.polygon.api import KEY, NAME, Api
from workbench.adapters.polygon.history import FIRST_DAY, History
from workbench.adapters.polygon.kept import Kept
from workbench.errors import ConfigError, ProviderError
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workbench.adapters.base import Request
    from workbench.adapters.net import Patience

#: After the close: extended hours run for four more, and their trades are part of the day's bar.
END_OF_DAY = timedelta(hours=4, minutes=15)
_LEARNED_HOURS = 7 * 24.0
_TABLES = ("tickers", "attributes", "ohlcv", "actions", "shares")


class Polygon(Adapter):
    """US listings, bars, splits, dividends, share counts and sectors of polygon.io.

    Parameters
    ----------
    calls_per_minute : int or None
        What the plan allows; by default ``POLYGON_CALLS_PER_MINUTE``, without it 5 (the free plan).
    keep_hours : float
        How long whole-market days and details are kept on disk, so that a stopped collection goes on.
    patience : Patience or None
        Attempts and time limits of calls.
    """

    name: ClassVar[str] = NAME
    #: More than the sessions of two years: bars of a large market are asked by session, once for all batches.
    batch_size: ClassVar[int] = 1_000
    patient: ClassVar[bool] = True
    secrets: ClassVar[tuple[str, ...]] = (KEY,)
    signup: ClassVar[str] = "Make a free key at https://polygon.io (now https://massive.com) and put it into .env."

    def __init__(
        self, *, calls_per_minute: int | None = None, keep_hours: float = 12.0, patience: Patience | None = None
    ) -> None:
        self._calls_per_minute, self._keep_hours, self._patience = calls_per_minute, keep_hours, patience

    @property
    def offers(self) -> Mapping[str, frozenset[str]]:
        return dict.fromkeys(_TABLES, frozenset({"US"}))

    def last_date(self, region: str) -> date:
        return markets.last_completed_session(region, self.now() - END_OF_DAY)

    def first_date(self, region: str) -> date | None:  # noqa: ARG002
        return self._history.first if secrets.is_set(KEY) else FIRST_DAY

    def now(self) -> datetime:
        return self._api.client.now() if "_api" in self.__dict__ else settings.now()

    def limits(self) -> str:
        limiter = self._api.limiter
        rates = " and ".join(str(rate) for rate in limiter.rates)
        reach = f"bars from {self._history.refused + timedelta(days=1)}" if self._history.refused else "all bars"
        return f"{rates} at {limiter.pace():.0%} pace (POLYGON_CALLS_PER_MINUTE for a paid plan), {reach} so far"

    def probe(self) -> str:
        reply = self._api.client.get("/v1/marketstatus/now")
        body = reply.json()
        if not isinstance(body, dict) or "market" not in body:
            raise reply.changed("no market status")
        return f"the US market is {body['market']} at {body.get('serverTime', 'an unknown time')}"

    def fetch(self, table: str, request: Request) -> Fetched:
        if table not in _TABLES or request.region != "US":
            raise ProviderError(
                f"{NAME} has no {table} of {request.region}.", hint=f"It has {', '.join(_TABLES)} of US."
            )
        if table == "tickers":
            return self._tickers(request)
        start, end = request.start or FIRST_DAY, request.end or self.last_date("US")
        if start > end:
            raise ConfigError(f"The start {start} lies after the end {end}.", hint="Swap them.")
        if table == "ohlcv":
            return self._ohlcv(request, start, end)
        if table == "actions":
            frame = actions.fetch(self._api, self._days, request.tickers, start, end)
            return Fetched(frame, tuple(_unknown(request, frame, start, end)))
        tickers = request.tickers if request.tickers is not None else tuple(listing.active_stocks(self._api))
        last = self.last_date("US")
        if table == "shares":
            return details.shares(self._details, tickers, start, end, last)
        return details.attributes(self._details, tickers, (start, end), self._today(), last)

    def _tickers(self, request: Request) -> Fetched:
        frame = listing.fetch(self._api, request.tickers, self._listed_on)
        start, end = request.start or FIRST_DAY, request.end or self._today()
        have = set(frame["ticker"])
        missing = (ticker for ticker in request.tickers or () if ticker not in have)
        return Fetched(frame, tuple(Absent(one, start, end, "not_covered", "no such ticker") for one in missing))

    def _ohlcv(self, request: Request, start: date, end: date) -> Fetched:
        last = partial(self.last_date, "US")
        first, final = max(start, markets.first_known("US")), min(end, last())
        days = markets.sessions("US", first, final) if first <= final else []
        asked = None if request.tickers is None else tuple(dict.fromkeys(request.tickers))
        batch = Batch(NAME, start, end)
        found = bars.fetch(self._api, self._history, self._days, asked, days, last, batch)
        failed = batch.absent(asked or ())
        # The clocks have been compared by now: the running day is told by the provider's.
        frame = found.frame.filter(pl.col("date") <= last()).with_columns(
            region=pl.lit("US"), timeframe=pl.lit("D"), source=pl.lit(NAME), collected_at=pl.lit(self.now())
        )
        schema = TABLES["ohlcv"]
        frame = frame.select(pl.col(name).cast(kind) for name, kind in schema.columns.items()).sort(schema.key)
        dates = {str(ticker): set(have) for ticker, have in frame.group_by("ticker").agg("date").rows()}
        gaps = _Gaps(request, start, end, last(), self._history.first, days, found.waiting)
        answered = [one for one in asked or sorted(dates) if one not in {gap.ticker for gap in failed}]
        return Fetched(frame, (*failed, *(gap for one in answered for gap in gaps.of(one, dates.get(one, set())))))

    def _today(self) -> date:
        return self.now().astimezone(ZoneInfo("America/New_York")).date()

    def _listed_on(self, ticker: str, cik: str | None) -> date | None:
        """First day of a listing, if the details of the ticker are at hand."""
        found = self._details.at_hand(ticker, self.last_date("US"))
        same = cik is None or found.get("cik") in (None, cik)
        return listing.day_of(found.get("list_date")) if same else None

    @cached_property
    def _api(self) -> Api:
        return Api(self._calls_per_minute, self._patience)

    @cached_property
    def _days(self) -> Kept:
        return Kept(settings.load().state / NAME / "days", self._keep_hours)

    @cached_property
    def _details(self) -> details.Details:
        return details.Details(self._api, Kept(settings.load().state / NAME / "details", self._keep_hours))

    @cached_property
    def _history(self) -> History:
        key = hashlib.sha256(secrets.secret(KEY).reveal().encode()).hexdigest()[:16]
        return History(Kept(settings.load().state / NAME / key, _LEARNED_HOURS))


class _Gaps:
    """Why there is no bar: by the clock, by the listing, by the plan."""

    def __init__(
        self,
        request: Request,
        start: date,
        end: date,
        last: date,
        covered: date,
        days: list[date],
        waiting: Mapping[date, str],
    ) -> None:
        self.request, self.start, self.end, self.last, self.covered = request, start, end, last, covered
        self.waiting = waiting
        self.answered = any(day >= covered and day not in waiting for day in days)

    def of(self, ticker: str, have: set[date]) -> Iterator[Absent]:
        known = self.request.listing(ticker)
        if not have and self.answered and known.listed is None and known.delisted is None:
            yield Absent(ticker, self.start, self.end, "not_covered", "no bar in the whole range")
            return
        # Bars before the newest listing are those of an earlier one of the same code.
        listed = known.listed if known.listed and all(day >= known.listed for day in have) else None
        otherwise = listed_reason(listed, known.delisted, have, ("not_covered", "no bar on this day"))

        def why(day: date) -> tuple[str, str]:
            if day > self.last:
                return "unknown", "the day is not over, extended hours included"
            if day in self.waiting:
                return "unknown", self.waiting[day]
            reason = otherwise(day)
            if reason[0] == "not_covered" and day < self.covered:
                return "not_covered", f"the plan of the key begins on {self.covered}"
            return reason

        yield from absences("US", ticker, have, self.start, self.end, why)


def _unknown(request: Request, frame: pl.DataFrame, start: date, end: date) -> Iterator[Absent]:
    """Tickers without an action that nobody has heard of: whether they exist cannot be told from an empty answer."""
    have = set(frame["ticker"])
    for ticker in request.tickers or ():
        if ticker not in have and ticker not in request.listings:
            yield Absent(ticker, start, end, "not_covered", "no action, and no listing that says the ticker exists")
