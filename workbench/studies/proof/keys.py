"""What a certificate holds for: the target's code and parameters, and the code that builds it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import workbench

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.studies.proof.subjects import Subject

#: Changed whenever the prover looks at more than before: older certificates no longer count.
PROVER = "2"
#: Below the state folder.
FOLDER = "proofs"
#: Packages that have a part in a score or a target.
_PACKAGES = ("lake", "factors", "markets", "schemas", "research/combine", "backtests", "signals", "studies")


def key(subject: Subject, regions: Sequence[str], timing: str) -> str:
    """Name of the certificate of a subject in some regions."""
    parts = (subject.kind, subject.name, subject.code, subject.parameters, sorted(regions), timing, subject.fitted)
    text = "|".join(map(str, (*parts, PROVER, workbench_hash())))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@lru_cache(maxsize=1)
def workbench_hash() -> str:
    """Hash of the workbench's own code between the lake's files and a target."""
    home = Path(workbench.__file__).parent
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted((home / package).rglob("*")):
            if path.suffix in (".py", ".sql", ".csv"):
                digest.update(f"{path.relative_to(home)}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
