"""A matrix of correlations as a map of colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.reports import theme
from workbench.reports.charts.frame import title

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from workbench.research import Correlation

#: Above this many factors the numbers would not be legible; they stand in the table.
_MOST_NUMBERS = 14
_CELL, _LEAST, _MOST = 26, 420, 1000


def correlation_map(found: Correlation) -> go.Figure:
    """Correlation of every two factors, similar ones side by side.

    Parameters
    ----------
    found : Correlation
        Of ``wb.research.factor_correlation`` or ``wb.research.return_correlation``.
    """
    import plotly.graph_objects as go

    names, values = list(found.names), np.round(found.matrix, 4)
    scale = [[place / 2, colour] for place, colour in enumerate(theme.DIVERGING)]
    figure = go.Figure(
        go.Heatmap(
            z=values.tolist(),
            x=names,
            y=names,
            zmin=-1.0,
            zmax=1.0,
            colorscale=scale,
            xgap=1,
            ygap=1,
            texttemplate="%{z:.2f}" if len(names) <= _MOST_NUMBERS else None,
            hovertemplate="%{y} and %{x}: %{z:.2f}<extra></extra>",
            colorbar={"title": {"text": "correlation"}, "thickness": 12, "tickformat": ".1f"},
        )
    )
    side = min(max(_LEAST, 190 + _CELL * len(names)), _MOST)
    figure.update_xaxes(tickangle=-60, type="category", tickfont={"size": 11})
    figure.update_yaxes(autorange="reversed", type="category", tickfont={"size": 11})
    what = {
        "scores": "Rank correlation of the factors' scores, mean of the dates",
        "returns": "Correlation of the factors' daily long-short returns",
    }[found.of]
    figure.update_layout(title_text=title(what, found.start, found.end), height=side, hovermode="closest")
    return figure
