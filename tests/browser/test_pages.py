"""The index and every kind of report, opened where no host can be reached."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import workbench as wb
from workbench.runs import Job, Run

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "notebooks" / "fixtures"
ALL = ["KR", "US", "CN", "HK", "JP", "VN"]

#: Every kind of report, with how many charts it draws at least.
KINDS = {
    "collect": (Job("collect_region"), 1),
    "health": (Job("data_health"), 3),
    "factor": (Job("factor_tearsheet"), 2),
    "backtest": (Job("backtest", {"regions": ["KR"]}), 2),
    "backtest-all": (Job("backtest", {"regions": ALL}), 2),
    "portfolio": (Job("optimize_portfolio"), 1),
    "tour": (Job("start_here"), 2),
    "control": (Job(FIXTURES / "control.ipynb"), 2),
    "failure": (Job(FIXTURES / "failing.ipynb"), 0),
    "death": (Job(FIXTURES / "dying.ipynb"), 0),
}


@pytest.fixture(scope="module")
def finished(chromium: object, tiny_lake_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """One run of each kind, in a folder of reports of their own."""
    root = tmp_path_factory.mktemp("pages")
    wb.Lake(tiny_lake_folder).clone(root / "lake")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(ROOT))
        patch.setenv("WORKBENCH_LAKE", str(root / "lake"))
        patch.setenv("WORKBENCH_REPORTS", str(root / "reports"))
        patch.setenv("WORKBENCH_SAMPLE", "tiny")
        runs = wb.runs.run_many([job for job, _ in KINDS.values()], workers=2)
    return dict(zip(KINDS, runs, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_draws_its_charts_alone(kind: str, finished: dict[str, Run], visit: Any, tmp_path: Path) -> None:
    run, charts = finished[kind], KINDS[kind][1]
    expected = {"failure": "failed", "death": "died"}.get(kind, "succeeded")
    assert run.status == expected, run.error
    visit.open(run.report)
    sizes = visit.chart_sizes()
    assert len(sizes) >= charts
    assert all(width > 300 and height > 150 for width, height in sizes)
    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    _keep(visit, kind)


def test_the_sample_market_is_announced_on_top(finished: dict[str, Run], visit: Any) -> None:
    visit.open(finished["backtest"].report)
    assert visit.page.locator(".wb-sample").first.is_visible()
    assert visit.page.locator(".wb-sample").first.bounding_box()["y"] < 700


def test_code_is_folded_away_until_asked_for(finished: dict[str, Run], visit: Any) -> None:
    visit.open(finished["backtest"].report)
    assert not visit.page.locator(".input").first.is_visible()
    visit.page.get_by_role("button", name="Show code").click()
    assert visit.page.locator(".input").first.is_visible()
    visit.page.get_by_role("button", name="Hide code").click()
    assert not visit.page.locator(".input").first.is_visible()


def test_a_failure_leads_to_its_cell(finished: dict[str, Run], visit: Any) -> None:
    visit.open(finished["failure"].report)
    visit.page.get_by_role("link", name="Go to the cell").click()
    assert visit.page.locator("#broken .input").is_visible()
    assert "the input is broken" in visit.page.locator("#broken .output_error").inner_text()


def test_the_index_filters_and_leads_to_reports(finished: dict[str, Run], visit: Any) -> None:
    visit.open(finished["backtest"].folder.parent / "index.html")
    rows = visit.page.locator("#runs tr:visible")
    assert rows.count() == len(KINDS)
    visit.page.locator("#text").fill("portfolio cagr nothing-has-this")
    assert rows.count() == 0
    assert visit.page.locator("#none").is_visible()
    visit.page.locator("#text").fill("")
    visit.page.locator("#status").select_option("failed")
    assert rows.count() == 1
    visit.page.locator("#status").select_option("")
    visit.page.locator("#notebook").select_option("backtest")
    assert rows.count() == 2
    _keep(visit, "index")
    visit.page.locator("#text").fill("HK")
    assert rows.count() == 1
    visit.page.get_by_role("link", name="Backtest").click()
    assert finished["backtest-all"].id in visit.page.url
    assert visit.complaints == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in visit.requests)


def test_the_checks_notice_what_they_are_for(visit: Any, tmp_path: Path) -> None:
    """Break a page by hand: a missing library and a picture of another host must both be seen."""
    page = tmp_path / "broken.html"
    page.write_text("<img src='https://host.invalid/a.png'><script>Plotly.newPlot('x')</script>")
    visit.open(page)
    assert any("Plotly is not defined" in complaint for complaint in visit.complaints)
    assert any(url.startswith("https://host.invalid") for url in visit.requests)


def _keep(visit: Any, name: str) -> None:
    """Screenshots for people, where ``TEST_SCREENSHOTS`` names a folder."""
    folder = os.environ.get("TEST_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        visit.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
