"""Exposure against statsmodels, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from workbench.errors import ConfigError
from workbench.research.exposure import exposure, ols

DAYS = [date(2024, 1, 1) + timedelta(days=number) for number in range(300)]


@pytest.fixture
def market():
    rng = np.random.default_rng(4)
    return pl.DataFrame({"date": DAYS, "mkt": rng.normal(0.0, 0.01, 300), "smb": rng.normal(0.0, 0.005, 300)})


def test_slopes_and_errors_are_those_of_statsmodels(market):
    api = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(5)
    noise = np.convolve(rng.normal(0.0, 0.004, 304), np.ones(5) / 5.0, mode="valid")
    own = 0.0003 + 0.8 * market["mkt"].to_numpy() - 0.3 * market["smb"].to_numpy() + noise
    found = exposure(pl.DataFrame({"date": DAYS, "gross": own}), market, lags=4)
    design = np.column_stack([np.ones(300), market["mkt"], market["smb"]])
    fit = api.OLS(own, design).fit(cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": False})
    assert found["term"].to_list() == ["alpha", "mkt", "smb"]
    assert found["estimate"].to_numpy() == pytest.approx(fit.params)
    assert found["standard_error"].to_numpy() == pytest.approx(fit.bse)
    assert found["r2"][0] == pytest.approx(fit.rsquared)
    assert found["per_year"][0] == pytest.approx(252 * fit.params[0])


def test_a_return_made_of_a_factor_has_no_alpha(market):
    slopes, _, r2 = ols(2.0 * market["mkt"].to_numpy(), np.column_stack([np.ones(300), market["mkt"]]), 5)
    assert slopes == pytest.approx([0.0, 2.0], abs=1e-12)
    assert r2 == pytest.approx(1.0)


def test_percentages_and_nameless_dates_are_refused(market):
    own = pl.DataFrame({"date": DAYS, "gross": market["mkt"]})
    with pytest.raises(ConfigError, match="percentages"):
        exposure(own, market.with_columns(pl.col("mkt") * 100.0))
    with pytest.raises(ConfigError, match="column date"):
        exposure(own, market.rename({"date": "day"}))


def test_too_few_common_dates_or_twice_the_same_factor_give_no_rows(market):
    own = pl.DataFrame({"date": DAYS, "gross": market["smb"]})
    assert exposure(own.head(30), market).is_empty()
    assert exposure(own, market.with_columns(again=pl.col("mkt") * 2.0)).is_empty()
