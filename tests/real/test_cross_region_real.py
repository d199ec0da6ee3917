"""Real indexes of six regions: what same-date returns hide, weekly and lead-lag ones show."""

from __future__ import annotations

import polars as pl
import pytest

from workbench.signals import cross_region_correlation, from_frame, side_by_side

pytestmark = pytest.mark.real

NAMES = {
    "KR": ["KOSPI"],
    "US": ["SP500"],
    "CN": ["CSI300"],
    "HK": ["HANGSENG"],
    "JP": ["TOPIX"],
    "VN": ["VNINDEX"],
}


@pytest.fixture(scope="module")
def indexes(real_data):
    rows = pl.read_parquet(real_data / "reference" / "indexes.parquet").rename({"close": "level"})
    return from_frame(rows.filter(pl.col("level") > 0).unique(["index", "date"]), NAMES)


def _pair(frame: pl.DataFrame, a: str, b: str) -> dict[str, float]:
    return frame.filter(pl.col("region_a").is_in([a, b]) & pl.col("region_b").is_in([a, b])).row(0, named=True)


def test_asia_and_new_york_are_understated_on_one_date(indexes) -> None:
    """The intervals of same-date and of adjusted correlations do not even touch."""
    frame = side_by_side(indexes, start="2005-01-01")
    for region in ("KR", "HK", "JP"):
        found = _pair(frame, "US", region)
        assert found["daily_high"] < min(found["weekly_low"], found["lead_lag_low"])
        assert found["lead_lag"] > 2.0 * found["daily"]


def test_neighbours_in_time_hardly_change(indexes) -> None:
    frame = side_by_side(indexes, start="2005-01-01")
    for one, other in (("KR", "JP"), ("KR", "HK"), ("HK", "CN")):
        found = _pair(frame, one, other)
        assert abs(found["lead_lag"] - found["daily"]) < 0.1


def test_the_matrix_is_one_of_a_joint_distribution(indexes) -> None:
    for method in ("weekly", "lead_lag"):
        assert cross_region_correlation(indexes, method, draws=50).smallest_eigenvalue > 0.0
