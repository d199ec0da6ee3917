"""Pages: an executed notebook as ``report.html``, and the index of all runs. Nothing is loaded from any host."""

from __future__ import annotations

import copy
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.reports import blocks, figures, widgets
from workbench.reports.numbers import label, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TEMPLATES = Path(__file__).parent / "templates"

#: Elements that would fetch something from a host; links that a reader may follow are not among them.
_REMOTE = re.compile(
    r"<script\b[^>]*\bsrc\s*=\s*['\"]?(?:https?:)?//[^>]*>\s*</script\s*>"
    r"|<(?:link|img|iframe|embed|source|video|audio)\b[^>]*\b(?:src|href|srcset)\s*=\s*['\"]?(?:https?:)?//[^>]*>"
    r"|@import\s+(?:url\()?['\"]?(?:https?:)?//[^;]*;",
    re.IGNORECASE,
)
#: Marks cells whose output is for the regression test of the notebook; it is shown with the code.
_DIGEST = "# NBVAL_CHECK_OUTPUT"
#: Printed characters that a page shows of one cell: a browser is slow with tens of megabytes.
MOST_TEXT = 200_000
_STATUS_WORDS = {"timed_out": "timed out"}


def render(node: Any, card: Mapping[str, Any]) -> str:
    """Return the page of a run.

    Parameters
    ----------
    node : nbformat.NotebookNode
        The executed notebook; it is not changed.
    card : mapping
        The run card.
    """
    body = without_remote(_body(_prepared(node)))
    charts = 'class="wb-chart"' in body
    return _rendered(
        "report.html",
        card=card,
        body=body,
        style=_text("style.css"),
        status=status_word(card["status"]),
        started=blocks.moment(card.get("started")),
        seconds=duration(card.get("seconds")),
        error=card.get("error"),
        plotly=figures.library() if charts else "",
        draw=figures.DRAW if charts else "",
    )


def render_index(cards: Iterable[Mapping[str, Any]]) -> str:
    """Return the page that lists runs, in the order given."""
    rows = [_index_row(card) for card in cards]
    return _rendered(
        "index.html",
        rows=rows,
        style=_text("style.css"),
        statuses=sorted({row["status"] for row in rows}),
        notebooks=sorted({row["notebook"] for row in rows}),
    )


def without_remote(html: str) -> str:
    """Return HTML without scripts, styles, pictures and frames of other hosts."""
    return _REMOTE.sub("", html)


def status_word(status: str) -> str:
    """Return a status as people write it."""
    return _STATUS_WORDS.get(status, status)


def duration(seconds: float | None) -> str:
    """Return seconds as ``3.2 s`` or ``2 min 05 s``."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def _index_row(card: Mapping[str, Any]) -> dict[str, Any]:
    folder = card["id"]
    headline = card.get("headline") or {}
    # A run whose process was killed was interrupted too, and left no page.
    has_page = card["status"] != "running" and (card["status"] != "interrupted" or card.get("ended"))
    given = (card.get("parameters") or {}).items()
    parameters = ", ".join(f"{name}={shown(value)}" for name, value in given if value not in (None, "", [], {}))
    error = card.get("error")
    return {
        "id": folder,
        "title": card.get("title") or card["notebook"],
        "notebook": Path(card["notebook"]).stem,
        "link": f"{folder}/report.html" if has_page else None,
        "status": card["status"],
        "word": status_word(card["status"]),
        "started": blocks.moment(card.get("started"))[:16],
        "seconds": duration(card.get("seconds")),
        "parameters": parameters,
        "numbers": [(label(name), blocks.number(name, value)) for name, value in headline.items()],
        "error": f"{error['name']}: {error['message']}" if error else "",
        "replay_of": card.get("replay_of"),
    }


def _prepared(node: Any) -> Any:
    """A copy in which figures and controls are plain HTML."""
    document = copy.deepcopy(node)
    state = document.metadata.pop("widgets", {}).get(widgets.STATE, {}).get("state", {})
    for cell in document.cells:
        if cell.cell_type == "code":
            cell.outputs = [_static(output, state) for output in _bounded(cell.get("outputs", []))]
            if _DIGEST in cell.source:
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), "digest"]
    return document


def _bounded(outputs: list[Any]) -> list[Any]:
    """The outputs of a cell with at most `MOST_TEXT` characters printed; a line says how many were left out."""
    import nbformat

    room, left_out, kept = MOST_TEXT, 0, []
    for output in outputs:
        if output["output_type"] == "stream":
            whole = len(output["text"])
            output["text"] = output["text"][:room]
            room -= len(output["text"])
            left_out += whole - len(output["text"])
        kept.append(output)
    if left_out:
        note = f"\n... {left_out:,} more characters stand in notebook.ipynb\n"
        kept.append(nbformat.v4.new_output("stream", text=note))
    return kept


def _static(output: Any, state: Mapping[str, Any]) -> Any:
    """An output that shows a figure or a control, with HTML in its place; others as they are."""
    data = output.get("data", {})
    if figures.PLOTLY in data:
        html = figures.place(data[figures.PLOTLY])
    elif widgets.VIEW in data:
        model_id = data[widgets.VIEW].get("model_id", "")
        html = widgets.render(model_id, state, lambda outputs: _fragment(outputs, state))
        if not html:
            html = '<div class="wb-control">An interactive control: open the notebook to use it.</div>'
    else:
        data.pop("application/javascript", None)
        return output
    output["data"] = type(data)({"text/html": html})
    return output


def _fragment(outputs: list[Any], state: Mapping[str, Any]) -> str:
    """The outputs inside a control, as HTML."""
    import nbformat

    plain = [_static(nbformat.from_dict(output), state) for output in outputs]
    return _body(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=plain)]))


def _body(document: Any) -> str:
    html, _ = _exporter().from_notebook_node(document)
    return str(html)


def _exporter() -> Any:
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    settings = {
        "require_js_url": "",
        "mathjax_url": "",
        "jquery_url": "",
        "jupyter_widgets_base_url": "",
        "exclude_input_prompt": True,
        "exclude_output_prompt": True,
        "exclude_anchor_links": True,
    }
    return HTMLExporter(template_name="basic", config=Config({"HTMLExporter": settings}))


def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )


def _rendered(name: str, **values: Any) -> str:
    return str(_environment().get_template(name).render(**values))
