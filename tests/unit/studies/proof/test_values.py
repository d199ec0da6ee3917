"""What a target gives back becomes named arrays, and only what stood at a moment is compared."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from workbench.backtests import Targets
from workbench.errors import ConfigError, DataError
from workbench.lake.whatif import Moment
from workbench.studies.proof.values import Grid, compare, grids, stands

DAYS = np.array(["2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07"], "datetime64[D]")
MOMENT = Moment(
    "KR",
    date(2024, 3, 6),
    datetime(2024, 3, 6, 6, 30, tzinfo=UTC),
    {"KR": date(2024, 3, 6), "US": date(2024, 3, 5)},
)


def grid(values, tickers=("KR:A", "US:B"), dates=DAYS):
    return Grid("x", dates, tickers, np.array(values, dtype=float))


HONEST = grid([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]])


def changed(row, column, value):
    values = HONEST.values.copy()
    values[row, column] = value
    return grid(values)


def test_each_region_is_compared_up_to_its_own_last_day():
    assert stands(DAYS, ("KR", "US"), MOMENT).tolist() == [[True, True], [True, True], [True, False], [False, False]]
    assert compare(HONEST, changed(3, 0, 9.0), MOMENT) is None
    assert compare(HONEST, changed(2, 1, 9.0), MOMENT) is None
    move = compare(HONEST, changed(2, 0, 9.0), MOMENT)
    assert (move.date, move.ticker, move.before, move.after, move.count, move.largest) == (
        date(2024, 3, 6), "KR:A", 3.0, 9.0, 1, 6.0,
    )  # fmt: skip


def test_one_bit_is_a_move_and_for_what_is_fitted_it_is_none():
    other = changed(1, 0, np.nextafter(2.0, 3.0))
    assert compare(HONEST, other, MOMENT).count == 1
    assert compare(HONEST, other, MOMENT, tolerance=1e-12) is None
    assert compare(HONEST, changed(1, 0, 2.0 + 1e-10), MOMENT, tolerance=1e-12) is not None


def test_a_value_that_comes_or_goes_is_a_move():
    gone = changed(0, 0, np.nan)
    assert np.isnan(compare(HONEST, gone, MOMENT).after)
    assert np.isnan(compare(gone, HONEST, MOMENT).before)
    assert compare(gone, gone, MOMENT) is None
    fewer = grid(HONEST.values[:, :1], tickers=("KR:A",))
    assert compare(HONEST, fewer, MOMENT).ticker == "US:B"
    assert compare(fewer, HONEST, MOMENT).ticker == "US:B"
    shorter = grid(HONEST.values[:3], dates=DAYS[:3])
    assert compare(HONEST, shorter, MOMENT) is None
    later = grid(HONEST.values[1:], dates=DAYS[1:])
    assert compare(HONEST, later, MOMENT).date == date(2024, 3, 4)


def test_a_weight_that_is_held_stands_a_session_longer():
    other = changed(3, 0, 9.0)
    assert compare(HONEST, other, MOMENT, held=True).date == date(2024, 3, 7)
    assert compare(HONEST, changed(2, 1, 9.0), MOMENT, held=True).ticker == "US:B"
    assert compare(HONEST, changed(3, 1, 9.0), MOMENT, held=True) is None
    assert compare(HONEST, grid(HONEST.values[:3], dates=DAYS[:3]), MOMENT, held=True) is None


def test_frames_of_both_kinds_become_grids():
    frame = pl.DataFrame({"date": DAYS[:2], "ticker": ["KR:A", "KR:B"], "value": [1.0, 2.0], "note": ["a", "b"]})
    (made,) = grids(frame, "mine", ("KR",))
    assert (made.name, made.tickers) == ("mine", ("KR:A", "KR:B"))
    np.testing.assert_array_equal(made.values, [[1.0, np.nan], [np.nan, 2.0]])
    pandas = pd.DataFrame({"date": DAYS[:1].astype("datetime64[ns]"), "region": "US", "ticker": "A", "a": 1, "b": 2.0})
    first, second = grids(pandas, "mine", ("KR", "US"))
    assert (first.name, first.tickers, second.name) == ("mine a", ("US:A",), "mine b")
    assert {one.name for one in grids({"p": frame, "q": frame}, "mine", ("KR",))} == {"p", "q"}


def test_bare_codes_belong_to_the_one_region_that_was_asked_for():
    frame = pl.DataFrame({"date": DAYS[:1], "ticker": ["A"], "value": [1.0]})
    assert grids(frame, "mine", ("US",))[0].regions == ("US",)
    assert stands(DAYS, ("",), MOMENT)[:, 0].tolist() == [True, True, True, False]


def test_targets_become_a_grid():
    targets = Targets(DAYS[:2], ("KR:A", "KR:B"), np.array([[0.5, 0.5], [1.0, 0.0]]))
    assert grids(targets, "targets", ("KR",))[0].values.shape == (2, 2)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ConfigError, match="gave back a float"):
        grids(1.0, "mine", ("KR",))
    with pytest.raises(ConfigError, match="no column of numbers"):
        grids(pl.DataFrame({"date": DAYS[:1], "ticker": ["KR:A"]}), "mine", ("KR",))
    with pytest.raises(DataError, match="twice"):
        grids(pl.DataFrame({"date": DAYS[[0, 0]], "ticker": ["KR:A"] * 2, "value": [1.0, 2.0]}), "mine", ("KR",))
