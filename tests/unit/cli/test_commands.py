"""The command wb: help, output forms, errors as one sentence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from workbench.cli import cli

COMMANDS = [
    "demo",
    "collect",
    "doctor",
    "import",
    "sql",
    "run",
    "replay",
    "runs",
    "versions",
    "rollback",
    "health",
    "factors",
    "prove",
    "lab",
]


def wb(*arguments: str):
    return CliRunner().invoke(cli, arguments)


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from workbench.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    shown = wb(command, "--help")
    assert shown.exit_code == 0
    assert f"Example: wb {command}" in shown.output
    example = cli.commands[command].epilog.splitlines()[1]
    assert f"  {example}\n" in shown.output, "an example is on one line, to be copied"


def test_sql_as_table_and_as_json(tiny_lake):
    query = "SELECT region, count(DISTINCT ticker) AS tickers FROM ohlcv GROUP BY region ORDER BY region"
    table = wb("sql", query)
    assert table.exit_code == 0
    assert "tickers" in table.output
    rows = json.loads(wb("sql", "--json", query).output)
    assert [row["region"] for row in rows] == ["CN", "HK", "JP", "KR", "US", "VN"]
    assert all(row["tickers"] >= 19 for row in rows)


def test_sql_script_runs_in_another_client(tiny_lake):
    import duckdb

    script = wb("sql", "--script").output
    client = duckdb.connect()
    client.execute(script)
    ours = json.loads(wb("sql", "--json", "SELECT count(*) AS n FROM ohlcv_monthly").output)
    assert client.sql("SELECT count(*) FROM ohlcv_monthly").fetchall() == [(ours[0]["n"],)]
    assert ours[0]["n"] > 0


def test_rollback_touches_one_region_only(tiny_lake):
    from datetime import date

    import polars as pl

    from workbench.lake import Lake

    lake = Lake()
    before = lake.snapshot()
    count = "SELECT region, count(*) AS n FROM ohlcv GROUP BY region ORDER BY region"
    rows = lake.sql(count)
    for region in ("US", "JP"):
        bar = lake.read("ohlcv", region=region).head(1)
        lake.publish("ohlcv", bar.with_columns(date=pl.lit(date(2022, 12, 1))), region)
    middle = lake.sql(count)
    done = wb("rollback", "--region", "us", "--to", json.loads(before.to_json())["taken_at"], "--yes")
    assert done.exit_code == 0, done.output
    after = dict(Lake().sql(count).iter_rows())
    assert after["US"] == dict(rows.iter_rows())["US"]
    assert after["JP"] == dict(middle.iter_rows())["JP"] == dict(rows.iter_rows())["JP"] + 1


def test_versions_name_publishes(tiny_lake):
    rows = json.loads(wb("versions", "ohlcv", "--json").output)
    assert {row["region"] for row in rows if row["publish_id"]} == {"CN", "HK", "JP", "KR", "US", "VN"}


def test_health_prints_reasons(tiny_lake):
    shown = json.loads(wb("health", "kr", "--json").output)
    assert list(shown) == ["KR"]
    assert shown["KR"]
    assert "| 2024 |" in wb("health", "KR").output


def test_an_import_in_vain_fails_and_another_shows_what_it_changed(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_LAKE", str(tmp_path / "lake"))
    (tmp_path / "own.csv").write_text('code,day,price\n005930,2024-01-02,"1,000"\n')
    text = "file: own.csv\nregion: KR\nsource: own\ncolumns: {ticker: code, date: day, close: price}\n"
    (tmp_path / "bad.yaml").write_text(text)
    (tmp_path / "good.yaml").write_text(f"{text}thousands: ','\n")
    failed = process("import", str(tmp_path / "bad.yaml"), "--root", str(tmp_path))
    assert failed.returncode == 1
    assert "missing_price" in failed.stderr
    assert "`thousands`" in failed.stderr
    done = process("import", str(tmp_path / "good.yaml"), "--root", str(tmp_path))
    assert done.returncode == 0
    assert "1 inserted, 0 unchanged, 0 revised" in done.stdout
    assert "US: nothing in the lake: wb import" in wb("health", "us").output


def test_health_says_where_there_is_nothing():
    assert wb("health", "vn").output.strip() == "VN: nothing in the lake: wb collect VN"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["sql", "SELECT * FROM nothing"], "nothing"),
        (["collect", "XX"], "XX"),
        (["run", "notebooks/none.ipynb"], "none.ipynb"),
        (["replay", "19990101"], "19990101"),
        (["import", "none.yaml", "--root", "."], "none.yaml"),
        (["rollback", "--region", "KR", "--to", "1999-01-01", "--yes"], "1999"),
        (["rollback", "--region", "KR", "--to", "yesterday"], "'yesterday' is not a moment"),
    ],
)
def test_errors_are_one_sentence_with_the_next_action(arguments, expected):
    failed = process(*arguments)
    assert failed.returncode == 1
    assert failed.stderr.startswith("Error: ")
    assert expected in failed.stderr
    assert "Traceback" not in failed.stderr
    assert len(failed.stderr.strip().splitlines()) <= 3


def test_runs_shows_titles_and_rounded_numbers(tmp_path):
    numbers = {"cagr": 0.08345678901234, "sharpe": 0.987654321098765, "name_that_is_much_too_long_to_fit_here": 1.5}
    for day in (1, 2, 3):
        folder = tmp_path / "own-reports" / f"2026010{day}-000000-x-000{day}"
        folder.mkdir(parents=True)
        card = {"id": folder.name, "notebook": "notebooks/x.ipynb", "title": f"Study {day}", "status": "succeeded"}
        more = {"started": f"2026-01-0{day}T00:00:00.000+00:00", "seconds": 1.23456, "headline": numbers}
        (folder / "run.json").write_text(json.dumps(card | more))
    shown = wb("runs", "--rows", "2").output
    assert "| 20260103-000000-x-0003 | succeeded | Study 3 | 1.2     | CAGR 8.35%, Sharpe 0.9877, ..." in shown
    assert "notebooks/x.ipynb" not in shown
    assert "... 1 more rows" in shown
    assert [row["title"] for row in json.loads(wb("runs", "--rows", "2", "--json").output)] == ["Study 3", "Study 2"]


def test_debug_shows_the_traceback():
    assert "Traceback" in process("--debug", "sql", "SELECT * FROM nothing").stderr


def test_unknown_parameter_is_refused_before_anything_starts(tmp_path):
    notebook = Path(__file__).parents[3] / "notebooks" / "backtests" / "backtest.ipynb"
    failed = process("run", str(notebook), "-p", "strat=momentum_top20")
    assert failed.returncode == 1
    assert "strat" in failed.stderr
    assert "strategy" in failed.stderr
    assert not (tmp_path / "own-reports").exists()


def test_nothing_named_is_a_usage_error():
    assert wb("collect").exit_code == 2
    assert wb("sql").exit_code == 2
    assert wb("run").exit_code == 2


def test_factors_are_listed_by_family_and_explained_by_name():
    listed = json.loads(wb("factors", "--family", "value", "--json").stdout)
    assert {one["family"] for one in listed} == {"value"}
    assert "earnings_yield" in {one["factor"] for one in listed}
    assert "book_to_price" in wb("factors").output
    told = wb("factors", "reversal_1m").output
    assert "a low value is hoped to be good" in told
    assert "Jegadeesh (1990)" in told


def test_an_unknown_factor_or_family_is_refused_with_what_there_is():
    assert "momentum_12m_1m" in str(wb("factors", "momentum_12m").exception)
    assert "low_volatility" in str(wb("factors", "--family", "cheap").exception)
