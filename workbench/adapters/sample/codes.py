"""Codes and names of the invented companies, in each region's own form."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from workbench.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FIRST = (
    "Amber", "Birch", "Cedar", "Coral", "Crane", "Delta", "Ember", "Falcon", "Garnet", "Harbor", "Indigo", "Jade",
    "Juniper", "Lotus", "Maple", "Meridian", "North", "Opal", "Orchid", "Pearl", "Pine", "Quartz", "River", "Saffron",
    "Silver", "Summit", "Teal", "Tidal", "Umber", "Violet", "Willow", "Zephyr",
)  # fmt: skip
_SECOND = (
    "Arc", "Bay", "Bridge", "Brook", "Coast", "Crest", "Field", "Forge", "Gate", "Grove", "Hill", "Lake", "Light",
    "Moon", "Peak", "Point", "Port", "Ridge", "Rock", "Sail", "Shore", "Sky", "Spring", "Star", "Stone", "Sun", "Vale",
    "Wave", "Well", "Wind", "Wood", "Works",
)  # fmt: skip
_FORM = {"KR": "Co., Ltd.", "US": "Inc.", "CN": "Co., Ltd.", "HK": "Holdings Ltd.", "JP": "K.K.", "VN": "JSC"}


def codes(region: str, boards: list[tuple[str, str]], generator: np.random.Generator) -> list[str]:
    """One code a company, unique within the region.

    Parameters
    ----------
    region : str
    boards : list of (board, MIC)
        One entry a company; the code's form may depend on it.
    generator : numpy.random.Generator
        Chooses among the possible codes.
    """
    wanted: dict[tuple[str, str], int] = {}
    for board in boards:
        wanted[board] = wanted.get(board, 0) + 1
    drawn: dict[tuple[str, str], list[str]] = {}
    taken: set[str] = set()
    for board in sorted(wanted):
        pool = [code for code in _possible(region, *board) if code not in taken]
        if wanted[board] > len(pool):
            raise ConfigError(
                f"The sample market has {len(pool)} codes for {region} {board[0]}, {wanted[board]} are asked.",
                hint="Choose a smaller size.",
            )
        chosen = sorted(generator.choice(len(pool), wanted[board], replace=False).tolist())
        drawn[board] = [pool[index] for index in chosen]
        taken.update(drawn[board])
    queues = {board: iter(items) for board, items in drawn.items()}
    return [next(queues[board]) for board in boards]


def _possible(region: str, board: str, mic: str) -> list[str]:
    if region == "KR":
        return [f"{number:05d}0" for number in range(20, 40_000)]
    if region == "US":
        return ["".join(letters) for letters in product(_LETTERS, repeat=4 if mic == "XNAS" else 3)]
    if region == "CN":
        prefix = "300" if board == "ChiNext" else "600" if mic == "XSHG" else "000"
        return [f"{prefix}{number:03d}" for number in range(1, 1000)]
    if region == "HK":
        return [f"{number:05d}" for number in (range(8001, 9000) if board == "GEM" else range(1, 4000))]
    if region == "JP":
        return [str(number) for number in range(1301, 10_000)]
    return ["".join(letters) for letters in product(_LETTERS, repeat=3)]


def name(region: str, number: int, industry: str) -> str:
    """The name of company ``number`` of a region, which no other company of the region has."""
    # For one first word the second steps with every full turn, so that no pair comes twice in a series.
    turn = number // len(_FIRST)
    first, second = _FIRST[number % len(_FIRST)], _SECOND[(5 * number + turn) % len(_SECOND)]
    series = turn // len(_SECOND)
    roman = ("", " II", " III", " IV")[series]
    return f"{first}{second.lower()} {industry}{roman} {_FORM[region]}"
