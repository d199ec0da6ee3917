"""The leak prover: build a result again in worlds whose future is another one, and see that no past value moves."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import __version__, markets, settings
from workbench.errors import ConfigError, WorkbenchError
from workbench.factors import registry
from workbench.lake.whatif import Alteration, Held
from workbench.studies import parameters
from workbench.studies.proof import captured, fills, keys, memory, narrowing, subjects, values, worlds
from workbench.studies.proof.findings import Certificate, Finding, Proof
from workbench.studies.proof.worlds import FUTURES, Plan, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from workbench.lake import Lake
    from workbench.lake.whatif import Moment
    from workbench.studies.proof.subjects import Subject
    from workbench.studies.proof.values import Grid

    Grids = Mapping[str, Grid]

#: Relative difference that is none for what learns from history.
FITTED = 1e-12
TIMINGS = ("close", "held")
#: What the code of a target may raise in a world without the future it relied on.
FAILS = (WorkbenchError, LookupError, ValueError, ArithmeticError, TypeError)


def prove(
    target: Any,
    lake: Lake,
    regions: str | Sequence[str] | None = None,
    *,
    dates: Sequence[str | date] | None = None,
    seed: int = 0,
    timing: str = "close",
    fitted: bool = False,
    cuts: int = 3,
    tickers: int = 200,
) -> Proof:
    """Prove that a result uses nothing that was not known at its time.

    The target is built from the lake as it is, and again from lakes in which all that came after a moment is
    cut off, scrambled or revised (restated filings, splits, dividends, delistings, share counts, sectors,
    memberships), markets that close later on the moment's own date among it. What stood at the moment may not
    move: not by a bit, or by 1e-12 relative for what is fitted. Last, the past is scrambled: a result that
    does not move then does not come from the lake.

    Parameters
    ----------
    target : str, FactorSet, Strategy or callable
        Name of a factor, of a set in ``params/factors`` or of a strategy in ``params/strategies``; ``"all"`` for
        every one of them; a set or strategy; a factor function; a plain function of arrays, named like the
        inputs it needs (it may look back 252 sessions); or a function of (lake, regions, start, end) that gives
        back scores, signals, targets or a frame with date, ticker and value.
    lake : Lake
        Read at one moment and never written to.
    regions : str or sequence of str, optional
        None takes all that the lake has (of a strategy, those it is meant for).
    dates : sequence of date or ISO text, optional
        Days at whose close the future is altered. None chooses ``cuts`` days of the last year and a half on
        which leaks bite: before splits, filings, changes of sector and delistings, after the end of a quarter.
    seed : int
        Of the scrambled values and of the choice of codes.
    timing : str
        ``close``: a value of a date is known at its close. ``held``: it is a weight that is held during the date,
        so that it was known at the close before.
    fitted : bool
        A function learns from history (sets say so themselves): compared to 1e-12, and over the whole history.
    cuts, tickers : int
        How many days are cut, and how many codes a region are kept, those with splits, delistings and re-used
        codes first. The certificate says both.

    Returns
    -------
    Proof
        ``causal``, ``findings`` and ``certificate``; certificates are kept in the state folder.

    Raises
    ------
    ConfigError
        An unknown name, region or timing.
    NotEnoughHistory
        Too few bars.

    Notes
    -----
    One core is used for what is fitted, so that sums come in one order. Nothing can be said of undated columns
    (name, share class, depositary ratio), and of codes whose provider has adjusted their prices for a split
    that came later: they are left out and counted.

    Examples
    --------
    >>> wb.prove("momentum_12m_1m", lake, "KR").causal  # doctest: +SKIP
    True
    """
    if timing not in TIMINGS:
        raise ConfigError(f"timing={timing!r} is unknown.", hint=f"Use one of {', '.join(TIMINGS)}.")
    if min(cuts, tickers) < 1:
        raise ConfigError(f"cuts={cuts} and tickers={tickers} must be at least 1.")
    began = time.monotonic()
    chosen = subjects.resolve(target, fitted=fitted)
    view = lake if lake.pinned else lake.at(lake.snapshot())
    asked = _regions(regions, view, chosen)
    days = [parameters.day(day, "dates") for day in dates or ()]
    done: list[Proof] = []
    for whole in (False, True):
        some = [one for one in chosen if one.fitted is whole]
        if some:
            plan = worlds.plan(
                view,
                asked,
                [day for day in days if day],
                seed=seed,
                cuts=cuts,
                tickers=tickers,
                whole=whole,
                universes=[one.strategy.universe for one in some if one.strategy is not None],
            )
            with _one_core(), _registered(some):
                done.append(_Examination(some, view, asked, plan, timing == "held").proof())
    found = tuple(finding for one in done for finding in one.findings)
    certificates = tuple(certificate for one in done for certificate in one.certificates)
    for certificate in certificates:
        certificate.save(settings.load().state / keys.FOLDER)
    return Proof(not found, found, certificates, time.monotonic() - began)


def _regions(regions: str | Sequence[str] | None, lake: Lake, chosen: Sequence[Subject]) -> tuple[str, ...]:
    if regions:
        return markets.check_regions([regions] if isinstance(regions, str) else list(regions))
    there = lake.sql("SELECT DISTINCT region FROM ohlcv")["region"].to_list()
    meant = [set(one.strategy.regions) for one in chosen if one.strategy is not None] if len(chosen) == 1 else []
    return tuple(region for region in settings.REGIONS if region in there and all(region in one for one in meant))


@contextmanager
def _one_core() -> Iterator[None]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


@contextmanager
def _registered(some: Sequence[Subject]) -> Iterator[None]:
    with ExitStack() as stack:
        for one in some:
            if one.candidate is not None:
                stack.enter_context(registry.registered(one.candidate))
        yield


@dataclass
class _Examination:
    """Some subjects that are built together in each world."""

    subjects: Sequence[Subject]
    lake: Lake
    regions: tuple[str, ...]
    plan: Plan
    during: bool
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    compared: dict[str, int] = field(default_factory=dict)

    def proof(self) -> Proof:
        """Go through all worlds."""
        self.asked = worlds.needed([one for subject in self.subjects for one in subject.sets])
        self.held = Held(self.lake.what_if(self.plan.base()))
        for subject in self.subjects:
            self._captured(subject)
        self.memory = memory.Memory([function for subject in self.subjects for function in subject.functions])
        base = self.world(Alteration())
        self.honest: dict[str, Grids] = {one.label: values.by_name(one.build(base)) for one in self.subjects}
        for subject in self.subjects:
            self._empty(subject)
            if subject.strategy is not None:
                self._add(fills.check(subject.strategy, self.world(Alteration(), self.regions[:1])))
        for moment in self.plan.moments:
            for kind in FUTURES:
                self._look(kind, moment)
        if self._later_regions():
            self._look("shifted", self.plan.moments[0])
        self._insensitive()
        self._same_told_once()
        narrowing.narrow(self)
        found = tuple(self.findings.values())
        return Proof(not found, found, tuple(self._certificate(one) for one in self.subjects))

    def world(self, alteration: Alteration, regions: tuple[str, ...] | None = None) -> World:
        """A world that is altered, in which nothing is remembered of another one."""
        self.memory.restore()
        altered = self.lake.what_if(alteration, self.held)
        return World(altered, regions or self.regions, self.plan.start, self.plan.end, self.asked)

    def moves(self, subject: Subject, world: World, moment: Moment) -> dict[str, values.Move]:
        """What moved in a world, by name."""
        other = values.by_name(subject.build(world))
        found = {}
        for name, grid in self.honest[subject.label].items():
            altered = other.get(name) or replace(grid, values=np.full_like(grid.values, np.nan))
            tolerance = FITTED if subject.fitted else 0.0
            move = values.compare(grid, altered, moment, held=self.during, tolerance=tolerance)
            if move is not None:
                found[name] = move
        return found

    def _look(self, kind: str, moment: Moment) -> None:
        world = self.world(self.plan.altered(kind, moment))
        for subject in self.subjects:
            names = self.honest[subject.label]
            if all((subject.label, name) in self.findings for name in names):
                continue
            stood = sum(self._stood(grid, moment) for grid in names.values())
            self.compared[subject.label] = self.compared.get(subject.label, 0) + stood
            label = world.lake.altered.label if world.lake.altered else kind
            try:
                found = self.moves(subject, world, moment)
            except FAILS as error:
                if stood:
                    told = f"it cannot be built when the future is {label}: {type(error).__name__}: {error}"
                    self._add(Finding(subject.label, "failed", world=label, detail=told))
                continue
            for name, move in found.items():
                self._add(moved(subject.label, name, label, move))

    def _add(self, finding: Finding | None) -> None:
        if finding is not None:
            self.findings.setdefault((finding.target, finding.name), finding)

    def _stood(self, grid: Grid, moment: Moment) -> int:
        stood = values.stands(grid.dates, grid.regions, moment, held=self.during)
        return int((stood & ~np.isnan(grid.values)).sum())

    def _captured(self, subject: Subject) -> None:
        held = [part for function in subject.functions for part in captured.captured(function)]
        if held:
            told = "; ".join(f"{name} ({what})" for name, what in held)
            self._add(
                Finding(
                    subject.label,
                    "captured",
                    name="captured data",
                    detail=f"it brings data along that do not come from the lake it is given: {told}.",
                )
            )

    def _empty(self, subject: Subject) -> None:
        """A target without a value at any moment proves nothing."""
        names = self._without(subject)
        there = self.honest[subject.label].keys() - set(names)
        if not there or (subject.main and subject.main not in there):
            told = (
                f"it has no value of {' '.join(self.regions)} at or before {self._last().day}: nothing is proven. "
                "Look at its notes, or take more history or other regions."
            )
            self._add(Finding(subject.label, "empty", name=subject.main, detail=told))

    def _without(self, subject: Subject) -> list[str]:
        """Names of a subject that have no value at any moment."""
        last = self._last()
        return [name for name, grid in self.honest[subject.label].items() if not self._stood(grid, last)]

    def _last(self) -> Moment:
        return max(self.plan.moments, key=lambda one: one.instant)

    def _later_regions(self) -> bool:
        first = self.plan.moments[0]
        return any(day < first.day for day in first.known.values())

    def _insensitive(self) -> None:
        """What does not move with the past does not come from the lake."""
        moment = self._last()
        world = self.world(self.plan.altered("past", moment))
        for subject in self.subjects:
            told_of = {name for target, name in self.findings if target == subject.label}
            told_of.update(self._without(subject))
            open_ = [name for name in self.honest[subject.label] if name not in told_of]
            if not open_:
                continue
            try:
                found = self.moves(subject, world, moment)
            except FAILS:
                continue  # It needs the past, which is what was to be seen.
            for name in open_:
                if name not in found:
                    told = (
                        f"{name} stays the same when all inputs of the lake up to {moment.day} are scrambled: it was "
                        "computed elsewhere."
                    )
                    self._add(Finding(subject.label, "insensitive", name=name, world="past", detail=told))

    def _same_told_once(self) -> None:
        """A score that moved with the factor's own value is told with that value alone."""
        for target, name in list(self.findings):
            if (target, f"raw {name}") in self.findings:
                del self.findings[target, name]

    def _certificate(self, subject: Subject) -> Certificate:
        own = [finding for (target, _), finding in self.findings.items() if target == subject.label]
        kinds = [*FUTURES, *(("later regions shifted",) if self._later_regions() else ()), "past scrambled"]
        return Certificate(
            target=subject.name,
            kind=subject.kind,
            causal=not own,
            examined=not own or any(one.kind != "empty" for one in own),
            code=subject.code,
            parameters=subject.parameters,
            workbench=keys.workbench_hash(),
            regions=self.regions,
            snapshot=self.lake.snapshot().id,
            start=str(self.plan.start),
            end=str(self.plan.end),
            cuts=tuple(f"{one.day} {one.region}" for one in self.plan.moments),
            worlds=tuple(kinds),
            tickers=worlds.codes(self.plan, self.regions),
            left_out=self.plan.left_out,
            values=self.compared.get(subject.label, 0),
            without=tuple(self._without(subject)),
            timing="held" if self.during else "close",
            tolerance=FITTED if subject.fitted else 0.0,
            seed=self.plan.seed,
            made_at=settings.now().isoformat(timespec="seconds"),
            version=__version__,
            prover=keys.PROVER,
            findings=tuple(map(str, own)),
            key=keys.key(subject, self.regions, "held" if self.during else "close"),
        )


def moved(target: str, name: str, world: str, move: values.Move) -> Finding:
    """A value that stood and moved."""
    return Finding(
        target,
        "moved",
        name,
        world,
        str(move.date),
        move.ticker,
        before=move.before,
        after=move.after,
        count=move.count,
        largest=move.largest,
    )
