"""What can be proven: how each kind of target is built from a lake, and what its code is."""

from __future__ import annotations

import difflib
import hashlib
import inspect
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from workbench import factors, settings
from workbench.errors import BacktestError, ConfigError
from workbench.factors import FactorSet, identity, registry, sets
from workbench.factors.scores import COMPOSITE
from workbench.studies import scoring, selection
from workbench.studies.proof import values
from workbench.studies.strategy import Strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workbench.factors import Scores
    from workbench.studies.proof.values import Grid
    from workbench.studies.proof.worlds import World

    Build = Callable[[World], Sequence[Grid]]

#: Of everything that is registered, and of what stands in ``params/``.
ALL = "all"
#: What is made of a market besides factors.
MARKETWIDE = ("layered", "technicals")
#: Sessions that a plain function of arrays may look back, where nothing is said.
LOOKBACK = 252


@dataclass(frozen=True, eq=False)
class Subject:
    """Something that is proven.

    Attributes
    ----------
    name, kind : str
        Kinds are ``factor``, ``factor set``, ``strategy``, ``indicators`` and ``function``.
    build : callable
        Makes the values from a world.
    code, parameters : str
        Hashes of what makes the values.
    fitted : bool
        It learns from history: compared to 1e-12 relative, and looked at from the lake's first day on.
    sets : tuple of FactorSet
        What its panels must hold.
    functions : tuple of callable
        User code, in which data from outside of the lake are looked for.
    main : str
        The values without which there is nothing to prove; empty for any.
    strategy : Strategy or None
        Whose fills are looked at as well.
    candidate : Factor or None
        A factor that is not registered; it must be while the subject is built.
    """

    name: str
    kind: str
    build: Build
    code: str
    parameters: str = ""
    fitted: bool = False
    sets: tuple[FactorSet, ...] = ()
    functions: tuple[Callable[..., Any], ...] = ()
    main: str = ""
    strategy: Strategy | None = None
    candidate: registry.Factor | None = None

    @property
    def label(self) -> str:
        """Kind and name: a set and a strategy may have the same name."""
        return f"{self.kind} {self.name}"


def resolve(target: Any, *, fitted: bool = False) -> list[Subject]:
    """The subjects of a target, see :func:`workbench.studies.proof.prove`; several where they share the name.

    Raises
    ------
    ConfigError
        A name that is neither a factor nor a set or strategy in ``params/``; something that cannot be built.
    """
    if isinstance(target, str):
        return _by_name(target)
    if isinstance(target, Strategy):
        return [of_strategy(target)]
    if isinstance(target, FactorSet):
        return [of_set(target)]
    if callable(target):
        return [_of_function(target, fitted)]
    raise ConfigError(
        f"A {type(target).__name__} cannot be proven: only what can be built anew from the lake can.",
        hint="Give a factor, a factor set, a strategy, or a function of (lake, regions, start, end).",
    )


def _by_name(name: str) -> list[Subject]:
    stored_sets, strategies = _stored("factors"), _stored("strategies")
    if name == ALL:
        loaded = [scoring.load_factor_set(one) for one in stored_sets]
        return [
            *of_factors(registry.names()),
            *(of_set(one) for one in loaded),
            *(of_strategy(Strategy.load(one)) for one in strategies),
            *(of_market(one) for one in MARKETWIDE),
        ]
    found: list[Subject] = []
    if name in MARKETWIDE:
        found.append(of_market(name))
    if name in registry.names():
        found.extend(of_factors((name,)))
    if name in stored_sets:
        found.append(of_set(scoring.load_factor_set(name)))
    if name in strategies or name.endswith((".yaml", ".yml")):
        found.append(of_strategy(Strategy.load(name)))
    if found:
        return found
    known = [*registry.names(), *stored_sets, *strategies, *MARKETWIDE, ALL]
    near = difflib.get_close_matches(name, known, n=3)
    raise ConfigError(
        f"There is no factor, factor set or strategy {name!r}.",
        hint=f"Near: {', '.join(near)}." if near else "`wb factors` lists them; sets and strategies stand in params/.",
    )


def of_market(name: str) -> Subject:
    """Technical indicators, or the layered score."""
    from workbench.studies.proof import marketwide

    return Subject(name, "indicators", partial(marketwide.build, name), marketwide.code(name))


def _stored(folder: str) -> list[str]:
    return sorted(path.stem for path in (settings.load().home / "params" / folder).glob("*.yaml"))


