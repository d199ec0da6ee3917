"""Charts of signals: what to buy and why, and the regime of each region."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workbench.reports import theme
from workbench.reports.charts.frame import title
from workbench.reports.numbers import label

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import polars as pl

    from workbench.signals import SignalRules

#: Colours of what a signal says.
CALL_COLOURS = {"BUY": "#1B7F4B", "WATCH": "#C98A00", "AVOID": "#9AA5B1"}
#: One colour a layer, and a family of factors, in the order in which they are stacked.
LAYER_COLOURS = {
    "regime": "#9AA5B1",
    "structure": "#0072B2",
    "timing": "#E69F00",
    "value": "#009E73",
    "momentum": "#0072B2",
    "quality": "#CC79A7",
    "low_volatility": "#E69F00",
    "size_liquidity": "#56B4E9",
    "model": "#5B5F66",
}
_NAME_WIDTH = 20


def buy_list(frame: pl.DataFrame, rules: SignalRules, rows: int = 8) -> go.Figure:
    """The best names of each region, each score taken apart into its layers or families of factors.

    Parameters
    ----------
    frame : polars.DataFrame
        One date a region, best first: region, ticker, date, set, score, signal, confidence, layers; with ``name``
        if the companies' names shall stand beside the codes.
    rules : SignalRules
        Its thresholds are drawn as lines.
    rows : int
        Names a region.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    regions = frame["region"].unique(maintain_order=True).to_list()
    width = min(2, len(regions))
    height = -(-len(regions) // width)
    parts = {region: frame.filter(frame["region"] == region).head(rows) for region in regions}
    headings = [f"<b>{region}</b>  {_counts(frame, region)}" for region in regions]
    gap = {"horizontal_spacing": 0.26, "vertical_spacing": min(0.12, 0.3 / max(height, 1))}
    figure = make_subplots(rows=height, cols=width, subplot_titles=headings, **gap)
    apart = {region: [json.loads(text) for text in part["layers"]] for region, part in parts.items()}
    layers = list(dict.fromkeys(name for rows_ in apart.values() for one in rows_ for name in one if name != "base"))
    relative = any("base" in one for rows_ in apart.values() for one in rows_)
    base = 50.0 if relative else 0.0
    for number, region in enumerate(regions):
        place = {"row": number // width + 1, "col": number % width + 1}
        part = parts[region]
        names = [_called(row) for row in part.iter_rows(named=True)]
        for layer in layers:
            points = [sum(one.get(layer, {}).values()) for one in apart[region]]
            told = [_told(one.get(layer, {})) for one in apart[region]]
            bar = go.Bar(
                x=points, y=names, orientation="h", name=label(layer), legendgroup=layer, showlegend=not number,
                marker_color=LAYER_COLOURS.get(layer, theme.MUTED), customdata=told,
                hovertemplate="%{y}: %{x:.1f} points<br>%{customdata}<extra>" + label(layer) + "</extra>",
            )  # fmt: skip
            figure.add_trace(bar, **place)
        ends = [_end(one) for one in apart[region]]
        marks = go.Scatter(
            x=ends, y=names, mode="text", textposition="middle right", showlegend=False, hoverinfo="skip",
            text=[f" <b>{row['score']:.0f}</b> {row['signal']}" for row in part.iter_rows(named=True)],
            textfont={"size": 11, "color": [CALL_COLOURS[call] for call in part["signal"]]},
        )  # fmt: skip
        figure.add_trace(marks, **place)
        if relative:
            net = go.Scatter(
                x=[score - base for score in part["score"]], y=names, mode="markers", showlegend=not number,
                name="score", hovertemplate="%{y}: %{text}<extra>score</extra>",
                text=[f"{score:.1f}" for score in part["score"]],
                marker={"symbol": "diamond", "size": 8, "color": theme.INK, "line": {"width": 1, "color": "#FFFFFF"}},
            )  # fmt: skip
            figure.add_trace(net, **place)
        bounds = rules.of(region)
        for value, call in ((bounds.buy, "BUY"), (bounds.watch, "WATCH")):
            figure.add_vline(x=value - base, line={"color": CALL_COLOURS[call], "width": 1, "dash": "dot"}, **place)
    _scale(figure, [one for rows_ in apart.values() for one in rows_], relative)
    figure.update_yaxes(autorange="reversed", tickfont={"size": 11})
    figure.update_annotations(xanchor="left", font={"size": 13})
    for number, one in enumerate(figure.layout.annotations):
        one.x = figure.layout[f"xaxis{number + 1 if number else ''}"].domain[0]
    parted = "points above and below the average of 50, diamonds: the score" if relative else "points of each layer"
    what = f"Best names by {label(str(frame['set'][0]))}: {parted}; lines: BUY and WATCH"
    figure.update_layout(
        title_text=_dated(what, frame),
        barmode="relative",
        height=130 + height * (60 + 24 * rows),
        margin={"t": 118},
        legend={"y": 1.0, "yanchor": "bottom", "yref": "paper", "xref": "paper"},
        hovermode="closest",
    )
    figure.layout.legend.y = 1.0 + 34.0 / (height * (60 + 24 * rows) - 40)
    return figure


def _scale(figure: go.Figure, apart: list[dict[str, dict[str, float]]], relative: bool) -> None:
    """Room for every bar and its text: from 0 to 100, or to both sides of the average of 50."""
    if not relative:
        figure.update_xaxes(range=[0, 122], tickvals=[0, 25, 50, 75, 100])
        return
    right = max([50.0, *(_end(one) for one in apart)])
    left = min([-10.0, *(_start(one) for one in apart)])
    ticks = [tick for tick in range(-200, 201, 25) if left <= tick <= right]
    figure.update_xaxes(
        range=[left - 2.0, right + 0.22 * (right - left)], tickvals=ticks, ticktext=[f"{tick + 50}" for tick in ticks]
    )


def regimes(frame: pl.DataFrame) -> go.Figure:
    """The regime of each region and what it is made of, 0 to 100.

    Parameters
    ----------
    frame : polars.DataFrame
        region, date, regime and a column a component.
    """
    import plotly.graph_objects as go

    names = [name for name in frame.columns if name not in ("region", "date")]
    values = [list(row) for row in frame.select(names).iter_rows()]
    text = [["–" if value is None else f"{value:.0f}" for value in row] for row in values]
    heading = [f"<b>{label(name).upper()}</b>" if name == "regime" else label(name) for name in names]
    figure = go.Figure(
        go.Heatmap(
            z=values, x=heading, y=frame["region"].to_list(), text=text, texttemplate="%{text}", zmin=0, zmax=100,
            colorscale=[[0.0, theme.DIVERGING[0]], [0.5, theme.DIVERGING[1]], [1.0, theme.DIVERGING[2]]],
            colorbar={"title": {"text": "0 bad, 100 good"}, "thickness": 10}, xgap=3, ygap=3,
            hovertemplate="%{y}, %{x}: %{z:.1f}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(side="top", tickfont={"size": 12})
    figure.update_layout(
        title_text=_dated("Regime and breadth of the regions", frame),
        height=130 + 42 * frame.height,
        margin={"t": 104, "b": 20},
        hovermode="closest",
    )
    return figure


def signal_history(frame: pl.DataFrame) -> go.Figure:
    """How many names were BUY, by region: the mean of each month.

    Parameters
    ----------
    frame : polars.DataFrame
        region, date, buy, watch, avoid, scored.
    """
    import plotly.graph_objects as go
    import polars as pl

    figure = go.Figure()
    for (region,), part in frame.group_by("region", maintain_order=True):
        shade = theme.region_colour(str(region))
        monthly = part.group_by(pl.col("date").dt.truncate("1mo"), maintain_order=True).agg(pl.col("buy").mean())
        days, buy = monthly["date"].to_list(), monthly["buy"].to_list()
        figure.add_trace(go.Scatter(x=days, y=buy, name=str(region), mode="lines+markers", line_color=shade))
    figure.update_traces(marker_size=4)
    figure.update_yaxes(title_text="names that are BUY, mean of the month", rangemode="tozero", tickformat=".0f")
    figure.update_layout(
        title_text=title("Number of BUY signals", frame["date"].min(), frame["date"].max()),
        height=360,
        showlegend=True,
    )
    return figure


def cross_region(frame: pl.DataFrame) -> go.Figure:
    """Correlation of the regions by each method, side by side.

    Parameters
    ----------
    frame : polars.DataFrame
        region_a, region_b, and a column each of daily, weekly, lead_lag.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    methods = {"daily": "same date (too low)", "weekly": "weekly", "lead_lag": "lead and lag"}
    there = {name: text for name, text in methods.items() if name in frame.columns}
    regions = list(dict.fromkeys([*frame["region_a"], *frame["region_b"]]))
    figure = make_subplots(rows=1, cols=len(there), subplot_titles=list(there.values()), shared_yaxes=True)
    for number, method in enumerate(there):
        known = {(a, b): value for a, b, value in frame.select("region_a", "region_b", method).iter_rows()}
        z = [[1.0 if a == b else known.get((a, b), known.get((b, a))) for b in regions] for a in regions]
        text = [["" if a == b else _two(value) for b, value in zip(regions, row, strict=True)]
                for a, row in zip(regions, z, strict=True)]  # fmt: skip
        heat = go.Heatmap(
            z=z, x=regions, y=regions, text=text, texttemplate="%{text}", zmin=-1, zmax=1, xgap=2, ygap=2,
            colorscale=[[0.0, theme.DIVERGING[0]], [0.5, theme.DIVERGING[1]], [1.0, theme.DIVERGING[2]]],
            showscale=number == len(there) - 1, colorbar={"thickness": 10},
            hovertemplate="%{y} and %{x}: %{z:.2f}<extra></extra>",
        )  # fmt: skip
        figure.add_trace(heat, row=1, col=number + 1)
    figure.update_yaxes(autorange="reversed")
    what = "How regions move together<br><sup>correlation of log returns of the indexes, local currency</sup>"
    figure.update_layout(title_text=what, height=400, margin={"t": 96}, hovermode="closest")
    return figure


def factor_coverage(frame: pl.DataFrame) -> go.Figure:
    """Share of the members that have a score on the last date, by factor and region.

    Parameters
    ----------
    frame : polars.DataFrame
        factor, region, coverage.
    """
    import plotly.graph_objects as go

    regions, names = (frame[name].unique(maintain_order=True).to_list() for name in ("region", "factor"))
    known = {(name, region): value for name, region, value in frame.select("factor", "region", "coverage").iter_rows()}
    z = [[known.get((name, region)) for region in regions] for name in names]
    figure = go.Figure(
        go.Heatmap(
            z=z, x=regions, y=names, text=[["–" if v is None else f"{v:.0%}" for v in row] for row in z],
            texttemplate="%{text}", zmin=0, zmax=1, xgap=2, ygap=2, colorbar={"tickformat": ".0%", "thickness": 10},
            colorscale=[[place / 3, colour] for place, colour in enumerate(theme.SEQUENTIAL)],
            hovertemplate="%{y}, %{x}: %{z:.1%}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(side="top")
    figure.update_layout(
        title_text="Members with a score on the last date", height=130 + 24 * len(names), hovermode="closest"
    )
    return figure


def _dated(what: str, frame: pl.DataFrame) -> str:
    """A title with the day of the rows, or the first and the last of them."""
    first, last = frame["date"].min(), frame["date"].max()
    return f"{what}<br><sup>at the close of {last!s}</sup>" if first == last else title(what, first, last)


def _called(row: dict[str, Any]) -> str:
    code = str(row["ticker"]).partition(":")[2]
    name = row.get("name")
    return code if not name else f"{str(name)[:_NAME_WIDTH]} {code}"


def _told(parts: dict[str, float]) -> str:
    return "<br>".join(f"{label(name)} {points:+.1f}" for name, points in parts.items())


def _end(parts: dict[str, dict[str, float]]) -> float:
    """Where the bars of a name end on the right."""
    return float(sum(value for value in _sums(parts) if value > 0.0))


def _start(parts: dict[str, dict[str, float]]) -> float:
    """Where the bars of a name begin on the left."""
    return float(sum(value for value in _sums(parts) if value < 0.0))


def _sums(parts: dict[str, dict[str, float]]) -> list[float]:
    return [sum(one.values()) for name, one in parts.items() if name != "base"]


def _counts(frame: pl.DataFrame, region: str) -> str:
    own = frame.filter(frame["region"] == region)["signal"]
    return ", ".join(f"{int((own == call).sum())} {call}" for call in CALL_COLOURS)


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
