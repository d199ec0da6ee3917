"""Charts of an allocation: weights beside the risk they bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.reports import theme
from workbench.reports.charts.frame import COMPARISON

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from workbench.portfolio import Allocation

#: Bars that can still be told apart; the table beside the chart has all.
MOST_NAMES = 30


def weights(allocation: Allocation) -> go.Figure:
    """Weight and share of the risk of each name, the largest weights first."""
    import plotly.graph_objects as go

    top = allocation.weights.head(MOST_NAMES)
    names = top["ticker"].to_list()
    figure = go.Figure(
        [
            go.Bar(
                x=names,
                y=top["weight"].to_list(),
                name="weight (colour of the region)",
                marker_color=[theme.region_colour(name) for name in names],
            ),
            go.Bar(x=names, y=top["risk_contribution"].to_list(), name="share of the risk", marker_color=COMPARISON),
        ]
    )
    figure.update_xaxes(type="category")
    figure.update_yaxes(title_text="share of the portfolio", tickformat=".0%")
    figure.update_layout(title_text=_title("Weights and risk contributions", allocation), hovermode="closest")
    return figure


def region_weights(allocation: Allocation) -> go.Figure:
    """Weight and share of the risk of each region."""
    import plotly.graph_objects as go
    import polars as pl

    total = allocation.weights.group_by("region", maintain_order=True).agg(pl.col("weight", "risk_contribution").sum())
    regions = total["region"].to_list()
    figure = go.Figure(
        [
            go.Bar(
                x=regions,
                y=total["weight"].to_list(),
                name="weight (colour of the region)",
                marker_color=[theme.region_colour(region) for region in regions],
            ),
            go.Bar(
                x=regions, y=total["risk_contribution"].to_list(), name="share of the risk", marker_color=COMPARISON
            ),
        ]
    )
    figure.update_yaxes(title_text="share of the portfolio", tickformat=".0%")
    figure.update_layout(
        title_text=_title("Weights and risk contributions by region", allocation), hovermode="closest", height=340
    )
    return figure


def _title(what: str, allocation: Allocation) -> str:
    objective = allocation.objective.replace("_", " ")
    return f"{what}, {objective}<br><sup>decided on {allocation.at}, {allocation.observations} days of returns</sup>"
