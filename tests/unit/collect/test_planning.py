"""The range that a first collection asks for."""

from __future__ import annotations

from datetime import date

import polars as pl

from workbench.collect.planning import _first_day

END = date(2025, 3, 14)


def first_day(*listed: date | None) -> date:
    return _first_day("US", pl.DataFrame({"listed_date": listed}, schema={"listed_date": pl.Date}), END, None)


def test_it_begins_with_the_first_listing_and_not_before_ten_years() -> None:
    assert first_day(date(2022, 5, 2), date(2024, 1, 3)) == date(2022, 5, 2)
    assert first_day(date(1999, 5, 3), date(2024, 1, 3)) == date(2015, 3, 15)


def test_a_listing_without_a_first_day_is_no_young_one() -> None:
    assert first_day(None, date(2024, 1, 3)) == date(2015, 3, 15)
    assert first_day() == date(2015, 3, 15)
