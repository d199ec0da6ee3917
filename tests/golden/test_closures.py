"""Sessions of all six regions against what real prices and indexes show.

The facts stand in `data/reference/closures_observed.md` of the shared material: a date counts as
traded when most tickers then present have a row with volume. They were taken over by date; the tests
marked `real` read the price files themselves.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from workbench import markets


def days(year: int, text: str) -> list[date]:
    """``days(2024, "01-01 02-08")`` as dates."""
    return [date.fromisoformat(f"{year}-{day}") for day in text.split()]


#: closures_observed.md, table of Vietnam: every closed weekday of the years it covers.
VIETNAM_CLOSED = {
    2020: "01-01 01-23 01-24 01-27 01-28 01-29 04-02 04-30 05-01 09-02",
    2021: "01-01 02-10 02-11 02-12 02-15 02-16 04-21 04-30 05-03 09-02 09-03",
    2022: "01-03 01-31 02-01 02-02 02-03 02-04 04-11 05-02 05-03 09-01 09-02",
    2023: "01-02 01-20 01-23 01-24 01-25 01-26 05-01 05-02 05-03 09-01 09-04",
    2024: "01-01 02-08 02-09 02-12 02-13 02-14 04-18 04-29 04-30 05-01 09-02 09-03",
    2025: "01-01 01-27 01-28 01-29 01-30 01-31 04-07 04-30 05-01 05-02 09-01 09-02",
}


def closed_weekdays(region: str, start: date, end: date) -> list[date]:
    every = pl.date_range(start, end, "1d", eager=True).to_list()
    sessions = set(markets.sessions(region, start, end))
    return [day for day in every if day.weekday() < 5 and day not in sessions]


@pytest.mark.parametrize("year", VIETNAM_CLOSED)
def test_vietnam_was_closed_on_exactly_the_observed_days(year: int) -> None:
    end = date(2025, 11, 13) if year == 2025 else date(year, 12, 31)
    assert closed_weekdays("VN", date(year, 1, 1), end) == days(year, VIETNAM_CLOSED[year])


def test_vietnam_has_45_closed_weekdays_in_the_price_file_and_no_weekend_session() -> None:
    start, end = date(2022, 1, 4), date(2025, 11, 13)
    # 46 closed weekdays stand in the table from 2022; 2022-01-03 lies before the price file.
    assert len(closed_weekdays("VN", start, end)) == 45
    assert len(markets.sessions("VN", start, end)) == 963
    assert all(day.weekday() < 5 for day in markets.sessions("VN", date(2002, 3, 1), date(2027, 12, 31)))


def test_vietnam_schedule_of_2026_as_the_exchange_announced_it() -> None:
    # https://cafef.vn/chung-khoan-viet-nam-se-nghi-giao-dich-12-phien-188251209150402243.chn: 12 days.
    announced = "01-01 02-16 02-17 02-18 02-19 02-20 04-27 04-30 05-01 08-31 09-01 09-02"
    assert closed_weekdays("VN", date(2026, 1, 1), date(2026, 11, 23)) == days(2026, announced)


@pytest.mark.parametrize(
    ("region", "start", "end", "sessions"),
    [
        # closures_observed.md, summary: sessions of the library in the range of each file, Hong Kong
        # less the two days on which the library is wrong.
        ("KR", "2017-01-02", "2019-09-05", 656),
        ("KR", "2019-01-02", "2019-09-05", 169),
        ("KR", "2023-12-05", "2025-06-17", 370),
        ("US", "2015-03-20", "2017-03-31", 513),
        ("CN", "2022-01-04", "2024-06-26", 599),
        ("HK", "2021-01-04", "2025-10-30", 1188 - 2),
        ("JP", "2020-01-06", "2026-02-06", 1489),
        # Indexes: KOSPI, SP500, and TOPIX (5,349 rows, one of them the outage day, one session missing).
        ("KR", "2000-01-05", "2022-12-29", 5677),
        ("US", "2000-01-05", "2026-04-10", 6605),
        ("JP", "2004-04-01", "2026-02-06", 5349),
    ],
)
def test_number_of_sessions_in_the_observed_ranges(region: str, start: str, end: str, sessions: int) -> None:
    assert len(markets.sessions(region, date.fromisoformat(start), date.fromisoformat(end))) == sessions


@pytest.mark.parametrize(
    ("region", "closed"),
    [
        # Rows without a trade on these days are data faults, not sessions.
        ("KR", "2017-10-02 2018-01-01 2018-02-15 2018-02-16"),
        ("US", "2015-04-03 2015-05-25 2015-07-03"),
        ("HK", "2021-10-13 2023-07-17 2023-09-01 2023-09-08"),
        ("JP", "2020-10-01"),  # the outage of a whole day
        ("KR", "2026-06-03 2026-07-17"),  # local elections; Constitution Day, a public holiday again
    ],
)
def test_closed_days(region: str, closed: str) -> None:
    assert not any(markets.is_session(region, date.fromisoformat(day)) for day in closed.split())


@pytest.mark.parametrize(
    ("region", "traded"),
    [
        # Days missing or thin in a file although the market traded.
        ("KR", "2017-09-22 2017-12-20 2021-01-22 2017-09-26 2017-12-27 2018-03-07 2018-07-25 2019-05-16 2022-01-03"),
        ("US", "2016-09-01"),
        ("HK", "2024-01-15"),
        ("JP", "2007-06-06 2017-09-01 2020-11-02"),
        ("CN", "2026-06-15 2026-06-22 2026-06-29 2026-07-06 2026-07-13"),
    ],
)
def test_sessions_that_a_file_lacks(region: str, traded: str) -> None:
    assert all(markets.is_session(region, date.fromisoformat(day)) for day in traded.split())


@pytest.mark.parametrize(
    "day",
    ["2021-02-11", "2021-12-24", "2021-12-31", "2022-01-31", "2024-02-09", "2024-12-24", "2024-12-31", "2025-01-28"],
)
def test_hong_kong_half_days_close_at_noon(day: str) -> None:
    session = date.fromisoformat(day)
    assert markets.close_time("HK", session).strftime("%H:%M") == "04:00"


#: file -> region, ranges, sessions without most tickers trading, days of trading without a session.
FILES = {
    "KR": ("KR", [("2017-01-02", "2019-09-05")], "2017-09-22 2017-09-26 2017-12-20"),
    "KR_recent": ("KR", [("2023-12-05", "2025-06-17")], ""),
    "KR_marcap": (
        "KR",
        [
            ("2021-01-04", "2021-02-22"),
            ("2022-01-03", "2022-02-17"),
            ("2023-01-02", "2023-02-14"),
            ("2024-01-02", "2024-02-13"),
        ],
        "2021-01-22",
    ),
    "US": ("US", [("2015-03-20", "2017-03-31")], ""),
    "CN": ("CN", [("2022-01-04", "2024-06-26")], ""),
    # Six half days are filled rows without volume (2024-02-09 has 155 of 456 and stays above the bar).
    "HK": ("HK", [("2021-01-04", "2025-10-30")], "2021-02-11 2022-01-31 2024-12-24 2024-12-31 2025-01-28"),
    "JP": ("JP", [("2020-01-06", "2026-02-06")], ""),
    "VN": ("VN", [("2022-01-04", "2025-11-13")], ""),
}
#: A date counts as traded when at least this part of the usual number of tickers has volume; the
#: thinnest real session (KR 2018-03-07) has 0.39 of it, the fullest false one less than 0.01.
BAR = 0.25


@pytest.mark.real
@pytest.mark.parametrize("file", FILES)
def test_traded_days_of_the_real_file_are_our_sessions(file: str, real_data: Path) -> None:
    region, ranges, faults = FILES[file]
    lacking = {date.fromisoformat(day) for day in faults.split()}
    expected: set[date] = set()
    for start, end in ranges:
        expected |= set(markets.sessions(region, date.fromisoformat(start), date.fromisoformat(end)))
    assert lacking <= expected
    assert traded_days(real_data / "ohlcv" / f"{file}.parquet") == expected - lacking


def traded_days(path: Path) -> set[date]:
    """Dates on which the usual number of tickers has a row with volume above zero."""
    counts = (
        pl.scan_parquet(path)
        .group_by("date")
        .agg(pl.col("ticker").filter(pl.col("volume") > 0).n_unique().alias("traded"))
        .sort("date")
        .with_columns(pl.col("traded").rolling_median(61, center=True, min_samples=1).alias("usual"))
        .collect()
    )
    return set(counts.filter(pl.col("traded") >= BAR * pl.col("usual"))["date"])


@pytest.mark.real
@pytest.mark.parametrize(
    ("index", "region", "lacking", "extra"),
    [
        # closures_observed.md, the lines on indexes.
        ("KOSPI", "KR", "2007-03-02 2011-10-04 2017-09-22 2017-12-20 2022-01-03 2022-05-09", ""),
        ("SP500", "US", "", ""),
        ("HANGSENG", "HK", "2012-03-19", ""),
        ("CSI300", "CN", "2026-06-15 2026-06-16 2026-06-17 2026-06-22 2026-06-29 2026-07-06 2026-07-13", ""),
        ("TOPIX", "JP", "2007-06-06", "2020-10-01"),
        ("VNINDEX", "VN", "", ""),
    ],
)
def test_dates_of_the_real_index_are_our_sessions(
    index: str, region: str, lacking: str, extra: str, real_data: Path
) -> None:
    frame = pl.read_parquet(real_data / "reference" / "indexes.parquet").filter(pl.col("close").is_not_null())
    known = frame.filter((pl.col("index") == index) & (pl.col("date") >= date(2000, 1, 4)))["date"]
    ours = set(markets.sessions(region, known.min(), known.max()))
    assert ours - set(known) == {date.fromisoformat(day) for day in lacking.split()}
    assert set(known) - ours == {date.fromisoformat(day) for day in extra.split()}
