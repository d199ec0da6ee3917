"""Charts of prices: as traded beside adjusted, and a chart with a control to choose the stock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.errors import DataError
from workbench.reports import theme
from workbench.reports.charts.frame import COMPARISON, title

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import polars as pl


def adjustment(frame: pl.DataFrame, ticker: str, currency: str) -> go.Figure:
    """One stock's closes as traded and adjusted for splits and dividends.

    Parameters
    ----------
    frame : polars.DataFrame
        date, close, total_close; rising dates.
    ticker : str
        ``KR:005930``, for title and colour.
    currency : str
        Of the closes.
    """
    import plotly.graph_objects as go

    figure = go.Figure(_lines(frame, ticker))
    days = frame["date"]
    figure.update_yaxes(title_text=f"close, {currency}, logarithmic", type="log", tickformat=",.4~g", nticks=5)
    figure.update_layout(title_text=title(f"{ticker} as traded and adjusted", days[0], days[-1]))
    return figure


def explorer(frame: pl.DataFrame) -> Any:
    """Price chart with a list from which the stock is chosen; on a page without a kernel the first one stays.

    Parameters
    ----------
    frame : polars.DataFrame
        ticker (``KR:005930``), currency, date, close, total_close.

    Returns
    -------
    ipywidgets.VBox
        A drop-down over a plotly figure.

    Raises
    ------
    DataError
        There is no row, and so nothing to choose from.
    """
    import ipywidgets
    import plotly.graph_objects as go

    if frame.is_empty():
        raise DataError("There is no price to show.", hint="Look at the query: it returned no row.")
    parts = {str(name): part.sort("date") for (name,), part in frame.group_by("ticker", maintain_order=True)}
    choice = ipywidgets.Dropdown(options=list(parts), description="Stock:")
    first = next(iter(parts))
    figure = go.FigureWidget(theme.apply(adjustment(parts[first], first, parts[first]["currency"][0])))

    def show(change: dict[str, Any]) -> None:
        ticker = change["new"]
        fresh = adjustment(parts[ticker], ticker, parts[ticker]["currency"][0])
        with figure.batch_update():
            for old, new in zip(figure.data, fresh.data, strict=True):
                old.x, old.y, old.line.color = new.x, new.y, new.line.color
            figure.layout.title.text = fresh.layout.title.text
            figure.layout.yaxis.title.text = fresh.layout.yaxis.title.text

    choice.observe(show, names="value")
    return ipywidgets.VBox([choice, figure])


def _lines(frame: pl.DataFrame, ticker: str) -> list[go.Scatter]:
    """Lists, not arrays: the state of a widget is stored as JSON."""
    import plotly.graph_objects as go

    days = [day.isoformat() for day in frame["date"]]
    return [
        go.Scatter(x=days, y=frame["close"].to_list(), name="as traded", line={"color": COMPARISON, "dash": "dot"}),
        go.Scatter(
            x=days,
            y=frame["total_close"].to_list(),
            name="adjusted for splits and dividends, first day's scale",
            line={"color": theme.region_colour(ticker)},
        ),
    ]
