"""One examination: some subjects built together in each world, and what is to be said of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from workbench import __version__, settings
from workbench.errors import WorkbenchError
from workbench.lake.whatif import Alteration, Held
from workbench.studies.proof import captured, fills, keys, memory, narrowing, values, worlds
from workbench.studies.proof.findings import Certificate, Finding, Proof
from workbench.studies.proof.worlds import FUTURES, Plan, World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.lake import Lake
    from workbench.lake.whatif import Moment
    from workbench.studies.proof.subjects import Subject
    from workbench.studies.proof.values import Grid

    Grids = Mapping[str, Grid]

#: Relative difference that is none for what learns from history.
FITTED = 1e-12
#: What the code of a target may raise in a world without the future it relied on.
FAILS = (WorkbenchError, LookupError, ValueError, ArithmeticError, TypeError)


@dataclass
class Examination:
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
