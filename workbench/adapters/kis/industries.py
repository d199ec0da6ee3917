"""Industries of KIS: the code of the overseas master files, and the sectors of the Korean exchange.

The broker does not publish the names of its overseas codes. Those here were read off the companies that carry
them in the file of Nasdaq; the first digit is the sector, with media (370) and property (630) apart as in the
structure of 2018.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources


@cache
def _table() -> dict[tuple[str, str], tuple[str, str]]:
    text = resources.files(__package__).joinpath("industries.csv").read_text(encoding="utf-8")
    return {(row["system"], row["code"]): (row["name"], row["sector"]) for row in csv.DictReader(text.splitlines())}


def industry(region: str, code: str | None) -> str | None:
    """Name of an industry, None for no or an unknown code."""
    found = _table().get(("krx" if region == "KR" else "icod", code or ""))
    return found[0] if found else None


def sector(region: str, code: str | None) -> str | None:
    """Sector of an industry, one of the eleven of GICS; None where the industry spans several."""
    if region == "KR":
        from workbench.markets import sectors

        return sectors.gics("krx", code) if code else None
    found = _table().get(("icod", code or ""))
    return (found[1] or None) if found else None
