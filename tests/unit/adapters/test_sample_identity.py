"""The same to the bit in every process, whatever is asked first, and counted."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from dataclasses import replace

import polars as pl

from workbench.adapters.base import Request
from workbench.adapters.sample import Premia, Sample, SampleSpec
from workbench.adapters.sample.cache import MarketCache
from workbench.settings import REGIONS

PROGRAM = """
import hashlib
from workbench.adapters.base import Request
from workbench.adapters.sample import Sample
sample = Sample("tiny", seed=3, years=2)
digest = hashlib.sha256()
for region in {regions!r}:
    for table in sample.offers:
        for row in sample.fetch(table, Request(region)).frame.iter_rows():
            digest.update(repr(row).encode())
print(digest.hexdigest())
"""


def test_another_process_makes_the_same_market() -> None:
    digest = hashlib.sha256()
    for region in ("VN", "HK"):
        sample = Sample("tiny", seed=3, years=2)
        for table in sample.offers:
            for row in sample.fetch(table, Request(region)).frame.iter_rows():
                digest.update(repr(row).encode())
    program = PROGRAM.format(regions=("VN", "HK"))
    environment = {"PYTHONHASHSEED": "12345"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == digest.hexdigest()


def test_seeds_years_and_premia_change_the_market() -> None:
    request = Request("VN")
    base = Sample("tiny", years=2).fetch("ohlcv", request).frame
    others = [
        Sample("tiny", years=2, seed=8),
        Sample("tiny", years=3),
        Sample(spec=replace(SampleSpec("tiny", years=2), premia=Premia(momentum=0.2))),
    ]
    for other in others:
        assert not other.fetch("ohlcv", request).frame.equals(base)


def test_a_later_today_changes_nothing_but_what_was_corrected() -> None:
    early, late = Sample("tiny", today="2025-03-31"), Sample("tiny", today="2025-12-30")
    for region in REGIONS:
        for table in ("actions", "fundamentals", "shares", "indexes", "fx"):
            then, now = early.fetch(table, Request(region)).frame, late.fetch(table, Request(region)).frame
            assert then.height > 0
            assert then.join(now, on=then.columns, how="anti", nulls_equal=True).is_empty(), table


def test_calls_are_counted_by_table_also_from_threads() -> None:
    sample = Sample("tiny")
    threads = [threading.Thread(target=sample.fetch, args=("ohlcv", Request("VN"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sample.fetch("tickers", Request("VN"))
    assert dict(sample.calls) == {"ohlcv": 8, "tickers": 1}


def test_the_cache_keeps_the_last_markets_and_remakes_the_others_alike() -> None:
    cache = MarketCache(cells=1)
    spec = SampleSpec("tiny", years=2)
    first = cache.get(spec, "VN")
    assert cache.get(spec, "VN") is first
    cache.get(spec, "HK")
    again = cache.get(spec, "VN")
    assert again is not first
    assert pl.Series(again.index).equals(pl.Series(first.index))
