"""Interactive controls on a page without a kernel: what they showed, as plain HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from workbench.reports.figures import PLOTLY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
_REFERENCE = "IPY_MODEL_"


def render(model_id: str, state: Mapping[str, Any], outputs: Callable[[list[Any]], str]) -> str:
    """Return a widget, and those inside it, as static HTML.

    Parameters
    ----------
    model_id : str
    state : mapping
        The saved models of the notebook by id.
    outputs : callable
        Renders the outputs that an output widget had captured.
    """
    model = state.get(model_id, {}).get("state", {})
    data, layout = model.get("_widget_data"), model.get("_widget_layout")
    if isinstance(data, list) and isinstance(layout, dict):
        return outputs([_display({PLOTLY: {"data": data, "layout": layout}})])
    if "outputs" in model:
        return outputs(list(model["outputs"]))
    if isinstance(model.get("children"), list):
        return "".join(_child(child, state, outputs) for child in model["children"])
    return _control(model)


def _child(reference: object, state: Mapping[str, Any], outputs: Callable[[list[Any]], str]) -> str:
    return render(str(reference).removeprefix(_REFERENCE), state, outputs)


def _control(model: Mapping[str, Any]) -> str:
    name = str(model.get("_model_name", ""))
    if name in ("HTMLModel", "HTMLMathModel"):
        return str(model.get("value", ""))
    value = _value(model)
    if value is None:
        return ""
    caption = escape(str(model.get("description", "") or "")).rstrip(":")
    text = f"{caption}: <b>{escape(value)}</b>" if caption else f"<b>{escape(value)}</b>"
    return f'<div class="wb-control" title="Live in the notebook">{text}</div>'


def _value(model: Mapping[str, Any]) -> str | None:
    labels, index = model.get("_options_labels"), model.get("index")
    if isinstance(labels, list | tuple) and isinstance(index, int):
        return str(labels[index])
    if isinstance(labels, list | tuple) and isinstance(index, list | tuple):
        return ", ".join(str(labels[place]) for place in index)
    value = model.get("value")
    return None if value is None or isinstance(value, dict) else str(value)


def _display(data: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {}}
