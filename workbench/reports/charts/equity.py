"""Charts of a backtest: equity with its drawdown beneath, costs, turnover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.reports.charts.frame import COMPARISON, colour, title, translucent

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from workbench.studies import Result

_PASSIVE = "every member at equal weight, same dates, no costs"


def equity(result: Result) -> go.Figure:
    """Value of one unit of money against every member at equal weight, and both drawdowns beneath.

    Parameters
    ----------
    result : Result
        Net of costs; the comparison pays none.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    frame = result.equity
    days, shade = frame["date"].to_list(), colour(result.regions)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.68, 0.32], vertical_spacing=0.06)
    curves = (
        ("strategy, after costs", "equity", "drawdown", {"color": shade, "width": 2}),
        (_PASSIVE, "benchmark", "benchmark_drawdown", {"color": COMPARISON, "dash": "dot"}),
    )
    for name, value, fall, line in curves:
        growth = (frame[value] / frame[value][0]).to_list()
        figure.add_trace(go.Scatter(x=days, y=growth, name=name, line=line), row=1, col=1)
        fill = {"fill": "tozeroy", "fillcolor": translucent(shade, 0.18)} if value == "equity" else {}
        figure.add_trace(
            go.Scatter(x=days, y=frame[fall].to_list(), name=f"drawdown, {name}", line=line, showlegend=False, **fill),
            row=2,
            col=1,
        )
    figure.update_yaxes(title_text=f"value of 1 {result.currency}", tickformat=".2f", row=1, col=1)
    figure.update_yaxes(title_text="drawdown", tickformat=".0%", row=2, col=1)
    figure.update_layout(title_text=title(f"Equity and drawdown of {result.name}", days[0], days[-1]), height=540)
    return figure


def costs(result: Result) -> go.Figure:
    """Growth per year that each kind of cost took; gross and net stand in the title."""
    import plotly.graph_objects as go

    annual = dict(zip(result.waterfall["step"], result.waterfall["annual"], strict=True))
    kinds = [step for step in annual if step not in ("gross", "net")]
    figure = go.Figure(
        go.Bar(
            x=[kind.replace("_", " ") for kind in kinds],
            y=[annual[kind] for kind in kinds],
            text=[f"{annual[kind]:+.2%}" for kind in kinds],
            textposition="outside",
            cliponaxis=False,
            marker_color=colour(result.regions),
        )
    )
    span = result.equity["date"]
    what = f"What costs took from {result.name}: {annual['gross']:.2%} a year gross, {annual['net']:.2%} net"
    figure.update_yaxes(title_text="change of growth per year", tickformat=".2%")
    figure.update_layout(title_text=title(what, span[0], span[-1]), hovermode="closest", height=340)
    return figure


def turnover(result: Result) -> go.Figure:
    """Traded value a month, buys and sells together, over the portfolio's value."""
    import plotly.graph_objects as go
    import polars as pl

    monthly = result.equity.group_by(pl.col("date").dt.truncate("1mo"), maintain_order=True).agg(
        pl.col("turnover").sum()
    )
    bars = go.Bar(x=monthly["date"].to_list(), y=monthly["turnover"].to_list(), marker_color=colour(result.regions))
    figure = go.Figure(bars)
    span = result.equity["date"]
    figure.update_yaxes(title_text="traded value a month, both sides", tickformat=".0%")
    figure.update_layout(title_text=title(f"Turnover of {result.name}", span[0], span[-1]), height=320)
    return figure
