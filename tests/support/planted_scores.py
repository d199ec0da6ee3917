"""Scores of which some foretell returns and others are noise, with the prices that go with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.factors import transforms
from workbench.factors.scores import COMPOSITE, Labels, Scores
from workbench.lake.panel import Panel


@dataclass(frozen=True)
class World:
    """Scores and the panel they stand on."""

    scores: Scores
    panel: Panel


def world(
    seed: int = 0,
    strength: tuple[float, ...] = (0.0015, 0.0, 0.0, 0.0, 0.0),
    rows: int = 1100,
    names: int = 60,
    first: str = "2019-12-02",
    missing: float = 0.02,
) -> World:
    """One region, KR.

    Parameters
    ----------
    strength : tuple of float
        For each factor what a score of 1 adds to each later day's return: the score of t is first earned on
        the second session after it, so that it can be traded at the close of the first.
    missing : float
        Share of scores and of bars that are not there.
    """
    rng = np.random.default_rng(seed)
    values = {}
    returns = rng.normal(0.0, 0.02, (rows, names))
    for number, slope in enumerate(strength):
        state = rng.normal(size=(rows, names))
        for row in range(1, rows):
            state[row] = 0.97 * state[row - 1] + np.sqrt(1 - 0.97**2) * state[row]
        returns[2:] += slope * state[:-2]
        state[rng.random(state.shape) < missing] = np.nan
        values[f"factor_{number}"] = transforms.zscore(state)
    close = 100.0 * np.exp(np.cumsum(returns, axis=0))
    close[rng.random(close.shape) < missing] = np.nan
    dates = np.busday_offset(np.datetime64(first), np.arange(rows), roll="forward")
    return assembled(values, close, dates)


def assembled(values: dict[str, np.ndarray], close: np.ndarray, dates: np.ndarray) -> World:
    """The world of these scores and closes."""
    tickers = tuple(f"KR:{number:03d}" for number in range(close.shape[1]))
    panel = Panel(dates.astype("datetime64[D]"), tickers, {"close": close.copy()}, currency="KRW")
    labels = Labels(panel.dates, tickers, ("KR",) * len(tickers), {"KR": np.ones(len(dates), dtype=bool)})
    factors = {name: array.copy() for name, array in values.items()}
    composite = transforms.combine(factors, dict.fromkeys(factors, 1.0))
    return World(Scores(labels, dict(factors), {**factors, COMPOSITE: composite}), panel)


def changed(one: World, rows: slice = slice(None), columns: slice = slice(None), later: int | None = None) -> World:
    """A part of a world, or one whose scores and prices are other ones from a row on."""
    values = {name: one.scores.values[name][rows, columns].copy() for name in one.scores.names}
    close = np.array(one.panel["close"][rows, columns])
    if later is not None:
        rng = np.random.default_rng(99)
        for array in (*values.values(), close):
            array[later:] = rng.permutation(array[later:].ravel()).reshape(array[later:].shape)
    return assembled(values, close, one.panel.dates[rows].copy())
