"""Charts and tables of data health: what is covered, missing, quarantined and revised."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.reports import theme

if TYPE_CHECKING:
    from collections.abc import Mapping

    import plotly.graph_objects as go

    from workbench.quality import Health


def combined(findings: Mapping[str, Health]) -> dict[str, pl.DataFrame]:
    """The findings of several regions, each frame with a first column ``region``.

    Parameters
    ----------
    findings : mapping of str to Health
        By region.

    Returns
    -------
    dict of str to polars.DataFrame
        coverage, gaps, quarantine, revisions, examples.
    """
    frames: dict[str, list[pl.DataFrame]] = {}
    for region, health in findings.items():
        for name, frame in health.frames().items():
            frames.setdefault(name, []).append(frame.select(pl.lit(region).alias("region"), pl.all()))
    return {name: pl.concat(parts) for name, parts in frames.items()}


def examples(frame: pl.DataFrame, *, each: int = 2) -> pl.DataFrame:
    """A few quarantined rows of every region and reason, as JSON that can be wrapped.

    Parameters
    ----------
    frame : polars.DataFrame
        region, reason, ticker, date, row: the frame ``examples`` of :func:`combined`.
    each : int
        Rows of one region and reason.
    """
    few = frame.group_by("region", "reason", maintain_order=True).head(each)
    spaced = [json.dumps(json.loads(row), ensure_ascii=False) for row in few["row"]]
    return few.with_columns(row=pl.Series(spaced, dtype=pl.String))


def coverage_by_month(frame: pl.DataFrame, region: str) -> go.Figure:
    """Tickers with a bar, and with a suspension, in each month of one region.

    Parameters
    ----------
    frame : polars.DataFrame
        month (date), tickers, suspended (tickers with a bar without a range).
    region : str
        Names the colour.
    """
    import plotly.graph_objects as go

    months = frame["month"].to_list()
    period = [f"{month:%Y-%m}" for month in months]
    figure = go.Figure()
    figure.add_scatter(
        x=months, y=frame["tickers"].to_list(), name="with a bar", line_color=theme.region_colour(region)
    )
    figure.add_bar(x=months, y=frame["suspended"].to_list(), name="suspended", marker_color=theme.MUTED)
    figure.update_layout(title=_title(f"{region}: tickers with bars by month", period), yaxis_title="tickers")
    figure.update_yaxes(rangemode="tozero")
    return figure


def coverage_by_year(frame: pl.DataFrame) -> go.Figure:
    """Bars a year, one colour a region.

    Parameters
    ----------
    frame : polars.DataFrame
        region, year, bars: the frame ``coverage`` of :func:`combined`.
    """
    return _stacked(frame, x="year", y="bars", title="Daily bars by year and region", axis="bars")


def revisions_by_year(frame: pl.DataFrame) -> go.Figure:
    """Revised fields by the year of the row, one colour a region.

    Parameters
    ----------
    frame : polars.DataFrame
        region, table, field, year, rows: the frame ``revisions`` of :func:`combined`.
    """
    years = frame.group_by("region", "year").agg(pl.col("rows").sum()).sort("region", "year")
    return _stacked(years, x="year", y="rows", title="Values corrected by the providers", axis="revised values")


def by_reason(frame: pl.DataFrame, *, count: str, title: str) -> go.Figure:
    """Counts by reason, one colour a region.

    Parameters
    ----------
    frame : polars.DataFrame
        region, reason and the count column.
    count : str
        ``rows`` of the quarantine, ``gaps`` (stretches).
    title : str
        What is counted.
    """
    days = [*frame["first"].to_list(), *frame["last"].to_list()] if "first" in frame.columns else []
    figure = _figure(frame, "reason", count, horizontal=True)
    figure.update_layout(
        title=_title(title, days), xaxis_title=count, yaxis={"categoryorder": "total ascending"}, hovermode="closest"
    )
    return figure


def _stacked(frame: pl.DataFrame, *, x: str, y: str, title: str, axis: str) -> go.Figure:
    figure = _figure(frame, x, y, horizontal=False)
    figure.update_layout(title=_title(title, frame[x].to_list()), xaxis_title=x, yaxis_title=axis)
    figure.update_xaxes(dtick=1, tickformat="d")
    return figure


def _figure(frame: pl.DataFrame, label: str, count: str, *, horizontal: bool) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure()
    for (region,), rows in frame.group_by("region", maintain_order=True):
        names, numbers = rows[label].to_list(), rows[count].to_list()
        figure.add_bar(
            x=numbers if horizontal else names,
            y=names if horizontal else numbers,
            orientation="h" if horizontal else "v",
            name=str(region),
            marker_color=theme.region_colour(str(region)),
        )
    figure.update_layout(barmode="stack")
    if frame.is_empty():
        # Axes without anything on them would only pretend to a scale.
        figure.update_layout(height=180, xaxis_visible=False, yaxis_visible=False)
        figure.add_annotation(text="none", showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5)
    return figure


def _title(what: str, moments: list[Any]) -> str:
    known = [moment for moment in moments if moment is not None]
    return f"{what}<br><sup>{min(known)} to {max(known)}</sup>" if known else what


def totals(coverage: pl.DataFrame) -> pl.DataFrame:
    """Bars of all years by region: region, bars, traded, suspended."""
    names = ("bars", "traded", "suspended")
    return coverage.group_by("region", maintain_order=True).agg(pl.col(name).sum() for name in names)
