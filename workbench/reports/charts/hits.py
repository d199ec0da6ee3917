"""Charts of hit rates: how often signals, and each part of them, were right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.reports import theme
from workbench.reports.charts.signals import CALL_COLOURS
from workbench.reports.numbers import label

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import polars as pl


def hit_rates(frame: pl.DataFrame) -> go.Figure:
    """Share of past signals that were right, with Wilson's interval; hollow where the periods are insufficient.

    Parameters
    ----------
    frame : polars.DataFrame
        Of :func:`workbench.signals.hit_rates`; BUY, WATCH and AVOID are drawn.
    """
    import plotly.graph_objects as go
    import polars as pl

    figure = go.Figure()
    for call in ("BUY", "WATCH", "AVOID"):
        part = frame.filter((pl.col("kind") == call) & pl.col("hit_rate").is_not_null())
        rate = part["hit_rate"]
        sure = [verdict != "insufficient" for verdict in part["verdict"]]
        figure.add_trace(
            go.Scatter(
                x=part["region"].to_list(), y=rate.to_list(), name=call, mode="markers",
                error_y={"type": "data", "array": (part["high"] - rate).to_list(),
                         "arrayminus": (rate - part["low"]).to_list(), "thickness": 1.5, "width": 4},
                marker={"color": CALL_COLOURS[call], "size": 10, "line": {"width": 2, "color": CALL_COLOURS[call]},
                        "symbol": ["circle" if one else "circle-open" for one in sure]},
                customdata=part.select("signals", "periods", "verdict").rows(),
                hovertemplate="%{x}: %{y:.1%}<br>%{customdata[0]} signals, %{customdata[1]} periods, %{customdata[2]}",
            )
        )  # fmt: skip
    figure.add_hline(y=0.5, line={"color": theme.INK, "width": 1})
    bounds = frame.filter(pl.col("kind").is_in(list(CALL_COLOURS))).select("low", "high").drop_nulls()
    reach = max([0.08, *(0.5 - bounds["low"]).to_list(), *(bounds["high"] - 0.5).to_list()]) + 0.02
    figure.update_yaxes(
        title_text="beat the region's median (AVOID: did not)", tickformat=".0%", range=[0.5 - reach, 0.5 + reach]
    )
    horizon = int(frame["horizon"].max())  # type: ignore[arg-type]
    what = f"Hit rates over {horizon} sessions, hollow: insufficient"
    figure.update_layout(
        title_text=f"{what}<br><sup>from the close after the signal; only outcomes known by the date</sup>",
        scattermode="group",
        hovermode="closest",
        height=380,
    )
    return figure


def hit_rates_of_parts(frame: pl.DataFrame) -> go.Figure:
    """Hit rates of each factor or component by region; a dot marks rates that differ from one half."""
    import plotly.graph_objects as go
    import polars as pl

    parts = frame.filter(~pl.col("kind").is_in(["BUY", "WATCH", "AVOID"]))
    regions, kinds = (parts[name].unique(maintain_order=True).to_list() for name in ("region", "kind"))
    rates = {(region, kind): (rate, verdict) for region, kind, rate, verdict in
             parts.select("region", "kind", "hit_rate", "verdict").iter_rows()}  # fmt: skip
    cells = [[rates.get((region, kind), (None, "insufficient")) for region in regions] for kind in kinds]
    figure = go.Figure(
        go.Heatmap(
            z=[[rate if verdict != "insufficient" else None for rate, verdict in row] for row in cells],
            x=regions, y=[label(kind.rpartition(".")[2]) for kind in kinds], texttemplate="%{text}",
            text=[[_rate(rate, verdict) for rate, verdict in row] for row in cells], zmin=0.4, zmax=0.6,
            colorscale=[[0.0, theme.DIVERGING[0]], [0.5, theme.DIVERGING[1]], [1.0, theme.DIVERGING[2]]],
            colorbar={"tickformat": ".0%", "thickness": 10}, xgap=3, ygap=3,
            hovertemplate="%{x}, %{y}: %{z:.1%}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(
        title_text="What each part alone would have been worth<br>"
        "<sup>share of its BUYs that beat the region's median; • differs from one half</sup>",
        height=140 + 28 * len(kinds),
        hovermode="closest",
    )
    return figure


def _rate(rate: float | None, verdict: str) -> str:
    if rate is None or verdict == "insufficient":
        return "–"
    return f"{rate:.0%}{' •' if verdict != 'not told from half' else ''}"
