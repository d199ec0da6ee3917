"""Splits and reverse splits: where they fall, and the factors they leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.adapters.sample.companies import NOTICE
from workbench.adapters.sample.profiles import profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.companies import Company
    from workbench.adapters.sample.spec import SampleSpec

#: Sessions kept free of splits after a first bar and before a last one.
MARGIN = 25


def split_ratios(
    spec: SampleSpec, region: str, companies: list[Company], price: NDArray[np.float64], blocked: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """New shares for one old share on the ex date, 1 elsewhere, (T, N).

    Parameters
    ----------
    price : (T, N) float64
        Price before any split. Dear shares are split, cheap ones consolidated: each region has at
        least two splits and one reverse split.
    blocked : (T, N) bool
        Days on which no split may fall: halts and dividends.
    """
    generator = spec.generator(region, "splits")
    habits, sessions = profile(region), len(price)
    ratios = np.ones_like(price)
    level = price.copy()
    opens, closes = _rooms(companies, sessions)
    wanted = max(6, round(spec.rates.split * len(companies) * spec.length))
    for turn, session in enumerate(np.sort(generator.integers(MARGIN, sessions - MARGIN, wanted))):
        candidates = np.flatnonzero((opens <= session) & (session < closes) & ~blocked[session])
        if not len(candidates):
            continue
        reverse = turn % 4 == 1
        # Of a few candidates the most extreme price is taken: plausible levels, yet not always the same.
        drawn = generator.permutation(candidates)[: max(4, len(candidates) // 20)]
        pick = np.argmin(level[session, drawn]) if reverse else np.argmax(level[session, drawn])
        choices = habits.reverse_splits if reverse else habits.splits
        ratio = choices[int(generator.integers(len(choices)))]
        ratios[session, drawn[pick]] = ratio
        level[session:, drawn[pick]] /= ratio
    return ratios


def _rooms(companies: list[Company], sessions: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First session and session after the last one on which each company may split, (N,) each."""
    opens = np.array([company.first + MARGIN for company in companies])
    lasts = np.array([company.last if company.last == sessions else company.last - NOTICE for company in companies])
    return opens, lasts - MARGIN
