"""The factors that are known, and how one is added."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import inspect
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Fields of a bar; everything else that a factor may need is an item of filings.
BARS = ("open", "high", "low", "close", "volume", "turnover")

FactorFunction = Callable[..., "NDArray[np.float64]"]

#: Modules that register the factors of the house when they are imported.
_FAMILIES = ("workbench.factors.momentum", "workbench.factors.low_volatility")


@dataclass(frozen=True)
class Factor:
    """One factor and what it needs.

    Attributes
    ----------
    name : str
        Quantity, window and skip: ``momentum_12m_1m``.
    function : callable
        Takes the arrays of ``needs`` by keyword, each (T, N) on the sessions of one region, and returns
        (T, N) float64, NaN where the value is not known.
    family : str
        Group for charts and for balanced combinations.
    lookback : int
        Sessions before t whose data the value at t uses.
    needs : tuple of str
        Panel fields; prices come adjusted for splits and dividends.
    direction : int
        +1 where a high value is hoped to be good, -1 where a low one is.
    source : str
        Paper and equation, or the rule's official page.
    """

    name: str
    function: FactorFunction
    family: str
    lookback: int
    needs: tuple[str, ...]
    direction: int
    source: str

    @property
    def code_hash(self) -> str:
        """Hash of the factor's own code and declaration; part of the identity of every result."""
        text = f"{_code(self.function)}|{self.lookback}|{self.needs}|{self.direction}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __call__(self, **arrays: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the factor from its arrays."""
        return self.function(**arrays)


def _code(function: FactorFunction) -> str:
    """The source; the byte code of a function typed at a prompt, whose source is not kept."""
    try:
        return inspect.getsource(function)
    except OSError:
        code = function.__code__
        return f"{code.co_code.hex()}|{code.co_names}|{code.co_consts}"


def check_fields(names: Iterable[str], known: Collection[str]) -> None:
    """See that every field these factors need is there.

    Raises
    ------
    ConfigError
        Names the factor and the field.
    """
    for name in names:
        unknown = [field for field in get(name).needs if field not in known]
        if unknown:
            near = difflib.get_close_matches(unknown[0], known, n=1)
            raise ConfigError(
                f"Factor {name} needs {unknown[0]!r}, which the panel does not have; it has {', '.join(known)}.",
                hint=f"Did you mean {near[0]!r}?" if near else "Give it a panel with that field or item.",
            )


_REGISTRY: dict[str, Factor] = {}


def factor(
    *, family: str, lookback: int, needs: tuple[str, ...], direction: int = 1, source: str = ""
) -> Callable[[FactorFunction], FactorFunction]:
    """Register a function as a factor under its own name.

    Parameters
    ----------
    family : str
        For example ``momentum``.
    lookback : int
        Sessions before t whose data the value at t uses; at least 0.
    needs : tuple of str
        Panel fields, handed to the function by keyword.
    direction : int
        +1 or -1; scores are turned so that a high one is hoped to be good.
    source : str
        Where the definition comes from.

    Raises
    ------
    ConfigError
        For a direction other than +1 or -1, a negative look-back, no field, or a parameter of the
        function that is not in ``needs``.

    Examples
    --------
    >>> import workbench as wb
    >>> @wb.factors.factor(family="reversal", lookback=5, needs=("close",), direction=-1)
    ... def return_5d(close):
    ...     return wb.factors.windows.total_return(close, window=5, skip=0)
    """
    if direction not in (1, -1):
        raise ConfigError(
            f"direction={direction} is not +1 or -1.", hint="Say whether high values are good (+1) or bad."
        )
    if lookback < 0 or not needs:
        raise ConfigError(
            f"lookback={lookback}, needs={needs}: a factor needs at least one field and a look-back of 0 or more.",
            hint='For example lookback=252, needs=("close",).',
        )

    def register(function: FactorFunction) -> FactorFunction:
        wanted = set(inspect.signature(function).parameters)
        if wanted != set(needs):
            raise ConfigError(
                f"Factor {function.__name__} takes {sorted(wanted)} but declares needs={sorted(needs)}.",
                hint="Name the function's parameters like the fields it needs.",
            )
        _REGISTRY[function.__name__] = Factor(function.__name__, function, family, lookback, needs, direction, source)
        return function

    return register


def get(name: str) -> Factor:
    """The factor of this name.

    Raises
    ------
    ConfigError
        For an unknown name, with the nearest known ones.
    """
    _load()
    if name not in _REGISTRY:
        near = difflib.get_close_matches(name, _REGISTRY, n=3) or sorted(_REGISTRY)
        raise ConfigError(f"There is no factor {name!r}.", hint=f"Known and near: {', '.join(near)}.")
    return _REGISTRY[name]


def names() -> tuple[str, ...]:
    """Names of all registered factors, in alphabetical order."""
    _load()
    return tuple(sorted(_REGISTRY))


def _load() -> None:
    for module in _FAMILIES:
        importlib.import_module(module)
