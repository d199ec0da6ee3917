"""Charts of a tear sheet: information coefficient, its decay, quantile returns, turnover and coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.reports import theme
from workbench.reports.charts.frame import title, translucent

if TYPE_CHECKING:
    from collections.abc import Iterator

    import plotly.graph_objects as go
    import polars as pl

    from workbench.research import Tearsheet

#: Sessions of the rolling mean of the information coefficient, and the fewest for one.
ROLLING, FEWEST = 126, 42
#: How far apart the points of two regions stand, in steps of the axis.
_STEP = 0.09


def information_coefficient(sheet: Tearsheet, horizon: int) -> go.Figure:
    """Monthly and rolling mean of the rank correlation, and the running sum of the daily ones beneath.

    Parameters
    ----------
    sheet : Tearsheet
    horizon : int
        Sessions; one of the sheet's.
    """
    import plotly.graph_objects as go
    import polars as pl
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.6, 0.4], vertical_spacing=0.07)
    for region, part in by_region(sheet, sheet.ic.filter(pl.col("horizon") == horizon)):
        shade, days = theme.region_colour(region), part["date"].to_list()
        monthly = part.group_by(pl.col("date").dt.truncate("1mo"), maintain_order=True).agg(pl.col("ic").mean())
        rolling = part["ic"].rolling_mean(ROLLING, min_samples=FEWEST).to_list()
        one = {"name": region, "legendgroup": region}
        figure.add_trace(
            go.Bar(
                x=monthly["date"].to_list(),
                y=monthly["ic"].to_list(),
                marker_color=translucent(shade, 0.35),
                showlegend=False,
                **one,
            ),
            row=1,
            col=1,
        )
        figure.add_trace(go.Scatter(x=days, y=rolling, line={"color": shade, "width": 2.4}, **one), row=1, col=1)
        total = part["ic"].cum_sum().to_list()
        figure.add_trace(go.Scatter(x=days, y=total, line_color=shade, showlegend=False, **one), row=2, col=1)
    figure.update_yaxes(title_text="rank IC", tickformat=".2f", row=1, col=1)
    figure.update_yaxes(title_text="sum of daily ICs", row=2, col=1)
    what = f"Rank IC of {sheet.factor}, {sessions(horizon)} ahead: months (bars), mean of {ROLLING} sessions (line)"
    figure.update_layout(title_text=title(what, sheet.start, sheet.end), height=520, showlegend=True)
    return figure


def decay(sheet: Tearsheet) -> go.Figure:
    """Mean rank correlation by horizon with its 95 % interval; open where the history is too short for one."""
    import plotly.graph_objects as go

    figure = go.Figure()
    horizons = sheet.summary["horizon"].unique().sort().to_list()
    regions = list(by_region(sheet, sheet.summary))
    for number, (region, part) in enumerate(regions):
        shift = (number - (len(regions) - 1) / 2.0) * _STEP
        half = [
            None if t is None or not t else abs(bound * mean / t)
            for mean, t, bound in zip(part["mean_ic"], part["t_fixed_b"], part["critical"], strict=True)
        ]
        shade = theme.region_colour(region)
        figure.add_trace(
            go.Scatter(
                x=[horizons.index(horizon) + shift for horizon in part["horizon"]],
                y=part["mean_ic"].to_list(),
                error_y={"type": "data", "array": half, "thickness": 1.4, "width": 0},
                mode="lines+markers",
                marker={"size": 9, "symbol": ["circle-open" if width is None else "circle" for width in half]},
                name=region,
                line={"color": shade, "width": 1},
                customdata=part["horizon"].to_list(),
                hovertemplate="%{customdata} sessions: %{y:.3f}",
            )
        )
    figure.add_hline(y=0.0, line={"color": theme.MUTED, "width": 1})
    figure.update_xaxes(
        title_text="sessions ahead",
        zeroline=False,
        tickvals=list(range(len(horizons))),
        ticktext=[str(one) for one in horizons],
    )
    figure.update_yaxes(title_text="mean rank IC", tickformat=".2f")
    what = f"Decay of {sheet.factor}: mean rank IC and its 95 % interval (fixed-b); open: history too short for one"
    figure.update_layout(title_text=title(what, sheet.start, sheet.end), showlegend=True, hovermode="closest")
    return figure


def quantiles(sheet: Tearsheet, horizon: int) -> go.Figure:
    """Mean return that followed, over that of all scored names, by quantile of the score.

    Parameters
    ----------
    sheet : Tearsheet
    horizon : int
        Sessions; one of the sheet's.
    """
    import plotly.graph_objects as go
    import polars as pl

    figure = go.Figure()
    for region, part in by_region(sheet, sheet.quantiles.filter(pl.col("horizon") == horizon)):
        labels = [str(number) for number in part["quantile"]]
        figure.add_trace(
            go.Bar(x=labels, y=part["mean_excess"].to_list(), name=region, marker_color=theme.region_colour(region))
        )
    figure.update_xaxes(title_text="quantile of the score, 1 the lowest", type="category")
    figure.update_yaxes(title_text="return over the mean of all", tickformat=".2%")
    what = f"Returns by quantile of {sheet.factor}, {sessions(horizon)}, over the mean of all scored names"
    figure.update_layout(title_text=title(what, sheet.start, sheet.end), hovermode="closest", showlegend=True)
    return figure


def stability(sheet: Tearsheet) -> go.Figure:
    """Rank autocorrelation of the score, and the share of the top quantile that is replaced, by lag."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.12)
    for region, part in by_region(sheet, sheet.turnover):
        labels = [str(lag) for lag in part["lag"]]
        for place, name in enumerate(("rank_autocorrelation", "top_quantile_replaced"), start=1):
            line = go.Scatter(
                x=labels,
                y=part[name].to_list(),
                name=region,
                legendgroup=region,
                showlegend=place == 1,
                mode="lines+markers",
                line_color=theme.region_colour(region),
            )
            figure.add_trace(line, row=1, col=place)
    figure.update_xaxes(title_text="sessions later", type="category")
    figure.update_yaxes(title_text="correlation of ranks", tickformat=".2f", col=1)
    figure.update_yaxes(title_text="top quantile replaced", tickformat=".0%", rangemode="tozero", col=2)
    what = f"How fast the order of {sheet.factor} changes"
    figure.update_layout(title_text=title(what, sheet.start, sheet.end), height=340, showlegend=True)
    return figure


def coverage(sheet: Tearsheet) -> go.Figure:
    """Share of the listed names that have a score."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for region, part in by_region(sheet, sheet.coverage):
        figure.add_trace(
            go.Scatter(
                x=part["date"].to_list(),
                y=part["coverage"].to_list(),
                name=region,
                line_color=theme.region_colour(region),
            )
        )
    figure.update_yaxes(title_text="scored over listed names", tickformat=".0%", range=[0, 1.02])
    days = sheet.coverage["date"]
    figure.update_layout(
        title_text=title(f"Coverage of {sheet.factor}", days.min(), days.max()), height=320, showlegend=True
    )
    return figure


def by_region(sheet: Tearsheet, frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of each region that has some, in the sheet's order."""
    import polars as pl

    for region in sheet.regions:
        part = frame.filter(pl.col("region") == region)
        if part.height:
            yield region, part


def sessions(horizon: int) -> str:
    """A number of sessions in words."""
    return f"{horizon} session" if horizon == 1 else f"{horizon} sessions"
