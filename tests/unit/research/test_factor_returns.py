"""Factor returns of a region's own names: what they are made of, and from when on."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from workbench.errors import DataError, NotEnoughHistory
from workbench.research.factor_returns import factor_returns
from workbench.research.sorts import month_ends

NAMES, SESSIONS = 40, 330


@pytest.fixture
def panel(make_panel):
    rng = np.random.default_rng(5)
    gain = rng.normal(0.0003, 0.01, (SESSIONS, NAMES))
    close = 10.0 * np.cumprod(1.0 + gain, axis=0)
    shares = np.broadcast_to(rng.uniform(1e6, 9e6, NAMES), close.shape).copy()
    equity = np.broadcast_to(rng.uniform(-2e6, 9e7, NAMES), close.shape).copy()
    tickers = tuple(f"US:{number:03d}" for number in range(NAMES))

    def make(items=("shares_outstanding", "total_equity")):
        held = {"shares_outstanding": shares, "total_equity": equity}
        return make_panel(close, tickers, items={name: held[name] for name in items})

    return make


def test_the_market_is_that_of_the_shares(panel) -> None:
    whole = panel()
    found = factor_returns(whole)
    assert found.columns == ["region", "date", "market", "smb", "hml", "umd"]
    first = int(month_ends(whole.dates)[0])
    assert found["market"][: first + 2].null_count() == first + 2, "formed at the month's end, traded a session later"
    value = whole["close"] * whole.items["shares_outstanding"]
    worth = value.sum(axis=1)
    assert np.allclose(found["market"][first + 2 :], worth[first + 2 :] / worth[first + 1 : -1] - 1.0, rtol=1e-12)


def test_momentum_waits_for_a_year_and_value_for_equity(panel) -> None:
    found = factor_returns(panel())
    assert found["umd"][:252].null_count() == 252
    assert found["umd"][-1] is not None
    assert found["hml"][-1] is not None
    bare = factor_returns(panel(("shares_outstanding",)))
    assert bare["hml"].null_count() == bare["smb"].null_count() == bare.height
    assert bare["market"].equals(found["market"])


def test_what_comes_later_moves_nothing(panel) -> None:
    whole = panel()
    found = factor_returns(whole)
    for cut in (100, 280):
        day = whole.dates[cut]
        assert factor_returns(whole.until(day)).equals(found.filter(pl.col("date") <= day.item()))


def test_names_with_a_market_value_are_needed(panel, make_panel) -> None:
    with pytest.raises(DataError, match="shares_outstanding"):
        factor_returns(panel(()))
    with pytest.raises(NotEnoughHistory, match="50 names"):
        factor_returns(panel(), min_names=50)
