"""Plotly figures inside a page: the data of each, and plotly.js once."""

from __future__ import annotations

import json
from typing import Any

PLOTLY = "application/vnd.plotly.v1+json"

#: Draws every figure of the page; its text is JSON, so nothing of it is run as code.
DRAW = """
document.querySelectorAll('div.wb-chart').forEach(function (place) {
  var figure = JSON.parse(place.querySelector('script').textContent);
  var config = Object.assign({displaylogo: false, responsive: true}, figure.config || {});
  Plotly.newPlot(place.querySelector('.wb-plot'), figure.data, figure.layout, config);
});
"""


def place(figure: dict[str, Any]) -> str:
    """Return the HTML that holds one figure until it is drawn."""
    height = figure.get("layout", {}).get("height") or _template_height(figure) or 450
    # "<" never begins a tag inside the script element: neither an end nor a comment.
    text = json.dumps(figure, separators=(",", ":")).replace("<", "\\u003c")
    return (
        f'<div class="wb-chart"><script type="application/json">{text}</script>'
        f'<div class="wb-plot" style="height:{int(height)}px"></div></div>'
    )


def library() -> str:
    """Return plotly.js as text."""
    from plotly.offline import get_plotlyjs

    text: str = get_plotlyjs()
    return text.replace("</script", "<\\/script")


def _template_height(figure: dict[str, Any]) -> Any:
    template = figure.get("layout", {}).get("template") or {}
    return template.get("layout", {}).get("height")
