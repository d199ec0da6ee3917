"""Charts of listings and filings: who was listed when, and when statements became known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.reports import theme

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import polars as pl


def listed_by_year(frame: pl.DataFrame, region: str) -> go.Figure:
    """Companies on the list at each year's end, with those that came and went.

    Parameters
    ----------
    frame : polars.DataFrame
        year, listed (at its end), came, went.
    region : str
        Names the colour.
    """
    import plotly.graph_objects as go

    years = frame["year"].to_list()
    went = [-count for count in frame["went"].to_list()]
    figure = go.Figure()
    figure.add_scatter(x=years, y=frame["listed"].to_list(), name="listed", line_color=theme.region_colour(region))
    figure.add_bar(
        x=years, y=frame["came"].to_list(), name="came", marker_color=theme.region_colour(region), opacity=0.5
    )
    figure.add_bar(x=years, y=went, name="went", marker_color=theme.MUTED)
    span = f"<br><sup>{years[0]} to {years[-1]}</sup>" if years else ""
    figure.update_layout(title=f"{region}: companies on the list{span}", yaxis_title="companies", barmode="relative")
    figure.update_xaxes(tickformat="d")
    return figure


def filing_lag(frame: pl.DataFrame, region: str) -> go.Figure:
    """Days from the end of a period to the first session on which its numbers could be used.

    Parameters
    ----------
    frame : polars.DataFrame
        days (upper end of the bin), filings.
    region : str
        Names the colour.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_bar(
        x=frame["days"].to_list(), y=frame["filings"].to_list(), name=region, marker_color=theme.region_colour(region)
    )
    figure.update_layout(
        title=f"{region}: from the end of a period to the first use of its numbers",
        xaxis_title="calendar days",
        yaxis_title="filings",
        bargap=0.05,
    )
    return figure


def companies_by_year(frame: pl.DataFrame, region: str) -> go.Figure:
    """Companies with a filing, by the year of the period.

    Parameters
    ----------
    frame : polars.DataFrame
        year, companies.
    region : str
        Names the colour.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_bar(
        x=frame["year"].to_list(),
        y=frame["companies"].to_list(),
        name=region,
        marker_color=theme.region_colour(region),
    )
    figure.update_layout(
        title=f"{region}: companies with statements", xaxis_title="year of the period", yaxis_title="companies"
    )
    figure.update_xaxes(dtick=1, tickformat="d")
    return figure
