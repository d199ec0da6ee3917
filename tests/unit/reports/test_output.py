"""What cells show, and what a run keeps of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import polars as pl
import pytest

from workbench import reports
from workbench.errors import ConfigError


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Everything that is displayed."""
    displayed: list[Any] = []

    def display(content: Any, **_: Any) -> None:
        displayed.append(getattr(content, "data", content))

    monkeypatch.setattr("IPython.display.display", display)
    return displayed


@pytest.fixture
def run_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_RUN_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture(autouse=True)
def _no_output_left(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert "Traceback" not in capsys.readouterr().out


def _lake(*sources: str) -> Any:
    return SimpleNamespace(sources=lambda region=None: sources)


def test_a_header_announces_the_sample_market(shown: list[Any]) -> None:
    reports.header("T", lake=_lake("sample"), regions=("KR",), dates=("2024-01-02", None), notes=("a < b",))
    assert "Sample market: not real prices" in shown[0]
    assert shown[0].index("Sample market") < shown[0].index('wb-title">T')
    assert "from 2024-01-02<" in shown[0]
    assert "a &lt; b" in shown[0]


@pytest.mark.parametrize(
    ("dates", "text"),
    [((2022, 2025), ">2022 to 2025<"), (("", date(2024, 1, 2)), ">to 2024-01-02<"), ((None, None), 'wb-meta"></div>')],
)
def test_a_header_shows_its_period(shown: list[Any], dates: tuple[Any, Any], text: str) -> None:
    reports.header("T", dates=dates)
    assert text in shown[0]


def test_a_header_of_real_prices_names_their_sources(shown: list[Any]) -> None:
    reports.header("T", lake=_lake("files:kr"), regions="KR")
    assert "Sample market" not in shown[0]
    assert "Source: files:kr" in shown[0]


def test_a_table_is_saved_whole_and_shown_in_part(shown: list[Any], run_dir: Path) -> None:
    frame = pl.DataFrame({"ticker": ["<A>"] * 60, "cagr": [0.0834] * 60, "volume": list(range(60))})
    reports.table(frame, "t", title="T", rows=5, volatile=["volume"])
    assert pl.read_parquet(run_dir / "tables" / "t.parquet").equals(frame)
    notes = pl.read_parquet_metadata(run_dir / "tables" / "t.parquet")
    assert (notes["title"], json.loads(notes["volatile"])) == ("T", ["volume"])
    assert "&lt;A&gt;" in shown[0]
    assert '<td class="n">8.34%</td>' in shown[0]
    assert "The first 5 of 60 rows." in shown[0]
    assert shown[0].count("<tr>") == 6


def test_rows_of_statistics_have_each_their_own_format(shown: list[Any], run_dir: Path) -> None:
    frame = pl.DataFrame({"statistic": ["cagr", "sharpe"], "strategy": [0.0834, 1.25], "benchmark": [None, -0.5]})
    reports.table(frame, "t")
    for text in ("<td>CAGR</td>", ">8.34%<", "<td>Sharpe</td>", ">1.250<", ">\N{MINUS SIGN}0.500<", ">–<"):
        assert text in shown[0]
    assert pl.read_parquet(run_dir / "tables" / "t.parquet").equals(frame)
    reports.table({"step": ["half_spread"], "annual": [-0.0026], "money": [4537.1]}, "s", formats={"annual": ".2%"})
    for text in ("<td>half spread</td>", ">\N{MINUS SIGN}0.26%<", ">4,537.100<"):
        assert text in shown[1]


def test_a_pandas_frame_keeps_a_named_index(shown: list[Any], run_dir: Path) -> None:
    index = pd.Index(["A", "B"], name="ticker")
    reports.table(pd.DataFrame({"x": [1.5, np.nan]}, index=index), "t", formats={"x": ".1f"})
    assert pl.read_parquet(run_dir / "tables" / "t.parquet").columns == ["ticker", "x"]
    assert '<td class="n">1.5</td>' in shown[0]
    assert '<td class="n">–</td>' in shown[0]


def test_outside_of_a_run_nothing_is_saved(shown: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reports.table(pl.DataFrame({"x": [1]}), "t")
    reports.headline(x=1)
    reports.run_card()
    assert list(tmp_path.iterdir()) == []
    assert "Not a recorded run" in shown[-1]


def test_a_saved_table_holds_no_secret_of_any_type(
    shown: list[Any], run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.secrets._cleaners", [lambda text: text.replace("geheim", "[secret K]")])
    frame = pl.DataFrame(
        {
            "text": ["geheim", None],
            "geheim": [1, 2],
            "bytes": [b"\xffgeheim", b""],
            "nested": [{"of": ["geheim"]}, None],
            "kind": pl.Series(["geheim", "b"], dtype=pl.Categorical),
            "plain": pl.Series(["a", "b"], dtype=pl.Categorical),
        }
    )
    reports.table(frame, "t", title="geheim", volatile=["geheim"])
    assert b"geheim" not in (run_dir / "tables" / "t.parquet").read_bytes()
    saved = pl.read_parquet(run_dir / "tables" / "t.parquet")
    assert saved.row(0) == ("[secret K]", 1, b"\xff[secret K]", {"of": ["[secret K]"]}, "[secret K]", "a")
    assert saved.schema["plain"] == pl.Categorical
    assert saved.row(1)[0] is None


@pytest.mark.parametrize("name", ["../t", "a b", "", "a/b", "ü*"])
def test_a_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a table"):
        reports.table(pl.DataFrame({"x": [1]}), name)


def test_a_volatile_column_must_exist() -> None:
    with pytest.raises(ConfigError, match=r"no column 'seconds'.*x"):
        reports.table(pl.DataFrame({"x": [1]}), "t", volatile=["seconds"])


def test_headlines_add_up_and_are_plain_json(shown: list[Any], run_dir: Path) -> None:
    reports.headline(cagr=np.float64(0.0834), rows=np.int64(12345))
    reports.headline(day=date(2024, 1, 2), sharpe=math.nan, region="KR")
    stored = json.loads((run_dir / "headline.json").read_text())
    assert stored == {"cagr": 0.0834, "rows": 12345, "day": "2024-01-02", "sharpe": None, "region": "KR"}
    assert "8.34%" in shown[0]
    assert "12,345" in shown[0]


def test_a_chart_is_data_in_the_house_theme(shown: list[Any]) -> None:
    reports.chart(go.Figure(go.Scatter(y=np.array([1.0, 2.0]))), "name")
    content = shown[0]["application/vnd.plotly.v1+json"]
    assert content["layout"]["template"]["layout"]["font"]["family"].startswith("system-ui")
    assert content["config"]["toImageButtonOptions"] == {"filename": "name"}
    json.dumps(content)


def test_digests_are_rounded_and_steady(capsys: pytest.CaptureFixture[str]) -> None:
    reports.digest(
        {"n": np.int64(3), "x": 1.23456789, "zero": -0.0, "parts": [0.1 + 0.2, None], "day": date(2024, 1, 2)}
    )
    assert capsys.readouterr().out == (
        "n      3\nx      1.23457\nzero   0\nparts  [0.3, None]\nday    2024-01-02\n"
    )  # fmt: skip
    reports.digest(pl.DataFrame({"t": ["A"] * 20, "x": [1 / 3] * 20}))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["t | x", "A | 0.333333"]
    assert (len(lines), lines[-1]) == (14, "(20 rows)")


def test_six_regions_have_six_colours() -> None:
    assert sorted(reports.theme.REGION_COLOURS) == ["CN", "HK", "JP", "KR", "US", "VN"]
    assert len(set(reports.theme.REGION_COLOURS.values())) == 6
    assert reports.theme.region_colour("KR:005930") == reports.theme.REGION_COLOURS["KR"]


def test_the_run_card_shows_what_made_the_numbers(shown: list[Any], run_dir: Path) -> None:
    lake = {"mode": "read", "snapshot": {"id": "abc", "versions": {"ohlcv": 3}, "taken_at": "2026-01-01T00:00:00"}}
    card = {
        "id": "r", "notebook": "n", "parameters": {"region": "KR"}, "lake": lake, "seed": 1,
        "code": {"commit": "f" * 40, "dirty": True}, "packages": {"polars": "2"}, "python": "3", "platform": "L",
    }  # fmt: skip
    (run_dir / "run.json").write_text(json.dumps(card))
    reports.run_card()
    for text in ("region = &#x27;KR&#x27;", "<code>abc</code>", "1 tables", "ffffffffffff</code> with local changes"):
        assert text in shown[0]
