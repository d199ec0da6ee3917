"""The certificate of a target: kept by its code and parameters, made where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench import markets, settings
from workbench.errors import DataError, LakeError, ModelError
from workbench.studies.proof import keys, prover, subjects
from workbench.studies.proof.findings import Certificate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.lake import Lake

#: How much is looked at where nobody asked for a proof of its own.
CUTS, TICKERS = 1, 60
#: Certificates that this process has read or made.
_known: dict[str, Certificate] = {}


def certificate(target: Any, lake: Lake, regions: str | Sequence[str], *, timing: str = "close") -> Certificate | None:
    """The kept certificate of a target, or a new one from a short proof (1 date, 60 codes a region).

    Parameters
    ----------
    target
        As for :func:`workbench.studies.proof.prove`, but one thing and not ``"all"``; of a name that a factor set
        and a strategy share, the set.
    lake : Lake
    regions : str or sequence of str

    Returns
    -------
    Certificate or None
        None where the lake has too little to prove anything, or the target no value: it is unproven then.
    """
    asked = markets.check_regions([regions] if isinstance(regions, str) else list(regions))
    subject = subjects.resolve(target)[0]
    key = keys.key(subject, asked, timing)
    path = settings.load().state / keys.FOLDER / f"{key}.json"
    if path.is_file():
        _known[key] = Certificate.from_json(path.read_text(encoding="utf-8"))
    if key not in _known:
        try:
            proof = prover.prove(target, lake, asked, timing=timing, cuts=CUTS, tickers=TICKERS)
        except (DataError, LakeError, ModelError):
            return None
        _known[key] = proof.certificate
    return _known[key] if _known[key].examined else None
