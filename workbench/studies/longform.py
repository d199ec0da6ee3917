"""Scores as rows of their table: one a ticker and date that has any score, in the order of the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from workbench.factors import Scores


def rows(scores: Scores, region: str, definition: str) -> pl.DataFrame:
    """Rows of one region: region, ticker, date, definition, a column a factor (float32), composite.

    The tickers are the codes of the exchange. A re-used code is one code again: its two listings never have a
    score on the same day.
    """
    labels = scores.labels
    columns = labels.columns(region)
    listed = [labels.tickers[column].split(":", 1)[1].partition("#") for column in columns]
    order = sorted(range(len(columns)), key=lambda at: (listed[at][0], int(listed[at][2] or 1)))
    columns = columns[order]
    days = np.flatnonzero(labels.sessions[region])
    # By ticker and then by date, as the key wants it: the sorting of millions of rows is spared.
    there = np.ascontiguousarray(scores.scored()[np.ix_(days, columns)].T)
    column, row = np.nonzero(there)
    codes = pl.Series([listed[at][0] for at in order], dtype=pl.String)
    # Missing scores become null here, or publishing would make every column a second time.
    values = {
        name: pl.Series(name, np.ascontiguousarray(array[np.ix_(days, columns)].T)[there].astype(np.float32)).fill_nan(
            None
        )
        for name, array in scores.values.items()
    }
    return pl.DataFrame(
        {
            "region": pl.Series([region]).new_from_index(0, len(row)),
            "ticker": codes.gather(column),
            "date": pl.Series(labels.dates[days].astype("datetime64[D]")).cast(pl.Date).gather(row),
            "definition": pl.Series([definition]).new_from_index(0, len(row)),
            **values,
        }
    )
