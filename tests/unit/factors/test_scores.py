"""Scores as frames: what a user of pandas or polars gets."""

from __future__ import annotations

import numpy as np

from workbench.factors.scores import Labels, Scores


def test_frames_hold_the_values_where_there_are_any():
    dates = np.array(["2024-01-02", "2024-01-03"], "datetime64[D]")
    labels = Labels(dates, ("KR:1", "KR:2"), ("KR", "KR"), {"KR": np.array([True, True])})
    roe = np.array([[1.0, np.nan], [np.nan, np.nan]])
    composite = np.array([[0.5, np.nan], [np.nan, -0.5]])
    scores = Scores(labels, {"roe": roe}, {"roe": roe, "composite": composite}, ())
    wide = scores["roe"].to_pandas()
    assert list(wide.columns) == ["KR:1", "KR:2"]
    assert wide.loc["2024-01-02", "KR:1"] == 1.0
    assert np.isnan(wide.loc["2024-01-03"]).all()
    long = scores.to_pandas()
    assert long.index.names == ["date", "ticker"]
    assert long["composite"].to_list() == [0.5, -0.5]
    assert np.isnan(long["roe"].iloc[1])
