"""Which input moved a value: the same world again, with one input altered at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.lake.altering import INPUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workbench.lake.whatif import Moment
    from workbench.studies.proof.examination import Examination
    from workbench.studies.proof.findings import Finding
    from workbench.studies.proof.subjects import Subject

    #: Names that move when some inputs are altered.
    Tried = Callable[[str, tuple[str, ...]], frozenset[str]]

_ITEMS = "fundamentals.value"
LATER = " of a region that closes later on that date"


def narrow(examination: Examination) -> None:
    """Name the input of each finding: its table and columns, and of filings the item."""
    for subject in examination.subjects:
        own = {
            name: finding
            for (target, name), finding in examination.findings.items()
            if target == subject.label and finding.kind == "moved"
        }
        for world in dict.fromkeys(finding.world for finding in own.values()):
            names = {name: finding for name, finding in own.items() if finding.world == world}
            examination.findings.update(
                {
                    (subject.label, name): finding
                    for name, finding in _narrowed(examination, subject, world, names).items()
                }
            )


def _narrowed(
    examination: Examination, subject: Subject, world: str, names: Mapping[str, Finding]
) -> dict[str, Finding]:
    kind = world.partition(" at the close")[0]
    moment = next(one for one in examination.plan.moments if world.endswith(f"{one.region} on {one.day}"))
    tried = _trying(examination, subject, moment)
    found: dict[str, list[str]] = {}
    # Where bars are cut off the dates end too, and with them all that is known on the last one: other values say more.
    for way in dict.fromkeys(("scrambled", "revised", kind)):
        left = names.keys() - found.keys()
        for name in INPUTS if left else ():
            for moved in tried(way, (name,)) & left:
                found.setdefault(moved, []).append(name)
    for moved, inputs in found.items():
        if _ITEMS in inputs:
            inputs[inputs.index(_ITEMS)] = _item(examination, tried, moved) or _ITEMS
    later = tried("shifted", ())
    return {
        name: replace(
            finding,
            input=", ".join(found.get(name, ["several inputs together"])) + (LATER if name in later else ""),
        )
        for name, finding in names.items()
    }


def _trying(examination: Examination, subject: Subject, moment: Moment) -> Tried:
    from workbench.studies.proof.examination import FAILS

    known: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}

    def tried(kind: str, only: tuple[str, ...]) -> frozenset[str]:
        if (kind, only) not in known:
            world = examination.world(examination.plan.altered(kind, moment, only))
            try:
                known[kind, only] = frozenset(examination.moves(subject, world, moment))
            except FAILS:
                known[kind, only] = frozenset()
        return known[kind, only]

    return tried


def _item(examination: Examination, tried: Tried, moved: str) -> str | None:
    """The item of filings, by halves; None where no single one moves it."""
    way = next((one for one in ("scrambled", "revised") if moved in tried(one, (_ITEMS,))), "cut off")
    items = examination.lake.sql("SELECT DISTINCT item FROM fundamentals ORDER BY 1")["item"].to_list()
    some: Sequence[str] = [f"fundamentals.{item}" for item in items]
    while len(some) > 1:
        half = some[: len(some) // 2]
        rest = some[len(some) // 2 :]
        if moved in tried(way, tuple(half)):
            some = half
        elif moved in tried(way, tuple(rest)):
            some = rest
        else:
            return None
    return some[0] if some and moved in tried(way, tuple(some)) else None
