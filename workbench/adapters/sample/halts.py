"""Suspensions of trading: which company stands still on which sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.adapters.sample.companies import NOTICE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.companies import Company
    from workbench.adapters.sample.spec import SampleSpec

#: Sessions after a first bar and before a last one that stay free of halts.
MARGIN = 30
LONG_HALT = 45


def halt_mask(spec: SampleSpec, region: str, companies: list[Company], sessions: int) -> NDArray[np.bool_]:
    """True where a company is suspended, (T, N).

    One company of each region has a halt of :data:`LONG_HALT` sessions, and one is still suspended
    when the world ends.
    """
    generator = spec.generator(region, "halts")
    mask = np.zeros((sessions, len(companies)), dtype=bool)
    rooms = [(column, *_room(company, sessions)) for column, company in enumerate(companies)]
    rooms = [room for room in rooms if room[2] - room[1] > 2 * LONG_HALT]
    steady = [column for column, first, last in rooms if first == MARGIN and last == sessions - MARGIN]
    for turn in range(max(3, round(spec.rates.halted * len(companies) * spec.length))):
        column, first, last = rooms[int(generator.integers(len(rooms)))]
        length = LONG_HALT if turn == 0 else int(min(generator.geometric(0.2) + 1, 25))
        start = int(generator.integers(first, last - length))
        mask[start : start + length, column] = True
    unfinished = steady[int(generator.integers(len(steady)))]
    mask[sessions - int(generator.integers(8, 20)) :, unfinished] = True
    return mask


def _room(company: Company, sessions: int) -> tuple[int, int]:
    """First and last session index between which a halt of the company may lie."""
    end = company.last if company.last == sessions else company.last - NOTICE
    return company.first + MARGIN, end - MARGIN
