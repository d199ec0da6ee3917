"""Splits, bonus issues and rights from the raw and the adjusted series, with as few calls as can be.

A range of up to 100 sessions is two calls, one a series. A longer one is two calls for every 100 months of
month-end prices, and two more around each month in which the ratio moved: nearly all shares cost two calls in all.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from workbench import journal, markets
from workbench.adapters.kis import pages, splits
from workbench.adapters.kis.client import NoSuchInstrument

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.adapters.kis.bars import Asked
    from workbench.adapters.kis.client import KisClient
    from workbench.adapters.kis.pages import Period, Row
    from workbench.adapters.kis.threads import Stop

    #: ex date, kind, value
    Action = tuple[date, str, float]

#: ``flng_cls_code`` of Korea with rights in it: the ratio is that of a bonus issue or of rights, not of a split.
_RIGHTS = ("01", "04", "06", "07")
#: With a dividend or a distribution only, which Korean adjusted prices leave out.
_PAYOUT = ("02", "03", "05")
#: Adjusted prices are rounded to so much: whole won, and the decimals of the master files elsewhere.
_UNITS = {"KR": 1.0, "US": 0.0001, "CN": 0.001, "HK": 0.001, "JP": 0.1, "VN": 1.0}
_MONTH = timedelta(days=40)


def collect(client: KisClient, asked: Asked, stop: Stop) -> list[Action] | None:
    """Actions of one code with ex dates in the days wanted; None where the service does not know the code.

    Raises
    ------
    ProviderError
        As :meth:`KisClient.get`.
    """
    if asked.instrument is None:
        return None
    try:
        return _collect(client, asked, stop)
    except NoSuchInstrument:
        return None


def _collect(client: KisClient, asked: Asked, stop: Stop) -> list[Action] | None:
    region, instrument = asked.region, asked.instrument
    assert instrument is not None
    start = max(asked.start, markets.first_known(region))
    if start > asked.end:
        return [] if instrument.in_master else None
    if _sessions(region, start, asked.end) < pages.FULL - 10:
        raw, adjusted = _daily(client, asked, start - timedelta(days=12), asked.end, stop)
        if not raw:
            return [] if instrument.in_master else None
        return _actions(asked, raw, adjusted)
    raw_months, adjusted_months = _months(client, asked, start - _MONTH, stop)
    if not raw_months:
        return [] if instrument.in_master else None
    found: list[Action] = []
    done = date.min
    prices = _prices(region, raw_months, adjusted_months)
    for move in splits.moves(prices, _least(region)):
        # The end of a month says that something happened in it; which day, the days around say.
        first, last = max(move.before - timedelta(days=5), done), move.day + _MONTH
        if last < start or first > asked.end:
            continue
        raw, adjusted = _daily(client, asked, first, min(last, asked.end), stop)
        found += [one for one in _actions(asked, raw, adjusted) if one[0] > done]
        done = max([done, *(row.day for row in raw)])
    return found


def _sessions(region: str, start: date, end: date) -> int:
    last = min(end, markets.last_known(region))
    return len(markets.session_array(region, start, last)) if start <= last else 0


def _daily(client: KisClient, asked: Asked, start: date, end: date, stop: Stop) -> tuple[list[Row], list[Row]]:
    """Both series from start to end: one call each, more only where the days around a long halt are many."""
    series = []
    for adjusted in (False, True):
        rows, upto = [], end
        while start <= upto:
            stop.check()
            page = _page(client, asked, start, upto, "D", adjusted=adjusted)
            rows += [row for row in page if row.day >= start]
            if len(page) < pages.FULL or page[-1].day <= start:
                break
            upto = page[-1].day - timedelta(days=1)
        series.append(rows)
    return series[0], series[1]


def _months(client: KisClient, asked: Asked, start: date, stop: Stop) -> tuple[list[Row], list[Row]]:
    raw: list[Row] = []
    adjusted: list[Row] = []
    end = asked.end
    while start <= end:
        stop.check()
        more = _page(client, asked, start, end, "M", adjusted=False)
        if not more:
            break
        raw += more
        adjusted += _page(client, asked, start, end, "M", adjusted=True)
        oldest = min(row.day for row in more)
        if len(more) < pages.FULL or oldest <= start:
            break
        end = oldest - timedelta(days=1)
    return raw, adjusted


def _page(client: KisClient, asked: Asked, start: date, end: date, period: Period, *, adjusted: bool) -> list[Row]:
    assert asked.instrument is not None
    page = pages.ask(client, asked.instrument, start, end, adjusted=adjusted, period=period)
    return [row for row in page.rows if row.day <= end]


def _prices(region: str, raw: Iterable[Row], adjusted: Iterable[Row]) -> splits.Prices:
    return splits.Prices.joined(
        {row.day: row.close for row in raw}, {row.day: row.close for row in adjusted}, _UNITS[region]
    )


def _least(region: str) -> float:
    return splits.LEAST_KOREA if region == "KR" else splits.LEAST


def _actions(asked: Asked, raw: list[Row], adjusted: list[Row]) -> list[Action]:
    codes = {row.day: row.ex_code for row in raw}
    found = []
    for move in splits.moves(_prices(asked.region, raw, adjusted), _least(asked.region)):
        if not asked.start <= move.day <= asked.end:
            continue
        action = _action(move, codes.get(move.day, ""))
        if action is None:
            journal.note(
                "kis.ratio_moved",
                region=asked.region,
                ticker=asked.ticker,
                day=move.day,
                factor=round(move.factor, 6),
                why="no ratio in which shares are split",
            )
        else:
            found.append(action)
    return found


def _action(move: splits.Move, ex_code: str) -> Action | None:
    """The action of a move; ``ex_code`` is Korea's word on the day, empty elsewhere.

    A share that went ex rights has a bonus issue where the ratio is one of shares, else rights in money: what the
    price was lowered by, since the ratio is base price over last close.
    """
    if ex_code in _PAYOUT:
        return None
    ratio = splits.split_ratio(move.factor, move.blur)
    if ex_code in _RIGHTS and move.factor > 1:
        if ratio is not None:
            return move.day, "bonus", ratio
        return move.day, "rights", round(move.close * (1 - 1 / move.factor), 4)
    return None if ratio is None else (move.day, "split", ratio)
