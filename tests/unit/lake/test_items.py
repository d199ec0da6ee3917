"""Items of a panel: periods before, one currency, what a lake may be without, and the dense array on demand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from workbench import markets
from workbench.errors import DataError
from workbench.lake.panel import Panel
from workbench.lake.stepped import FOREIGN, PLAIN, Items, Stepped
from workbench.schemas.names import parse

YEARS = [date(2021, 12, 31), date(2022, 12, 31), date(2023, 12, 31)]


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("revenue", ("revenue", False, 0)),
        ("revenue_ttm", ("revenue", True, 0)),
        ("revenue_prior", ("revenue", False, 4)),
        ("revenue_ttm_prior2", ("revenue", True, 8)),
        ("total_assets_lag3", ("total_assets", False, 3)),
        ("debt_current_ttm_lag12", ("debt_current", True, 12)),
    ],
)
def test_names_have_an_item_twelve_months_and_a_lag(written: str, parts: tuple[str, bool, int]) -> None:
    assert parse(written) == parts


@pytest.mark.parametrize("name", ["revenue_prior_ttm", "revenue_lag2_ttm", "revenue_lag2_prior", "revenue_prior_lag1"])
def test_parts_in_another_order_are_refused(name: str) -> None:
    with pytest.raises(DataError, match=f"'{name}' is written in another order") as caught:
        parse(name)
    assert "item_ttm_prior" in caught.value.hint


@pytest.mark.parametrize(("name", "count"), [("revenue_prior0", 0), ("revenue_lag0", 0), ("revenue_prior11", 44)])
def test_a_lag_of_nothing_or_of_more_than_ten_years_is_refused(name: str, count: int) -> None:
    with pytest.raises(DataError, match=f"asks {count} quarters back; 1 to 40"):
        parse(name)


def test_a_year_before_is_as_last_filed_by_the_date(two: Any, days: list[date]) -> None:
    for number, end in enumerate(YEARS):
        two.filing("000010", "revenue", end, days[number], 10.0 * (number + 1), period="FY", filing_id=f"y{number}")
    two.filing("000010", "revenue", YEARS[1], days[4], 22.0, period="FY", vintage=2, filing_id="again")
    panel = two.lake.panel("KR", items=("revenue_ttm", "revenue_ttm_prior", "revenue_prior2", "revenue_lag4"))
    # The year 2021 alone is too old to be known in March 2024; beside a newer one it is what was before.
    np.testing.assert_array_equal(panel["revenue_ttm"][:, 0], [np.nan, 20.0, 30.0, 30.0, 30.0, 30.0])
    np.testing.assert_array_equal(panel["revenue_ttm_prior"][:, 0], [np.nan, 10.0, 20.0, 20.0, 22.0, 22.0])
    np.testing.assert_array_equal(panel["revenue_prior2"][:, 0], [np.nan, np.nan, 10.0, 10.0, 10.0, 10.0])
    np.testing.assert_array_equal(panel["revenue_lag4"], panel["revenue_ttm_prior"])


def test_a_filing_of_a_holiday_counts_from_the_next_session(desk: Any) -> None:
    days = markets.sessions("KR", date(2024, 2, 28), date(2024, 3, 6))
    assert date(2024, 3, 1) not in days
    desk.bars("KR", "000010", dict.fromkeys(days, 100.0))
    desk.filing("000010", "revenue", YEARS[2], date(2024, 3, 1), 7.0)
    values = desk.lake.panel("KR", items=("revenue",))["revenue"][:, 0]
    assert np.isnan(values[: days.index(date(2024, 3, 4))]).all()
    assert values[days.index(date(2024, 3, 4)) :].tolist() == [7.0] * 3


def test_a_count_of_a_year_ago_is_that_of_the_day_on_the_shares_of_the_date(desk: Any) -> None:
    days = markets.sessions("KR", date(2023, 1, 2), date(2024, 6, 28))
    desk.bars("KR", "000010", dict.fromkeys(days, 100.0))
    desk.action("KR", "000010", date(2024, 4, 1), "split", 5.0)
    same = {"region": "KR", "ticker": "000010", "source": "desk"}
    counts = [(date(2023, 1, 2), 100.0), (date(2023, 6, 30), 110.0)]
    rows = [{"date": day, "available_date": day + timedelta(30), "shares_outstanding": n, **same} for day, n in counts]
    desk.publish("shares", rows, "KR")
    panel = desk.lake.panel("KR", items=("shares_outstanding", "shares_outstanding_prior"))

    def at(name: str, day: date) -> float:
        return float(panel[name][panel.dates.tolist().index(day), 0])

    assert at("shares_outstanding", date(2023, 7, 28)) == 100.0
    assert at("shares_outstanding", date(2023, 7, 31)) == 110.0
    assert np.isnan(at("shares_outstanding_prior", date(2023, 12, 28)))
    assert at("shares_outstanding_prior", date(2024, 1, 2)) == 100.0
    assert at("shares_outstanding_prior", date(2024, 4, 1)) == 500.0
    assert at("shares_outstanding_prior", date(2024, 6, 28)) == 500.0, "364 days after the second count"


def test_money_comes_in_the_currency_of_the_price(two: Any, days: list[date]) -> None:
    two.filing("000010", "equity", YEARS[2], days[0], 1000.0, currency="USD")
    two.filing("000010", "employees", YEARS[2], days[0], 7.0, currency=None)
    two.filing("000020", "equity", YEARS[2], days[2], 3000.0)
    for number in (0, 2):
        two.fix("KRW", days[number], 0.001 * (number + 1), markets.close_time("KR", days[number]) - timedelta(hours=1))
    panel = two.lake.panel("KR", items=("equity", "employees"), currency="local")
    third = 1000.0 / (0.001 * 3)
    np.testing.assert_allclose(panel["equity"][:, 0], [1e6, 1e6, third, third, third, third])
    assert panel["equity"][2:, 1].tolist() == [3000.0] * 4
    assert panel["employees"][:, 0].tolist() == [7.0] * 6
    np.testing.assert_array_equal(panel["close"], two.lake.panel("KR")["close"])
    assert panel.currency == "KRW"
    assert panel.rate is None


def test_without_a_rate_there_is_no_value_and_it_is_said(two: Any, days: list[date]) -> None:
    two.filing("000010", "equity", YEARS[2], days[0], 1000.0, currency="CNY")
    two.filing("000020", "equity", YEARS[2], days[2], 3000.0)
    panel = two.lake.panel("KR", items=("equity",), currency="local")
    assert np.isnan(panel["equity"][:, 0]).all()
    assert panel["equity"][2:, 1].tolist() == [3000.0] * 4
    assert any(note.startswith("KR: items filed in CNY have no value.") for note in panel.notes)
    two.fix("CNY", days[1], 0.14, datetime(2024, 3, 5, tzinfo=UTC))
    two.fix("KRW", days[1], 0.0007, datetime(2024, 3, 5, tzinfo=UTC))
    panel = two.lake.panel("KR", items=("equity",), currency="local")
    np.testing.assert_allclose(panel["equity"][:, 0], [np.nan, *[200_000.0] * 5])
    assert any("1 dates precede the first rate of CNY to KRW" in note for note in panel.notes)


def test_a_lake_may_be_without_an_optional_item(two: Any, days: list[date]) -> None:
    two.filing("000010", "revenue", YEARS[2], days[0], 7.0)
    panel = two.lake.panel("KR", items=("revenue?", "goodwill_ttm?"))
    assert panel["revenue"][:, 0].tolist() == [7.0] * 6
    assert np.isnan(panel["goodwill_ttm"]).all()
    assert [note for note in panel.notes if "filed in" in note] == [
        "goodwill_ttm: nothing is filed in KR; no values there."
    ]
    with pytest.raises(DataError, match="no item 'goodwill_ttm'"):
        two.lake.panel("KR", items=("revenue", "goodwill_ttm"))


def steps(shape: tuple[int, int], given: list[tuple[int, int, float, int]], rates: Any = None) -> Stepped:
    row, column, value, rate = zip(*given, strict=True)
    table = np.empty((0, shape[0])) if rates is None else np.array(rates, np.float64)
    return Stepped.of(shape, np.array(row), np.array(column), np.array(value), np.array(rate, np.int16), table)


def test_steps_become_the_dense_array_on_any_rows_and_columns() -> None:
    rng = np.random.default_rng(3)
    shape, want = (40, 150), np.full((40, 150), np.nan)
    given = [(int(rng.integers(0, 45)), int(rng.integers(0, 150)), float(rng.normal()), PLAIN) for _ in range(400)]
    for row, column, value, _ in sorted(given, key=lambda one: one[0]):
        want[row:, column] = value
    sparse = steps(shape, given)
    np.testing.assert_array_equal(sparse.dense(), want)
    rows, columns = np.sort(rng.permutation(40)[:17]), rng.permutation(150)[:90]
    np.testing.assert_array_equal(sparse.dense(rows, columns), want[np.ix_(rows, columns)])
    np.testing.assert_array_equal(sparse.until(11).dense(), want[:11])
    np.testing.assert_array_equal(sparse.until(11).dense(np.array([2, 9])), want[[2, 9]])


def test_steps_are_converted_at_the_rate_of_each_row() -> None:
    sparse = steps((4, 2), [(1, 0, 10.0, 0), (3, 0, 20.0, 1), (0, 1, 5.0, FOREIGN)], [[1, 2, 3, 4], [5, 6, 7, 8]])
    np.testing.assert_array_equal(sparse.dense()[:, 0], [np.nan, 20.0, 30.0, 160.0])
    assert sparse.dense()[:, 1].tolist() == [5.0] * 4
    assert np.isnan(sparse.dense(in_price=True)[:, 1]).all()


def test_a_panel_keeps_steps_and_makes_one_array_at_a_time() -> None:
    dates = np.arange("2024-01-01", "2024-01-05", dtype="datetime64[D]")
    kept = Items((4, 2), {name: steps((4, 2), [(1, 0, 10.0, PLAIN)]) for name in ("a", "b")})
    panel = Panel(dates, ("KR:1", "KR:2"), {"close": np.ones((4, 2))}, kept)
    assert panel.fields == ("close", "a", "b")
    assert panel["a"] is panel["a"]
    assert not panel["a"].flags.writeable
    first = panel["a"]
    assert panel["b"] is not first
    assert panel["a"] is not first, "only the newest is kept"
    np.testing.assert_array_equal(panel.until("2024-01-03")["a"][:, 0], [np.nan, 10.0, 10.0])
    with pytest.raises(DataError, match=r"panel of \(4, 1\) cannot hold an array of shape \(4, 2\)"):
        Panel(dates, ("KR:1",), {"close": np.ones((4, 1))}, kept)


def test_arrays_given_by_hand_stay_as_they_are() -> None:
    dates = np.arange("2024-01-01", "2024-01-05", dtype="datetime64[D]")
    panel = Panel(dates, ("KR:1",), {"close": np.ones((4, 1))}, {"a": np.arange(4.0)[:, None]})
    assert panel.until("2024-01-02")["a"].ravel().tolist() == [0.0, 1.0]
