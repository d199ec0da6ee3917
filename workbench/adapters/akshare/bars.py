"""Daily bars as traded, and the reason for each session without one.

An empty answer proves nothing: Eastmoney sends it for a share that did not trade and when it throttles. It is
proof only when a longer answer for the same code holds bars before or after the days that are asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from workbench import journal, markets
from workbench.adapters.akshare import columns, symbols
from workbench.adapters.akshare.judging import NoBars, UnknownCode, emptied, kline_judge, no_bars
from workbench.adapters.akshare.routing import EXTRA
from workbench.adapters.base import Absent, Fetched
from workbench.adapters.net import absences, listed_reason
from workbench.adapters.net.batch import Batch
from workbench.errors import ProviderError, Throttled

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from workbench.adapters.akshare.calls import Eastmoney
    from workbench.adapters.akshare.routing import Library
    from workbench.adapters.base import Listing, Request

#: A code that always has bars: whether its answer is empty too tells throttling from a share without bars.
CANARY = {"CN": "1.000001", "HK": "116.00700"}
EVER, FOREVER = date(1970, 1, 1), date(2050, 1, 1)
#: A bar that is missing sooner after the close may still come.
_SETTLED = timedelta(hours=12)


@dataclass
class Bars:
    """Fetches the bars of the tickers of one request.

    Attributes
    ----------
    library, pages : Library and Eastmoney
        The two ways to the kline page.
    request : Request
        What is asked.
    start, end : date
        Its days.
    last : callable
        ``last()`` gives the last session whose bar is complete.
    now : callable
        UTC now by the provider's clock.
    """

    library: Library
    pages: Eastmoney
    request: Request
    start: date
    end: date
    last: Callable[[], date]
    now: Callable[[], datetime]

    def fetch(self) -> Fetched:
        """Rows of ``ohlcv`` and absences of all tickers.

        Raises
        ------
        ProviderError
            As :meth:`Adapter.fetch`, where no share at all was answered; a share without bars is no error.
        """
        frames, absent = [columns.none_of("ohlcv")], list[Absent]()
        tickers = tuple(dict.fromkeys(self.request.tickers or ()))
        batch = Batch(EXTRA, self.start, self.end)
        for ticker in tickers:
            if batch.stopped:
                break
            found = batch.ask(ticker, partial(self._one, ticker), proof=lambda one: not one[0].is_empty())
            if found is not None:
                frames.append(found[0])
                absent += found[1]
        return Fetched(pl.concat(frames), (*absent, *batch.absent(tickers)))

    def _one(self, ticker: str) -> tuple[pl.DataFrame, list[Absent]]:
        none, region = columns.none_of("ohlcv"), self.request.region
        if not markets.is_code(region, ticker):
            return none, [self._all(ticker, "not_covered", "no code of this market")]
        if not self._sessions():
            return none, [self._all(ticker, "holiday", "no session in this range")]
        listing = self.request.listing(ticker)
        if self.start > self.last():
            return none, self._absent(ticker, none, none, listing)
        try:
            asked, history = self._answered(ticker)
        except UnknownCode:
            return none, self._unknown(ticker, listing)
        if history.is_empty():
            return none, self._without(ticker, listing, "unknown", "no bar at all, though Eastmoney answers for others")
        first = max(self.start, markets.first_known(region))
        mine = columns.within(asked, first, min(self.end, self.last()))
        rows = columns.ohlcv(mine, region=region, ticker=ticker, collected_at=self.now())
        return rows, self._absent(ticker, mine, history, listing)

    def _answered(self, ticker: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Bars that hold the days that are asked, and the longest answer there was."""
        end = min(self.end, self.last())
        if self.request.region == "CN" and self.start > EVER:
            try:
                asked = self._klines(ticker, self.start, end, no_bars)
            except NoBars:
                pass
            else:
                return asked, asked
        try:
            whole = self._klines(ticker, EVER, FOREVER, emptied)
        except Throttled as error:
            if not error.context.get("empty"):
                raise
            return self._proved_by_canary(error)
        if self.request.region == "CN" and not columns.within(whole, self.start, end).is_empty():
            journal.note("provider.throttled", level="warning", provider="akshare", ticker=ticker, error="false empty")
        return whole, whole

    def _klines(self, ticker: str, start: date, end: date, empty: Callable[[str], ProviderError]) -> pl.DataFrame:
        """Bars by the library, or by our client for a code whose market the library takes wrongly."""
        region, code = self.request.region, symbols.secid(self.request.region, ticker)
        begin, stop = f"{start:%Y%m%d}", f"{end:%Y%m%d}"
        judged = kline_judge(code, empty=empty)
        if region == "HK":
            found = self.library.call("stock_hk_hist", judged=judged, symbol=ticker, period="daily", adjust="")
        elif code.startswith(f"{symbols.library_digit(ticker)}."):
            found = self.library.call(
                "stock_zh_a_hist",
                judged=judged,
                symbol=ticker,
                period="daily",
                start_date=begin,
                end_date=stop,
                adjust="",
            )
        else:
            return columns.bars(self.pages.klines(code, begin, stop, empty=empty), region=region, ticker=ticker)
        return columns.bars(columns.from_library(found), region=region, ticker=ticker)

    def _proved_by_canary(self, error: Throttled) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Nothing, where another code is answered; else the code was not answered because of throttling."""
        try:
            self.pages.klines(CANARY[self.request.region], f"{self.last() - timedelta(days=30):%Y%m%d}", "20500101")
        except ProviderError:
            raise error from None
        empty = columns.none_of("ohlcv")
        return empty, empty

    def _unknown(self, ticker: str, listing: Listing) -> list[Absent]:
        """``data: null`` is believed for a code that nobody else knows."""
        if listing.exchange is None:
            return [self._all(ticker, "not_covered", "Eastmoney knows no such code")]
        return self._without(
            ticker, listing, "unknown", "Eastmoney answers as if it knew no such code, which is listed"
        )

    def _without(self, ticker: str, listing: Listing, reason: str, detail: str) -> list[Absent]:
        why = listed_reason(listing.listed, listing.delisted, (), (reason, detail))
        return list(absences(self.request.region, ticker, (), self.start, self.end, why))

    def _absent(self, ticker: str, mine: pl.DataFrame, history: pl.DataFrame, listing: Listing) -> list[Absent]:
        """Sessions without a bar: Eastmoney leaves out days on which a share did not trade."""
        last, have = self.last(), set(mine["date"].to_list())
        known = history["date"].to_list()
        newest = max(known, default=date.min)
        listed = listed_reason(
            listing.listed, listing.delisted, known, ("suspended", "no bar on a session inside the answer")
        )

        def why(day: date) -> tuple[str, str]:
            reason = listed(day)
            if reason[0] in ("delisted", "not_listed_yet"):
                return reason
            if day > last:
                return "unknown", f"the last complete session is {last}"
            if day > newest and self._recent(day):
                return "unknown", "no bar yet, so soon after the close"
            return reason

        return list(absences(self.request.region, ticker, have, self.start, self.end, why))

    def _recent(self, day: date) -> bool:
        return self.now() - markets.close_time(self.request.region, day) < _SETTLED

    def _sessions(self) -> bool:
        region = self.request.region
        first, last = max(self.start, markets.first_known(region)), min(self.end, markets.last_known(region))
        return first <= last and bool(markets.sessions(region, first, last))

    def _all(self, ticker: str, reason: str, detail: str) -> Absent:
        return Absent(ticker, self.start, self.end, reason, detail)
