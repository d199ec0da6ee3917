"""Rows of ``actions``: splits, and dividends a share as of their ex date."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from workbench import journal
from workbench.adapters.base import Absent
from workbench.adapters.yahoo import levels
from workbench.adapters.yahoo.bars import later_ratio, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from workbench.adapters.yahoo.chart import Chart, Dividend

#: A dividend beyond this part of the price, on the day of a split, is one of an old share: a yield this high is
#: rare, and together with a split rarer (6309.T on 2025-04-28: 73 yen on a price of 1,403 after a 3:1 split).
SPLIT_DAY_YIELD = 0.04


def actions(
    region: str, ticker: str, chart: Chart, start: date, end: date
) -> tuple[list[dict[str, Any]], list[Absent]]:
    """Actions with an ex date from start to end, and those of which the value is not sure.

    Yahoo's dividends are adjusted for later splits; this is undone with the splits after the ex date. On the day
    of a split itself the amount is one of the new share, except where Yahoo forgot to adjust it.
    """
    unsure = _unsure(chart)
    found: list[dict[str, Any]] = []
    absent: list[Absent] = []
    same: dict[str, Any] = {"region": region, "ticker": ticker, "source": "yahoo"}
    for day, ratio in chart.splits:
        if start <= day <= end:
            if isnan(ratio):
                absent.append(Absent(ticker, day, day, "unknown", "a split without a ratio"))
            else:
                found.append(same | {"ex_date": day, "kind": "split", "value": tidy(ratio), "currency": None})
    for dividend in _by_day(chart, start, end):
        doubt = next((split for split in unsure if dividend.day < split), None)
        if doubt is not None:
            detail = f"a dividend of {dividend.amount:g} before the split of {doubt}, which Yahoo may not have applied"
            absent.append(Absent(ticker, dividend.day, dividend.day, "unknown", detail))
            continue
        value = {"value": tidy(_as_of_ex_date(chart, dividend)), "currency": dividend.currency or chart.currency}
        found.append(same | {"ex_date": dividend.day, "kind": "dividend"} | value)
    return found, absent


def _by_day(chart: Chart, start: date, end: date) -> Iterator[Dividend]:
    """One dividend a day and currency; what was paid apart on one day is one sum."""
    from workbench.adapters.yahoo.chart import Dividend

    sums: dict[date, Dividend] = {}
    for one in chart.dividends:
        before = sums.get(one.day)
        if before is not None and before.currency != one.currency:
            journal.note(
                "dividend.currencies",
                level="warning",
                action="Compare with the company's notice: only one currency of this ex date is kept.",
                provider="yahoo",
                symbol=chart.symbol,
                ex_date=one.day,
                kept=before.currency,
            )
        elif start <= one.day <= end:
            sums[one.day] = Dividend(one.day, one.amount + (before.amount if before else 0.0), one.currency)
    yield from (sums[day] for day in sorted(sums))


def _as_of_ex_date(chart: Chart, dividend: Dividend) -> float:
    same_day = [ratio for day, ratio in chart.splits if day == dividend.day and ratio > 1]
    amount = dividend.amount * later_ratio(chart.splits, dividend.day)
    before = next((row.close for row in reversed(chart.rows) if row.day < dividend.day), None)
    if same_day and before and dividend.amount > SPLIT_DAY_YIELD * before:
        return amount / same_day[0]
    return amount


def _unsure(chart: Chart) -> list[date]:
    """Days of splits that may stand in the prices before them, or not."""
    judged = [(day, ratio, levels.judge(chart.rows, day, ratio)) for day, ratio in chart.splits]
    return [day for day, ratio, split in judged if isnan(ratio) or (split and (not split.sure or split.first_adjusted))]
