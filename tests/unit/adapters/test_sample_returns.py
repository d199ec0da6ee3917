"""Statistical properties of the invented returns, on the demo size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from workbench.adapters.sample.market import RegionMarket, make_market
from workbench.adapters.sample.spec import Premia, SampleSpec

MONTH, YEAR = 21, 252


def total_returns(market: RegionMarket) -> np.ndarray:
    """Log returns with splits and dividends put back, (T, N); NaN where a close is missing."""
    close = market.bars.close
    ratio, cash = np.ones_like(close), np.zeros_like(close)
    splits, dividends, _ = market.actions
    ratio[splits.row, splits.column] = splits.value
    cash[dividends.row, dividends.column] = dividends.value
    moves = np.full_like(close, np.nan)
    moves[1:] = np.log((close[1:] * ratio[1:] + cash[1:]) / close[:-1])
    return moves


def steady(market: RegionMarket) -> np.ndarray:
    moves = total_returns(market)[1:]
    return moves[:, ~np.isnan(moves).any(axis=0)]


def ranks(values: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(values)).astype(float)


def coefficients(signal: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    """Rank correlation of each row of a signal with what follows."""
    found = []
    for row, following in zip(signal, ahead, strict=True):
        there = ~np.isnan(row) & ~np.isnan(following)
        found.append(np.corrcoef(ranks(row[there]), ranks(following[there]))[0, 1])
    return np.array(found)


def momentum_coefficients(market: RegionMarket) -> np.ndarray:
    path = np.nancumsum(np.nan_to_num(total_returns(market)), axis=0)
    there = ~np.isnan(market.bars.close)
    decided = np.arange(YEAR, len(path) - MONTH, MONTH)
    signal = np.where(there[decided] & there[decided - YEAR], path[decided - MONTH] - path[decided - YEAR], np.nan)
    ahead = np.where(there[decided] & there[decided + MONTH], path[decided + MONTH] - path[decided], np.nan)
    return coefficients(signal, ahead)


@pytest.mark.parametrize("region", ["KR", "US", "JP"])
def test_tails_are_fat_and_volatility_clusters(demo, region: str) -> None:
    moves = steady(demo(region))
    scores = (moves - moves.mean(axis=0)) / moves.std(axis=0)
    assert np.median((scores**4).mean(axis=0)) > 4.0
    size = np.abs(scores)
    memory = [np.corrcoef(size[1:, n], size[:-1, n])[0, 1] for n in range(size.shape[1])]
    signed = [np.corrcoef(scores[1:, n], scores[:-1, n])[0, 1] for n in range(size.shape[1])]
    assert np.median(memory) > 0.05
    assert abs(np.median(signed)) < 0.04


@pytest.mark.parametrize("region", ["KR", "US", "CN", "HK", "JP", "VN"])
def test_levels_of_risk_are_those_of_markets(demo, region: str) -> None:
    market = demo(region)
    index = np.diff(np.log(market.index)).std() * np.sqrt(YEAR)
    assert 0.12 < index < 0.28
    single = steady(market).std(axis=0) * np.sqrt(YEAR)
    assert 0.25 < np.median(single) < 0.5


def test_regions_move_together_and_sectors_more(demo) -> None:
    korea, japan = demo("KR"), demo("JP")
    shared, left, right = np.intersect1d(korea.line.sessions, japan.line.sessions, return_indices=True)
    assert len(shared) > 1000
    moves = [np.diff(np.log(market.index[rows])) for market, rows in ((korea, left), (japan, right))]
    assert np.corrcoef(*moves)[0, 1] > 0.25
    moves = total_returns(korea)[1:]
    whole = ~np.isnan(moves).any(axis=0)
    own = moves[:, whole] - moves[:, whole].mean(axis=1, keepdims=True)
    sector = np.array([company.sector for company in korea.companies])[whole]
    table = np.corrcoef(own.T)
    same = sector[:, None] == sector[None, :]
    apart = ~np.eye(len(sector), dtype=bool)
    assert table[same & apart].mean() > table[~same].mean() + 0.02


def test_momentum_is_rewarded(demo) -> None:
    found = np.concatenate([momentum_coefficients(demo(region)) for region in ("KR", "US", "JP")])
    assert 0.03 < found.mean() < 0.12
    assert found.mean() / (found.std() / np.sqrt(len(found))) > 4.0


def test_without_premia_momentum_earns_nothing() -> None:
    spec = replace(SampleSpec("demo"), premia=Premia(0.0, 0.0, 0.0, 0.0, 0.0))
    found = np.concatenate([momentum_coefficients(make_market(spec, region)) for region in ("KR", "US", "JP")])
    assert abs(found.mean()) < 0.025


@pytest.mark.parametrize("style", ["quality", "low_volatility", "size"])
def test_each_style_pays_what_its_premium_says(style: str) -> None:
    """The same shocks with a large premium and without: the difference is the premium's own work."""
    none = Premia(0.0, 0.0, 0.0, 0.0, 0.0)
    plain = make_market(replace(SampleSpec("tiny"), premia=none), "US")
    paid = make_market(replace(SampleSpec("tiny"), premia=replace(none, **{style: 0.5})), "US")
    whole = ~np.isnan(plain.bars.close).any(axis=0)
    extra = (total_returns(paid) - total_returns(plain))[1:, whole].mean(axis=0) * YEAR
    assert extra.std() > 0.1
    if style == "low_volatility":
        risk = total_returns(plain)[1:, whole].std(axis=0)
        assert np.corrcoef(extra, risk)[0, 1] < -0.4
    if style == "quality":
        income = plain.items["net_income"] / plain.items["total_equity"]
        assert np.corrcoef(extra, income.mean(axis=0)[whole])[0, 1] > 0.4
    if style == "size":
        capital = np.log(plain.items["total_assets"][2, whole])
        assert np.corrcoef(extra, capital)[0, 1] < -0.3


def book_to_market(market: RegionMarket, session: int) -> np.ndarray:
    """Equity of the last filing available on a session over market value, (N,); NaN without a filing."""
    filings, day = market.filings, market.line.sessions[session]
    found = np.full(len(market.companies), np.nan)
    for entry in np.flatnonzero(filings.available <= day):
        place = filings.quarter[entry], filings.column[entry]
        equity, shares = market.items["total_equity"][place], market.items["shares_diluted"][place]
        splits = market.actions[0]
        later = (splits.column == place[1]) & (splits.row <= session)
        later &= market.line.sessions[splits.row] > market.quarters.ends[place]
        shares *= np.prod(splits.value[later])
        found[place[1]] = equity / (shares * market.bars.close[session, place[1]])
    return found


def test_value_measured_from_filings_is_rewarded() -> None:
    """With its premium raised, what a reader of filings sees predicts returns; without, it does not."""

    def coefficient(premium: float) -> np.ndarray:
        market = make_market(replace(SampleSpec("demo"), premia=replace(Premia(0, 0, 0, 0, 0), value=premium)), "US")
        path = np.nancumsum(np.nan_to_num(total_returns(market)), axis=0)
        decided = np.arange(10, len(path) - MONTH, 3 * MONTH)
        signal = np.array([book_to_market(market, session) for session in decided])
        ahead = np.where(~np.isnan(market.bars.close[decided + MONTH]), path[decided + MONTH] - path[decided], np.nan)
        return coefficients(signal, ahead)

    rewarded, idle = coefficient(0.25), coefficient(0.0)
    assert rewarded.mean() > 0.06
    assert abs(idle.mean()) < 0.05
