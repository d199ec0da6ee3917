"""Charts of a tear sheet: information coefficient, its decay, quantile returns, coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.reports import theme
from workbench.reports.charts.frame import title

if TYPE_CHECKING:
    from collections.abc import Iterator

    import plotly.graph_objects as go
    import polars as pl

    from workbench.research import Tearsheet


def information_coefficient(sheet: Tearsheet, horizon: int) -> go.Figure:
    """Mean rank correlation by month, and the running sum of the daily ones beneath.

    Parameters
    ----------
    sheet : Tearsheet
    horizon : int
        Sessions; one of the sheet's.
    """
    import plotly.graph_objects as go
    import polars as pl
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.55, 0.45], vertical_spacing=0.08)
    for region, part in _by_region(sheet, sheet.ic.filter(pl.col("horizon") == horizon)):
        shade = theme.region_colour(region)
        monthly = part.group_by(pl.col("date").dt.truncate("1mo"), maintain_order=True).agg(pl.col("ic").mean())
        bars = go.Bar(x=monthly["date"].to_list(), y=monthly["ic"].to_list(), name=region, marker_color=shade)
        running = go.Scatter(
            x=part["date"].to_list(), y=part["ic"].cum_sum().to_list(), name=region, line_color=shade, showlegend=False
        )
        figure.add_trace(bars, row=1, col=1)
        figure.add_trace(running, row=2, col=1)
    figure.update_yaxes(title_text="rank IC, monthly mean", tickformat=".2f", row=1, col=1)
    figure.update_yaxes(title_text="sum of daily rank ICs", row=2, col=1)
    what = f"Information coefficient of {sheet.factor}, {_sessions(horizon)}"
    figure.update_layout(title_text=title(what, sheet.start, sheet.end), height=540, showlegend=True)
    return figure


def decay(sheet: Tearsheet) -> go.Figure:
    """Mean rank correlation by horizon, with two standard errors to each side."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for region, part in _by_region(sheet, sheet.summary):
        errors = [
            2.0 * abs(mean / t) if t else None for mean, t in zip(part["mean_ic"], part["t_newey_west"], strict=True)
        ]
        figure.add_trace(
            go.Scatter(
                x=part["horizon"].to_list(),
                y=part["mean_ic"].to_list(),
                error_y={"type": "data", "array": errors, "thickness": 1},
                mode="lines+markers",
                name=region,
                line_color=theme.region_colour(region),
            )
        )
    figure.update_xaxes(title_text="horizon, sessions", tickvals=sheet.summary["horizon"].unique().sort().to_list())
    figure.update_yaxes(title_text="mean rank IC", tickformat=".2f")
    what = f"Decay of {sheet.factor}, bars of two Newey-West standard errors"
    figure.update_layout(title_text=title(what, sheet.start, sheet.end), showlegend=True)
    return figure


def quantiles(sheet: Tearsheet, horizon: int) -> go.Figure:
    """Mean return that followed, by quantile of the score.

    Parameters
    ----------
    sheet : Tearsheet
    horizon : int
        Sessions; one of the sheet's.
    """
    import plotly.graph_objects as go
    import polars as pl

    figure = go.Figure()
    for region, part in _by_region(sheet, sheet.quantiles.filter(pl.col("horizon") == horizon)):
        labels = [str(number) for number in part["quantile"]]
        figure.add_trace(
            go.Bar(x=labels, y=part["mean_return"].to_list(), name=region, marker_color=theme.region_colour(region))
        )
    figure.update_xaxes(title_text="quantile of the score, 1 the lowest", type="category")
    figure.update_yaxes(title_text=f"mean return over {_sessions(horizon)}", tickformat=".1%")
    what = f"Returns by quantile of {sheet.factor}, {_sessions(horizon)}"
    figure.update_layout(title_text=title(what, sheet.start, sheet.end), hovermode="closest", showlegend=True)
    return figure


def coverage(sheet: Tearsheet) -> go.Figure:
    """Share of the listed names that have a score."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for region, part in _by_region(sheet, sheet.coverage):
        figure.add_trace(
            go.Scatter(
                x=part["date"].to_list(),
                y=part["coverage"].to_list(),
                name=region,
                line_color=theme.region_colour(region),
            )
        )
    figure.update_yaxes(title_text="scored names over listed names", tickformat=".0%", range=[0, 1.02])
    days = sheet.coverage["date"]
    figure.update_layout(
        title_text=title(f"Coverage of {sheet.factor}", days.min(), days.max()), height=320, showlegend=True
    )
    return figure


def _by_region(sheet: Tearsheet, frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    import polars as pl

    for region in sheet.regions:
        part = frame.filter(pl.col("region") == region)
        if part.height:
            yield region, part


def _sessions(horizon: int) -> str:
    return f"{horizon} session" if horizon == 1 else f"{horizon} sessions"
