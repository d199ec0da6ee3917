"""Data that a function brings along are found wherever it keeps them; constants and helpers are none."""

from __future__ import annotations

import functools

import numpy as np
import polars as pl
import pytest

from workbench import factors
from workbench.factors import registry
from workbench.lake import Lake
from workbench.studies.proof.captured import captured

WEIGHTS = (0.5, 0.3, 0.2)
TABLE = np.zeros(500)
BOOK = {f"KR:{number}": float(number) for number in range(300)}


def honest(close):
    return helper(close) * WEIGHTS[0]


def helper(close):
    return close


def reads_a_global(close):
    return close + TABLE[0]


def reads_one_through_a_helper(close):
    return indirect(close)


def indirect(close):
    return close * BOOK["KR:1"]


def with_default(close, table=TABLE):
    return close


class Model:
    def __init__(self):
        self.scores = pl.DataFrame({"value": [1.0]})

    def __call__(self, close):
        return close

    def method(self, close):
        return close


def closure():
    lake = Lake("nowhere", pinned=None)

    def built(other, regions, start, end):
        return lake.read("ohlcv")

    return built


def test_honest_code_brings_nothing_along():
    assert captured(honest) == []
    assert captured(lambda close: close * 2.0) == []
    assert captured(functools.partial(honest)) == []


@pytest.mark.parametrize("name", factors.names())
def test_no_factor_of_the_house_brings_data_along(name):
    assert captured(registry.get(name).function) == []


@pytest.mark.parametrize(
    ("function", "name", "what"),
    [
        (reads_a_global, "TABLE", "an array of 500 values"),
        (reads_one_through_a_helper, "BOOK", "a dict of 300 entries"),
        (with_default, "default 0", "an array of 500 values"),
        (functools.partial(honest, close=TABLE), "close", "an array of 500 values"),
        (Model(), "scores", "a DataFrame"),
        (Model().method, "scores", "a DataFrame"),
        (closure(), "lake", "a Lake"),
    ],
)
def test_data_are_found(function, name, what):
    assert (name, what) in captured(function)