def of_factors(names: Sequence[str]) -> list[Subject]:
    """Factors with their own values and scores, computed together."""
    chosen = sets.of(tuple(names))

    def together(world: World) -> Sequence[Grid]:
        return values.grids(factors.compute(chosen, world.panel(), start=world.start, end=world.end), "", ())

    def build(name: str, world: World) -> Sequence[Grid]:
        return [grid for grid in world.once("factors", together) if grid.name in (name, f"raw {name}")]

    return [
        Subject(
            name,
            "factor",
            partial(build, name),
            registry.get(name).code_hash,
            sets=(chosen,),
            functions=(registry.get(name).function,),
        )
        for name in names
    ]


def of_set(chosen: FactorSet) -> Subject:
    """The scores of a set and their combination."""

    def build(world: World) -> Sequence[Grid]:
        from workbench.studies.proof import marketwide

        scores = _scores(chosen, world)
        called = marketwide.of_scores(scores, chosen, world.regions)
        return [*values.grids(scores, chosen.name, world.regions), *called]

    declared = _digest(chosen.model_dump_json())
    return Subject(
        chosen.name,
        "factor set",
        build,
        chosen.content_hash,
        declared,
        _is_fitted(chosen),
        (chosen,),
        _functions(chosen),
        main=COMPOSITE,
    )


def of_strategy(strategy: Strategy) -> Subject:
    """The targets of a strategy."""
    chosen = strategy.factor_set

    def build(world: World) -> Sequence[Grid]:
        scores = _scores(chosen, world, strategy.universe)
        found = values.grids(scores.composite, COMPOSITE, world.regions)
        try:
            decided = selection.targets(scores.composite, strategy)
        except BacktestError:
            return found  # Nothing is decided.
        return [*values.grids(decided, "targets", world.regions), *found]

    declared = _digest(strategy.model_dump_json(exclude={"hypothesis"}))
    return Subject(
        strategy.name,
        "strategy",
        build,
        strategy.content_hash,
        declared,
        _is_fitted(chosen),
        (chosen,),
        _functions(chosen),
        main="targets",
        strategy=strategy,
    )


def _scores(chosen: FactorSet, world: World, universe: Any = None) -> Scores:
    """Scores as studies make them, with the composite that the set asks for."""
    from workbench.studies import composites

    return composites.scored(chosen, world.panel(universe), world.start, world.end)


def _functions(chosen: FactorSet) -> tuple[Callable[..., Any], ...]:
    return tuple(registry.get(name).function for name in chosen.factors)


def _is_fitted(chosen: FactorSet) -> bool:
    return chosen.combination.fitted


def _of_function(function: Callable[..., Any], fitted: bool) -> Subject:
    name = getattr(function, "__name__", type(function).__name__)
    known = next((one for one in registry.names() if registry.get(one).function is function), None)
    if known is not None:
        return of_factors((known,))[0]
    wanted = tuple(inspect.signature(function).parameters)
    if wanted[:1] == ("lake",) or len(wanted) == 4:
        return _of_builder(function, name, fitted)
    return _of_arrays(function, name, wanted)


def _of_builder(function: Callable[..., Any], name: str, fitted: bool) -> Subject:
    """A function of (lake, regions, start, end)."""

    def build(world: World) -> Sequence[Grid]:
        return values.grids(function(world.lake, world.regions, world.start, world.end), name, world.regions)

    return Subject(name, "function", build, _digest(identity.text(function)), "", fitted, functions=(function,))


def _of_arrays(function: Callable[..., Any], name: str, wanted: tuple[str, ...]) -> Subject:
    """A plain function of arrays: a factor that is not registered."""
    if not wanted:
        raise ConfigError(
            f"{name} takes no parameter.",
            hint="Name the inputs it needs, such as close, or take (lake, regions, start, end).",
        )
    key = f"candidate_{_digest(identity.text(function))[:12]}"

    def build(world: World) -> Sequence[Grid]:
        scores = factors.compute(chosen, world.panel(), start=world.start, end=world.end)
        found = [grid for grid in values.grids(scores, name, world.regions) if grid.name != COMPOSITE]
        return [values.Grid(one.name.replace(key, name), one.dates, one.tickers, one.values) for one in found]

    factor = registry.Factor(key, function, "candidate", LOOKBACK, wanted, 1, "")
    with registry.registered(factor):
        chosen = sets.of((key,))
        code = chosen.content_hash
    return Subject(name, "factor", build, code, "", False, (chosen,), (function,), candidate=factor)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
