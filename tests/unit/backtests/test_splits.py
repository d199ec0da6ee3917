"""Splits: edges of the calendar, and no label of training that reaches into the test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.backtests.splits import CombinatorialPurged, WalkForward, purged
from workbench.errors import BacktestError


def day(text):
    return np.datetime64(text, "D")


def weekdays(first, last):
    days = np.arange(day(first), day(last))
    return days[np.is_busday(days)]


@st.composite
def sessions(draw):
    """Sessions of a market: weekdays of some years, of which some are closed."""
    first = day("2008-01-01") + draw(st.integers(0, 400))
    days = weekdays(first, first + draw(st.integers(700, 2500)))
    closed = draw(st.integers(0, 2**32 - 1))
    return days[np.random.default_rng(closed).random(len(days)) > draw(st.sampled_from([0.0, 0.04, 0.3]))]


walks = st.builds(
    WalkForward,
    train=st.sampled_from([6, 12, 24, 30]),
    test=st.sampled_from([1, 3, 6, 12]),
    reach=st.integers(0, 70),
    embargo=st.integers(0, 30),
)


def test_edges_are_those_of_the_calendar():
    folds = WalkForward(train=36, test=12).folds(day("2018-05-07"), day("2024-02-10"))
    assert [fold.label for fold in folds] == ["2022-01-01", "2023-01-01", "2024-01-01"]
    assert [str(fold.train_start) for fold in folds] == ["2019-01-01", "2020-01-01", "2021-01-01"]
    assert str(folds[-1].test_end) == "2025-01-01"
    quarters = WalkForward(train=24, test=3).folds(day("2018-05-07"), day("2021-01-01"))
    assert [fold.label for fold in quarters] == ["2020-07-01", "2020-10-01", "2021-01-01"]


def test_an_anchored_walk_begins_on_its_own_day():
    walk = WalkForward(train=24, test=12, since=day("2018-03-01"))
    folds = walk.folds(day("2018-03-01"), day("2022-06-30"))
    assert [(str(fold.train_start), fold.label) for fold in folds] == [
        ("2018-03-01", "2021-01-01"),
        ("2018-03-01", "2022-01-01"),
    ]
    assert walk.folds(day("2018-03-02"), day("2022-06-30")) == ()
    assert walk.needed_from(day("2022-01-05")) == day("2018-03-01")


def test_the_first_needed_day_is_that_of_the_fold_that_scores():
    walk = WalkForward(train=36, test=12)
    assert walk.needed_from(day("2024-07-05")) == day("2021-01-01")
    folds = walk.folds(walk.needed_from(day("2024-07-05")), day("2024-07-05"))
    assert [fold.label for fold in folds] == ["2024-01-01"]


def test_rows_around_an_edge_counted_by_hand():
    days = weekdays("2022-01-03", "2024-02-01")
    fold = WalkForward(train=12, test=12, reach=3, embargo=2).folds(day("2023-01-01"), days[-1])[0]
    train, test = WalkForward(train=12, test=12, reach=3, embargo=2).rows(fold, days)
    assert days[test[0]] == day("2024-01-01")
    # Of the last sessions of 2023, the 22nd has its label until the 27th; the 28th and 29th are the embargo.
    assert days[train[-1]] == day("2023-12-22")
    assert days[train[0]] == day("2023-01-02")


@given(walks, sessions())
def test_no_label_of_training_reaches_the_test(walk, days):
    for fold in walk.folds(days[0], days[-1]):
        train, test = walk.rows(fold, days)
        assert np.array_equal(train, np.sort(train))
        if len(train) and len(test):
            assert train[-1] + walk.reach + walk.embargo < test[0]
            assert days[train[0]] >= fold.train_start
            assert ((days[test] >= fold.test_start) & (days[test] < fold.test_end)).all()


@given(walks, sessions(), st.floats(0.3, 0.99))
def test_what_comes_later_changes_no_earlier_fold(walk, days, share):
    cut = int(len(days) * share)
    whole, earlier = walk.folds(days[0], days[-1]), walk.folds(days[0], days[cut - 1])
    assert whole[: len(earlier)] == earlier
    for fold in earlier:
        known, before = walk.rows(fold, days), walk.rows(fold, days[:cut])
        if len(before[1]):
            assert np.array_equal(known[0], before[0])
            assert np.array_equal(known[1][: len(before[1])], before[1])


@given(walks, sessions(), st.integers(1, 300))
def test_a_longer_history_moves_no_fold(walk, days, more):
    longer = np.concatenate([days[0] - np.arange(more, 0, -1), days])
    assert set(walk.folds(days[0], days[-1])) <= set(walk.folds(longer[0], longer[-1]))
    for fold in walk.folds(days[0], days[-1]):
        train, test = walk.rows(fold, days)
        longer_train, longer_test = walk.rows(fold, longer)
        assert np.array_equal(longer_train - more, train)
        assert np.array_equal(longer_test - more, test)


@given(sessions(), st.integers(0, 40), st.integers(0, 20), st.integers(1, 3))
def test_combinatorial_splits_are_purged_on_both_sides(days, reach, embargo, chosen):
    edges = tuple(days[0] + np.arange(6) * ((days[-1] - days[0] + 1) // 5))
    splitter = CombinatorialPurged(edges, chosen, reach, embargo)
    for split in splitter.splits(days):
        label = split.test[:, None]
        # The label of a training row against that of each test row: they share no row.
        apart = (split.train + reach < label) | (split.train > label + reach)
        assert apart.all()
        assert len(split.groups) == chosen


def test_paths_use_every_judged_group_once():
    splitter = CombinatorialPurged(tuple(day(f"{year}-01-01") for year in range(2015, 2022)), chosen=2)
    splits = splitter.splits(weekdays("2014-06-01", "2021-06-01"))
    paths = splitter.paths()
    assert (len(splits), len(paths)) == (15, 5)
    used = [(group, split) for path in paths for group, split in enumerate(path)]
    assert len(set(used)) == 30
    assert all(group in splits[split].groups for group, split in used)
    inside = [len(split.train) + len(split.test) for split in splits]
    assert max(inside) < len(weekdays("2015-01-01", "2021-01-01"))


def test_a_purge_counts_the_label_and_the_embargo():
    rows = np.arange(20)
    assert purged(rows, [np.arange(10, 12)], 2, 1).tolist() == [0, 1, 2, 3, 4, 5, 6, 15, 16, 17, 18, 19]
    assert purged(rows, [np.array([], dtype=int)], 2, 1).tolist() == rows.tolist()


@pytest.mark.parametrize(
    "make",
    [
        lambda: WalkForward(train=0, test=12),
        lambda: WalkForward(train=12, test=12, reach=-1),
        lambda: CombinatorialPurged((day("2020-01-01"), day("2021-01-01"))),
        lambda: CombinatorialPurged(tuple(day(f"{year}-01-01") for year in (2019, 2020, 2021)), chosen=2),
    ],
)
def test_what_cannot_be_split_is_refused(make):
    with pytest.raises(BacktestError):
        make()
