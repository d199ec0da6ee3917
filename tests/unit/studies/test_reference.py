"""Files of factor returns as people have them."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from workbench import studies
from workbench.errors import ConfigError

DAYS = [date(2024, 1, 2), date(2024, 1, 3)]


@pytest.mark.parametrize("written", ["2024-01-02\n2024-01-03", "20240102\n20240103"])
def test_dates_are_read_as_dates(tmp_path, written):
    file = tmp_path / "factors.csv"
    first, second = written.split("\n")
    file.write_text(f"date,mkt,RF\n{first},1.0,0.1\n{second},-99.99,0.1\n")
    found = studies.factor_returns(file, percent=True)
    assert found["date"].to_list() == DAYS
    assert found.columns == ["date", "mkt"]
    assert found["mkt"].to_list() == [0.01, None]
    assert studies.factor_returns(file)["mkt"].to_list() == [1.0, -99.99]


def test_parquet_with_a_region_keeps_it(tmp_path):
    file = tmp_path / "factors.parquet"
    pl.DataFrame({"date": ["2024-01-02", "20240103"], "region": ["KR", "US"], "smb": [0.01, 0.02]}).write_parquet(file)
    found = studies.factor_returns(file)
    assert found.rows() == [(DAYS[0], "KR", 0.01), (DAYS[1], "US", 0.02)]


def test_what_cannot_be_read_is_told(tmp_path):
    file = tmp_path / "factors.csv"
    file.write_text("date,mkt\n202401,0.01\n202402,0.02\n")
    with pytest.raises(ConfigError, match="2 dates of"):
        studies.factor_returns(file)
    file.write_text("day,mkt\n20240101,0.01\n")
    with pytest.raises(ConfigError, match="no column date"):
        studies.factor_returns(file)
    with pytest.raises(ConfigError, match="no CSV or Parquet"):
        studies.factor_returns(tmp_path / "none.csv")
