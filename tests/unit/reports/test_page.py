"""Pages bring everything they need with them."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from workbench.reports import figures, page, widgets

CARD = {
    "id": "r",
    "title": "T <b>",
    "status": "succeeded",
    "started": "2026-01-01T00:00:00",
    "seconds": 75.2,
    "error": None,
}
FIGURE = {"data": [{"y": [1, 2], "name": "</script><script>alert(1)</script>"}], "layout": {"height": 300}}


def _page(*cells: Any, **card: Any) -> str:
    return page.render(new_notebook(cells=list(cells)), {**CARD, **card})


def _shown(data: dict[str, Any]) -> Any:
    return new_code_cell("x", outputs=[new_output("display_data", data=data)])


def test_plotly_is_inlined_once_for_all_charts_and_not_without() -> None:
    text = _page(_shown({figures.PLOTLY: FIGURE}), _shown({figures.PLOTLY: FIGURE}))
    assert text.count('<div class="wb-chart">') == 2
    assert len(re.findall(r"plotly\.js v\d", text)) == 1
    assert "<script>alert" not in text
    assert "plotly.js v" not in _page(new_markdown_cell("# Only words"))


def test_nothing_of_another_host_is_left() -> None:
    html = (
        '<script src="https://cdn.x/require.js"></script><link rel="stylesheet" href="//x/y.css">'
        '<img src=\'http://x/a.png\'><img src="data:image/png;base64,AA"><a href="https://x/">a link</a>'
        "<style>@import url(https://fonts.x/css);</style>"
    )
    text = _page(_shown({"text/html": html}), new_markdown_cell("![](https://x/b.png) $x^2$"))
    assert re.findall(r"https?://[^\"'<> ]+|(?:src|href)=.?//\S+", text) == ["https://x/"]
    assert "data:image/png;base64,AA" in text


def test_a_javascript_output_is_not_run() -> None:
    assert "alert(7)" not in _page(_shown({"application/javascript": "alert(7)", "text/plain": "p"}))


def test_code_is_there_but_folded_away() -> None:
    text = _page(new_code_cell("total = 1 + 1"))
    assert "total" in text
    assert 'class="input"' in text
    assert ".input { display: none; }" in text
    assert "Show code" in text


def test_a_failure_stands_on_top() -> None:
    error = {"name": "ValueError", "message": "a < b", "cell": 1}
    text = _page(new_code_cell("x"), status="failed", error=error)
    assert "This run failed." in text
    assert "ValueError: a &lt; b" in text
    assert "T &lt;b&gt;" in text
    assert "1 min 15 s" in text


def test_controls_become_what_they_showed() -> None:
    state = {
        "box": {"state": {"children": ["IPY_MODEL_drop", "IPY_MODEL_out"]}},
        "drop": {"state": {"_options_labels": ["KR", "US"], "index": 1, "description": "Region:"}},
        "out": {
            "state": {"outputs": [{"output_type": "display_data", "data": {figures.PLOTLY: FIGURE}, "metadata": {}}]}
        },
    }
    node = new_notebook(cells=[_shown({widgets.VIEW: {"model_id": "box"}, "text/plain": "VBox()"})])
    node.metadata.widgets = nbformat.from_dict({widgets.STATE: {"state": state}})
    text = page.render(node, CARD)
    assert "Region: <b>US</b>" in text
    assert text.count('<div class="wb-chart">') == 1
    assert "VBox" not in text
    assert node.cells[0].outputs[0].data[widgets.VIEW]  # the notebook itself stays as it is


def test_an_unknown_control_says_where_it_is_live() -> None:
    assert "open the notebook to use it" in _page(_shown({widgets.VIEW: {"model_id": "gone"}}))


@pytest.mark.parametrize(("seconds", "text"), [(None, ""), (3.21, "3.2 s"), (59.99, "60.0 s"), (125, "2 min 05 s")])
def test_durations(seconds: float | None, text: str) -> None:
    assert page.duration(seconds) == text


def test_an_index_without_runs_says_so() -> None:
    assert "No runs yet" in page.render_index([])


@pytest.mark.parametrize(
    ("status", "ended", "linked"),
    [
        ("succeeded", "2026", True),
        ("running", None, False),
        ("interrupted", "2026", True),
        ("interrupted", None, False),
    ],
)
def test_the_index_links_only_pages_that_are_there(status: str, ended: str | None, linked: bool) -> None:
    text = page.render_index([{**CARD, "notebook": "n.ipynb", "status": status, "ended": ended}])
    assert ('href="r/report.html"' in text) is linked


def test_a_digest_is_folded_away_with_the_code() -> None:
    cell = new_code_cell("# NBVAL_CHECK_OUTPUT\nx", outputs=[new_output("stream", text="rows 21")])
    assert re.search(r'class="[^"]*celltag_digest[^"]*"', _page(cell))
    assert ".celltag_digest { display: none; }" in _page(cell)
    assert not re.search(r'class="[^"]*celltag_digest', _page(new_code_cell("x")))


def test_endless_printing_is_cut_in_the_page() -> None:
    pieces = [new_output("stream", text="x" * (page.MOST_TEXT // 2)) for _ in range(4)]
    text = _page(new_code_cell("x", outputs=pieces))
    assert text.count("x" * 100) == page.MOST_TEXT // 100
    assert f"... {page.MOST_TEXT:,} more characters stand in notebook.ipynb" in text
    assert all(len(piece.text) == page.MOST_TEXT // 2 for piece in pieces)
