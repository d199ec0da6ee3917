"""What the leak prover says, as a strip for the top of a report."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from workbench.reports.blocks import STYLE

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLOURS = {True: ("#e7f5ec", "#8fcfa8", "#14532d"), False: ("#fde8e8", "#f0a8a8", "#7a1f1f")}
_UNKNOWN = ("#f5f7fa", "#cbd2d9", "#52606d")


UNPROVEN = "The leak prover has not examined what this report shows."


def render(certificate: Mapping[str, Any] | None) -> str:
    """Return the strip of a certificate as HTML.

    Parameters
    ----------
    certificate : mapping or None
        ``Certificate.to_dict()``; None where nothing has been proven.
    """
    if certificate is None or not certificate["examined"]:
        return _strip(_UNKNOWN, "Unproven", UNPROVEN)
    causal = bool(certificate["causal"])
    return _strip(_COLOURS[causal], "Proven causal" if causal else "Not causal", _told(certificate))


def _strip(colours: tuple[str, str, str], verdict: str, told: str) -> str:
    back, line, ink = colours
    return (
        f'{STYLE}<div class="wb wb-certificate" style="background:{back};border:1px solid {line};border-radius:6px;'
        f'padding:8px 14px;color:{ink}"><b>{verdict}.</b> {told}</div>'
    )


def _told(certificate: Mapping[str, Any]) -> str:
    """What was looked at in a sentence, what was found in a list, and the hashes behind a fold."""
    what = f"{certificate['kind']} {certificate['target']} on {' '.join(certificate['regions'])}"
    bits = "by a bit" if certificate["tolerance"] == 0.0 else f"by {certificate['tolerance']:g} of its size"
    found = "".join(f"<li>{escape(str(one))}</li>" for one in certificate["findings"])
    said = (
        f"Nothing that stood moved {bits} when the future was altered."
        if certificate["causal"]
        else f"<ul>{found}</ul>"
    )
    left = certificate["left_out"]
    rows = {
        "Cut at the closes of": ", ".join(certificate["cuts"]),
        "Worlds": ", ".join(certificate["worlds"]),
        "Values compared": f"{certificate['values']:,} of {certificate['tickers']:,} codes"
        + (f"; {left:,} codes left out, whose prices their provider adjusted for later splits" if left else ""),
        "Dates of the values": f"{certificate['start']} to {certificate['end']}",
        "Without values": ", ".join(certificate["without"]) or "none",
        "Lake": f"snapshot {certificate['snapshot']}",
        "Code, parameters, workbench": f"{certificate['code']}, {certificate['parameters'] or 'none'}, "
        f"{certificate['workbench']}",
        "Certificate": f"{certificate['key']} of {certificate['made_at']}, workbench {certificate['version']}, prover "
        f"{certificate['prover']}, seed {certificate['seed']}",
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    return (
        f"{escape(what)}. {said}<details><summary>Certificate {escape(certificate['key'][:8])}</summary>"
        f'<dl class="wb-card">{listed}</dl></details>'
    )
