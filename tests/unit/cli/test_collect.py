"""What `wb collect` prints after a run: what is incomplete or failed, read from the run's tables."""

from __future__ import annotations

import json

import polars as pl
import pytest
from click.testing import CliRunner

from workbench import runs
from workbench.cli import cli
from workbench.runs import Run

ASIDE = "kis is put aside until 2026-11-20 18:00 UTC (unreachable: no answer)"


def finished(folder, summary=None, providers=()) -> Run:
    """A run as it lies in its folder, with tables where it came so far."""
    if summary is not None:
        (folder / "tables").mkdir(parents=True)
        columns = ["table", "status", "error"]
        pl.DataFrame(summary, schema=columns, orient="row").write_parquet(folder / "tables" / "summary.parquet")
        schema = dict.fromkeys(("provider", "status", "note"), pl.String)
        frame = pl.DataFrame(list(providers), schema=schema, orient="row")
        frame.write_parquet(folder / "tables" / "providers.parquet")
    return Run(f"run-{folder.name}", "succeeded", folder, {})


@pytest.fixture
def wb_collect(monkeypatch):
    def collect(done, *arguments):
        monkeypatch.setattr(runs, "run_many", lambda jobs, **_: done)
        return CliRunner().invoke(cli, ["collect", *arguments])

    return collect


def test_what_is_incomplete_is_one_line_a_run_and_no_failure(tmp_path, wb_collect):
    rows = [("tickers", "collected", ""), ("shares", "incomplete", "said"), ("ohlcv", "incomplete", "said")]
    us = finished(tmp_path / "us", rows, [("kis", "put aside", ASIDE), ("yahoo", "asked", "")])
    kr = finished(tmp_path / "kr", rows[:1], [("kis", "asked", "")])
    shown = wb_collect([kr, us], "KR", "US")
    assert shown.exit_code == 0
    assert f"  US: incomplete: shares, ohlcv ({ASIDE}; see wb log run-us)\n" in shown.output
    assert "KR:" not in shown.output


def test_what_failed_comes_first_and_errors_stand_where_no_provider_is_at_fault(tmp_path, wb_collect):
    rows = [("tickers", "incomplete", "akshare: a part failed."), ("shares", "failed", "Nobody is left to ask.")]
    done = finished(tmp_path / "cn", rows, [("dart", "left out", "no key")])
    line = (
        "CN: failed: shares; incomplete: tickers (akshare: a part failed.; Nobody is left to ask.; see wb log run-cn)"
    )
    assert line in wb_collect([done], "CN").output
    (said,) = json.loads(wb_collect([done], "CN", "--json").stdout)
    assert said["unfinished"] == line


def test_a_run_that_ended_before_its_tables_says_nothing_more(tmp_path, wb_collect):
    shown = wb_collect([finished(tmp_path / "kr")], "KR")
    assert "KR:" not in shown.output
    assert "succeeded" in shown.output
