"""Charts of a tear sheet's money: the long-short portfolio, holding periods, and where the score works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.reports import theme
from workbench.reports.charts.factors import by_region, sessions
from workbench.reports.charts.frame import title

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from workbench.research import Tearsheet

_KINDS = {"sector": "by sector", "size": "by size", "year": "by year"}
_BAR, _LEAST = 26, 300
#: Fewest periods that share no return for a group to be drawn.
_PERIODS = 3


def long_short(sheet: Tearsheet) -> go.Figure:
    """Sum of the long-short portfolio's returns before and after costs, without compounding."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for region, part in by_region(sheet, sheet.long_short):
        shade, days = theme.region_colour(region), part["date"].to_list()
        gross = {"color": shade, "dash": "dot", "width": 1.4}
        figure.add_trace(
            go.Scatter(x=days, y=part["gross"].cum_sum().to_list(), name=f"{region} before costs", line=gross)
        )
        if part["net"].null_count() < part.height:
            net = part["net"].cum_sum().to_list()
            figure.add_trace(go.Scatter(x=days, y=net, name=f"{region} after costs", line={"color": shade, "width": 2}))
    figure.add_hline(y=0.0, line={"color": theme.MUTED, "width": 1})
    figure.update_yaxes(title_text="sum of returns", tickformat=".0%")
    what = f"Top minus bottom quantile of {sheet.factor}, held {sessions(sheet.holding)}: sum of returns"
    dates = sheet.long_short["date"]
    figure.update_layout(title_text=title(what, dates.min(), dates.max()), showlegend=True)
    return figure


def holding_periods(sheet: Tearsheet) -> go.Figure:
    """Spread a year before and after costs by holding period: where trading eats what the score earns."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for region, part in by_region(sheet, sheet.costs):
        labels = [str(holding) for holding in part["holding"]]
        shade = theme.region_colour(region)
        for name, column, line in (
            (f"{region} before costs", "gross", {"color": shade, "dash": "dot", "width": 1.4}),
            (f"{region} after costs", "net", {"color": shade, "width": 2}),
        ):
            if part[column].null_count() < part.height:
                values = part[column].to_list()
                figure.add_trace(go.Scatter(x=labels, y=values, name=name, mode="lines+markers", line=line))
    figure.add_hline(y=0.0, line={"color": theme.MUTED, "width": 1})
    figure.update_xaxes(title_text="sessions for which names are held", type="category")
    figure.update_yaxes(title_text="top minus bottom a year", tickformat=".0%")
    what = f"What costs leave of {sheet.factor}, by holding period"
    figure.update_layout(title_text=title(what, sheet.start, sheet.end), showlegend=True, hovermode="closest")
    return figure


def breakdown(sheet: Tearsheet) -> go.Figure:
    """Mean rank correlation within sectors, thirds by size, and years, with its 95 % interval where there is one.

    Sectors or sizes that the panel does not know leave no empty space: the notes of the sheet say so.
    """
    import plotly.graph_objects as go
    import polars as pl
    from plotly.subplots import make_subplots

    # A year with a few dates would set the scale for all others; the table has it.
    shown = sheet.breakdown.filter(pl.col("periods") >= _PERIODS)
    kinds = [kind for kind in _KINDS if shown.filter(pl.col("by") == kind).height]
    figure = make_subplots(
        rows=1, cols=max(len(kinds), 1), subplot_titles=[_KINDS[kind] for kind in kinds], horizontal_spacing=0.12
    )
    most, named = 0, set()
    for place, kind in enumerate(kinds, start=1):
        groups = shown.filter(pl.col("by") == kind)
        order = groups["group"].unique(maintain_order=True).to_list()
        parts = list(by_region(sheet, groups))
        most = max(most, len(order) * max(1, (len(parts) + 1) // 2))
        for number, (region, part) in enumerate(parts):
            shift = (number - (len(parts) - 1) / 2.0) * 0.7 / max(len(parts), 1)
            half = [
                None if t is None or not t else abs(bound * mean / t)
                for mean, t, bound in zip(part["mean_ic"], part["t"], part["critical"], strict=True)
            ]
            dots = go.Scatter(
                x=part["mean_ic"].to_list(),
                y=[order.index(group) + shift for group in part["group"]],
                error_x={"type": "data", "array": half, "thickness": 1.2, "width": 0},
                mode="markers",
                marker={
                    "size": 9,
                    "color": theme.region_colour(region),
                    "symbol": ["circle-open" if width is None else "circle" for width in half],
                },
                name=region,
                legendgroup=region,
                showlegend=region not in named,
                customdata=list(zip(part["group"], part["names"], strict=True)),
                hovertemplate="%{customdata[0]}: %{x:.3f} (%{customdata[1]:.0f} names)",
            )
            named.add(region)
            figure.add_trace(dots, row=1, col=place)
        ticks = {"tickvals": list(range(len(order))), "ticktext": order, "autorange": "reversed", "zeroline": False}
        figure.update_yaxes(**ticks, row=1, col=place)
        figure.add_vline(x=0.0, line={"color": theme.MUTED, "width": 1}, row=1, col=place)
    figure.update_xaxes(title_text="mean rank IC", tickformat=".2f", nticks=5)
    figure.update_annotations(font={"size": 13, "color": theme.MUTED})
    what = f"Where {sheet.factor} works: mean rank IC, {sessions(sheet.holding)} ahead, 95 % interval; open: too short"
    figure.update_layout(
        title_text=title(what, sheet.start, sheet.end),
        height=max(_LEAST, 170 + _BAR * most),
        showlegend=len(sheet.regions) > 1,
        legend={"y": -0.22, "yanchor": "top"},
        hovermode="closest",
        margin={"t": 96},
    )
    return figure
