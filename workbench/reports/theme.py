"""Colours, fonts and the plotly template of every chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: One colour a region, the same in every chart; distinguishable with the common colour blindnesses
#: (Okabe and Ito, "Color Universal Design", 2008).
REGION_COLOURS = {
    "KR": "#0072B2",
    "US": "#D55E00",
    "CN": "#CC79A7",
    "HK": "#009E73",
    "JP": "#E69F00",
    "VN": "#56B4E9",
}

#: For series that are no region, in the order in which they are drawn.
SERIES_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5B5F66", "#8C6D31")

#: Low, middle and high of a value with a sign, and of one without.
DIVERGING = ("#B2443C", "#F4F2EE", "#20639B")
SEQUENTIAL = ("#F1F6FA", "#9CC3DE", "#20639B", "#0B2F50")

INK = "#1F2933"
MUTED = "#616E7C"
LINE = "#E4E7EB"
BAND = "rgba(97, 110, 124, 0.12)"

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif"
HEIGHT = 420


def template() -> go.layout.Template:
    """Return the plotly template ``workbench``: light ground, quiet grid, the colours above."""
    import plotly.graph_objects as go

    axis = {
        "gridcolor": LINE,
        "linecolor": "#CBD2D9",
        "zerolinecolor": "#9AA5B1",
        "zerolinewidth": 1,
        "ticks": "outside",
        "tickcolor": "#CBD2D9",
        "ticklen": 4,
        "automargin": True,
        "title": {"standoff": 10, "font": {"size": 12, "color": MUTED}},
        "tickfont": {"size": 12, "color": MUTED},
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": INK},
            "title": {
                "x": 0,
                "xref": "container",
                "xanchor": "left",
                "pad": {"l": 12, "t": 18},  # in pixels: a share of a low chart's height would cut the title
                "y": 1.0,
                "yanchor": "top",
                "font": {"size": 16},
            },
            "paper_bgcolor": "#FFFFFF",
            "plot_bgcolor": "#FFFFFF",
            "colorway": list(SERIES_COLOURS),
            "colorscale": {
                "sequential": _scale(SEQUENTIAL),
                "sequentialminus": _scale(tuple(reversed(SEQUENTIAL))),
                "diverging": _scale(DIVERGING),
            },
            "xaxis": {**axis, "showgrid": False},
            "yaxis": {**axis, "showline": False, "ticks": ""},
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1.0,
                "yanchor": "bottom",
                "font": {"size": 12},
                "title": {"text": ""},
            },
            "margin": {"l": 64, "r": 24, "t": 76, "b": 56},
            "hovermode": "x unified",
            "hoverlabel": {"bgcolor": "#FFFFFF", "bordercolor": LINE, "font": {"family": FONT, "size": 12}},
            "height": HEIGHT,
            "bargap": 0.25,
        },
        data={"scatter": [{"line": {"width": 1.8}}], "bar": [{"marker": {"line": {"width": 0}}}]},
    )


def apply(figure: Any) -> Any:
    """Give a figure the house template, keeping what the figure itself sets; returns the figure."""
    figure.layout.template = template()
    return figure


def region_colour(label: str) -> str:
    """Return the colour of a region, or of a label that begins with one, ``KR:005930``; grey for others."""
    return REGION_COLOURS.get(label.partition(":")[0].upper(), MUTED)


def _scale(colours: tuple[str, ...]) -> list[list[Any]]:
    return [[place / (len(colours) - 1), colour] for place, colour in enumerate(colours)]
