"""A session that is scored alone has the numbers of the run over all years, to the bit: every factor, every step."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from workbench import factors
from workbench.factors import FactorSet
from workbench.lake import Lake

START, ALL = "2024-06-03", dict.fromkeys(factors.names(), 1.0)
SETS = {
    "plain": FactorSet(name="plain", factors=ALL),
    "neutral": FactorSet(
        name="neutral",
        factors=ALL,
        neutralize=("sector", "size", "region"),
        fill="median",
        fill_days=60,
        winsorize=(0.05, 0.95),
        min_names=5,
    ),
    "ranked": FactorSet(name="ranked", factors=ALL, transform="rank", min_names=8, neutralize=("size",)),
}


@pytest.fixture(scope="module")
def lake(tiny_lake_folder):
    return Lake(tiny_lake_folder, pinned=None)


@pytest.mark.parametrize("chosen", SETS.values(), ids=SETS.keys())
@pytest.mark.parametrize("regions", [("KR",), ("US", "JP")], ids=" ".join)
def test_one_session_alone_equals_the_whole_run(lake, chosen, regions):
    whole = factors.compute(chosen, lake, regions, start=START)
    days = whole.labels.dates
    scored = {name: int((~np.isnan(whole[name].values)).sum()) for name in whole.names}
    assert min(scored.values()) > 1000, scored
    for row in (0, 37, len(days) // 2, len(days) - 20, len(days) - 2, len(days) - 1):
        day = days[row].item()
        alone = factors.compute(chosen, lake, regions, start=day, end=day)
        same(whole, alone, row)


@pytest.mark.parametrize("precision", ["float32"])
def test_the_precision_of_the_table_does_not_matter(lake, precision):
    whole = factors.compute(SETS["neutral"], lake, "KR", start=START, precision=precision)
    row = len(whole.labels.dates) - 5
    day = whole.labels.dates[row].item()
    same(whole, factors.compute(SETS["neutral"], lake, "KR", start=day, end=day, precision=precision), row)


def same(whole, alone, row):
    """Every number of the session, those of the tie break included; columns without a bar since are empty."""
    assert alone.labels.dates.tolist() == [whole.labels.dates[row].item()]
    places = [whole.labels.tickers.index(ticker) for ticker in alone.labels.tickers]
    others = np.setdiff1d(np.arange(len(whole.labels.tickers)), places)
    pairs = [(f"raw {name}", whole.raw[name], alone.raw[name]) for name in whole.names]
    pairs += [(name, whole.values[name], alone.values[name]) for name in whole.values]
    pairs.append(("tie break", whole.composite.tie_break, alone.composite.tie_break))
    for name, known, found in pairs:
        assert np.array_equal(known[row, places], found[0], equal_nan=True), name
        assert np.isnan(known[row, others]).all(), name


def test_threads_and_blocks_move_no_bit(lake, monkeypatch):
    known = factors.compute(SETS["neutral"], lake, ("KR", "US"), start="2025-03-03", threads=1)
    monkeypatch.setattr("workbench.factors.regional.BLOCK", 3_000)
    monkeypatch.setattr(sys.modules["workbench.factors.compute"], "BLOCK", 3_000)
    other = factors.compute(SETS["neutral"], lake, ("KR", "US"), start="2025-03-03", threads=4)
    for name in known.values:
        assert np.array_equal(known.values[name], other.values[name], equal_nan=True)
    assert known.filled == other.filled
