"""The factors that are known, and how one is added."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import inspect
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import ConfigError
from workbench.factors import identity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Fields of a bar; everything else that a factor may need is an item of filings.
BARS = ("open", "high", "low", "close", "volume", "turnover")

FactorFunction = Callable[..., "NDArray[np.float64]"]

#: What a name of a factor or of a family looks like: it becomes a column of a table.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
#: Columns that tables of scores have beside the factors, and parts of a signal beside the families.
TAKEN, TAKEN_FAMILIES = ("region", "ticker", "date", "definition", "composite"), ("base", "model")

#: Families of the house; each is a module that registers its factors when it is imported.
FAMILIES = ("value", "momentum", "quality", "low_volatility", "size_liquidity")


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
        Inputs, as :mod:`workbench.factors.inputs` names them; prices come adjusted for splits and dividends.
    direction : int
        +1 where a high value is hoped to be good, -1 where a low one is.
    source : str
        Paper and equation, or the rule's official page.
    financials : bool
        Whether it means something for banks and insurers; where not, stocks of the sector Financials on the
        date have no value.
    """

    name: str
    function: FactorFunction
    family: str
    lookback: int
    needs: tuple[str, ...]
    direction: int
    source: str
    financials: bool = True

    @property
    def by_column(self) -> bool:
        """Whether each column's values depend on that column alone, and on levels of the region.

        So for every factor of the house: they may be computed some columns at a time. Others get all columns of
        a region at once, and may compare them.
        """
        return getattr(self.function, "__module__", "").startswith(f"{identity.OWN}.")

    @property
    def code_hash(self) -> str:
        """Hash of the factor's code and declaration; part of the identity of every result.

        Helpers and constants that the function refers to count: see :func:`workbench.factors.identity.text`.
        """
        declared = f"{self.lookback}|{self.needs}|{self.direction}|{self.financials}"
        text = f"{identity.text(self.function)}|{declared}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __call__(self, **arrays: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the factor from its arrays."""
        return self.function(**arrays)


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
    *,
    family: str,
    lookback: int,
    needs: tuple[str, ...],
    direction: int = 1,
    source: str = "",
    financials: bool = True,
) -> Callable[[FactorFunction], FactorFunction]:
    """Register a function as a factor under its own name; a function registered again replaces the older one.

    Parameters
    ----------
    family : str
        For example ``momentum``; small letters, digits and underscores, like the function's name.
    lookback : int
        Sessions before t whose data the value at t uses; at least 0.
    needs : tuple of str
        Fields of the bar and items of filings, handed to the function by keyword, each (T, N) on the sessions of
        one region.
    direction : int
        +1 or -1; scores are turned so that a high one is hoped to be good.
    source : str
        Where the definition comes from.
    financials : bool
        False where the figure means nothing for banks and insurers: stocks whose sector on the date is
        Financials then have no value.

    Raises
    ------
    ConfigError
        For a direction other than +1 or -1, a look-back that is no whole number of 0 or more, no field, a
        parameter of the function that is not in ``needs``, and a name that cannot be a column, that a column
        of the tables has already, or that is a factor of the house.

    Examples
    --------
    >>> import workbench as wb
    >>> @wb.factors.factor(family="reversal", lookback=5, needs=("close",), direction=-1)
    ... def return_5d(close):
    ...     return wb.factors.windows.total_return(close, window=5, skip=0)
    """
    _check_declaration(family, lookback, needs, direction)

    def register(function: FactorFunction) -> FactorFunction:
        parameters = inspect.signature(function).parameters.values()
        wanted = {one.name for one in parameters if one.kind is not one.VAR_KEYWORD}
        takes_more = len(wanted) < len(parameters)
        if wanted - set(needs) or (set(needs) - wanted and not takes_more):
            raise ConfigError(
                f"Factor {function.__name__} takes {sorted(wanted)} but declares needs={sorted(needs)}.",
                hint="Name the function's parameters like the fields it needs.",
            )
        name = function.__name__
        _check_name(function)
        _REGISTRY[name] = Factor(name, function, family, lookback, tuple(needs), int(direction), source, financials)
        return function

    return register


def _check_declaration(family: str, lookback: object, needs: object, direction: int) -> None:
    if direction not in (1, -1):
        raise ConfigError(
            f"direction={direction} is not +1 or -1.", hint="Say whether high values are good (+1) or bad."
        )
    known = isinstance(needs, tuple | list) and needs
    whole = isinstance(lookback, int) and not isinstance(lookback, bool) and lookback >= 0
    if not known or not whole:
        raise ConfigError(
            f"lookback={lookback!r}, needs={needs!r}: a factor needs a tuple of at least one field and a look-back "
            "that is a whole number of 0 or more.",
            hint='For example lookback=252, needs=("close",).',
        )
    if not _NAME.fullmatch(family) or family in TAKEN_FAMILIES:
        raise ConfigError(
            f"family={family!r} is not 1 to 60 small letters, digits and underscores, or is one of "
            f"{', '.join(TAKEN_FAMILIES)}.",
            hint=f"Take one of {', '.join(FAMILIES)}, or a name of your own.",
        )


def _check_name(function: FactorFunction) -> None:
    """A name becomes a column of ``factor_scores``, and a factor of the house stays what its page says."""
    name = function.__name__
    if not _NAME.fullmatch(name) or name in TAKEN:
        raise ConfigError(
            f"A factor cannot be named {name!r}: a name is 1 to 60 small letters, digits and underscores, and none "
            f"of {', '.join(TAKEN)}.",
            hint="Name the function by quantity and window, like momentum_12m_1m.",
        )
    if (getattr(function, "__module__", None) or "").startswith(f"{identity.OWN}."):
        return
    _load()
    if name in _REGISTRY and _REGISTRY[name].by_column:
        raise ConfigError(
            f"{name!r} is a factor of the house, which sets and pages count on.",
            hint=f"Name yours otherwise, for example my_{name}"[:120] + ".",
        )


@contextmanager
def registered(candidate: Factor) -> Iterator[None]:
    """Know a factor for a while, under its name; what had that name before has it again afterwards."""
    _load()
    before = _REGISTRY.get(candidate.name)
    _REGISTRY[candidate.name] = candidate
    try:
        yield
    finally:
        if before is None:
            _REGISTRY.pop(candidate.name, None)
        else:
            _REGISTRY[candidate.name] = before


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
    for family in FAMILIES:
        importlib.import_module(f"workbench.factors.{family}")
