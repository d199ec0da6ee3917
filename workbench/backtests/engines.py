"""The protocol of an engine, and the engines that are known."""

from __future__ import annotations

import difflib
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from workbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from workbench.backtests.costs import Costs
    from workbench.backtests.prices import Prices


@dataclass(frozen=True, eq=False)
class Job:
    """What an engine is handed: arrays that agree in shape, decisions already placed on their rows.

    Attributes
    ----------
    dates : (T,) datetime64[D]
        From the first decision to the end.
    tickers : tuple of str
        Columns.
    column_region : (N,) int
        Position of each column's region in ``costs.regions``.
    prices : Prices
        Valuation, tradable rows and forced closings, of the same (T, N).
    decisions : mapping of int to (N,) array
        Weights decided at the close of a row; NaN says nothing about the column.
    costs : Costs
        Rates on the same T rows.
    capital : float
        Cash at the start, in the panel's currency.
    """

    dates: NDArray[np.datetime64]
    tickers: tuple[str, ...]
    column_region: NDArray[np.intp]
    prices: Prices
    decisions: dict[int, NDArray[np.float64]]
    costs: Costs
    capital: float


@dataclass(frozen=True, eq=False)
class Ledger:
    """An engine's own answer: values by row, and each trade.

    Attributes
    ----------
    equity, cash : (T,) arrays
        After the trades of the row.
    positions : (T, N) array
        Units of ``prices.value`` held after the trades of the row.
    trades : list of (row, column, value, kind)
        Signed value in the panel's currency; kind is ``order`` or ``delisting``.
    notes : tuple of str
        What a reader must know.
    """

    equity: NDArray[np.float64]
    cash: NDArray[np.float64]
    positions: NDArray[np.float64]
    trades: list[tuple[int, int, float, str]]
    notes: tuple[str, ...] = ()


class Engine(Protocol):
    """One way to simulate a job. An engine never looks past the row it is on."""

    name: str

    def simulate(self, job: Job) -> Ledger:
        """Trade the decisions of a job at the next tradable close after each."""


_ENGINES: dict[str, Callable[[], Engine]] = {}
_HOUSE = ("workbench.backtests.engine_bt",)
DEFAULT_ENGINE = "bt"


def engine(name: str) -> Callable[[Callable[[], Engine]], Callable[[], Engine]]:
    """Register a class as the engine ``name``."""

    def register(make: Callable[[], Engine]) -> Callable[[], Engine]:
        _ENGINES[name] = make
        return make

    return register


def get_engine(name: str) -> Engine:
    """The engine of this name.

    Raises
    ------
    ConfigError
        For an unknown name, with the known ones.
    """
    for module in _HOUSE:
        importlib.import_module(module)
    if name not in _ENGINES:
        near = difflib.get_close_matches(name, _ENGINES, n=3) or sorted(_ENGINES)
        raise ConfigError(f"There is no engine {name!r}.", hint=f"Known: {', '.join(near)}.")
    return _ENGINES[name]()
