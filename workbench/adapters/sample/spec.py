"""What the sample market is made of: size, seed, dates, volatilities and style premia."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from zlib import crc32

import numpy as np

from workbench.errors import ConfigError
from workbench.settings import REGIONS

WORLD_END = date(2025, 12, 30)
SESSIONS_PER_YEAR = 252

#: Tickers a region and default years of each size.
SIZES: dict[str, tuple[dict[str, int], int]] = {
    "tiny": (dict.fromkeys(REGIONS, 20), 3),
    "demo": (dict.fromkeys(REGIONS, 150), 6),
    "full": ({"KR": 2758, "US": 3000, "CN": 1500, "HK": 800, "JP": 700, "VN": 150}, 10),
}


@dataclass(frozen=True)
class Premia:
    """Expected return a year for one cross-sectional standard deviation of each style (fractions).

    The others held fixed, in the cross-section of the listed companies, the failing ones included.

    Attributes
    ----------
    momentum : float
        Log return of the sessions t-252 to t-21.
    value : float
        Log book value over market value.
    quality : float
        Latent profitability, which drives return on equity and gross profit.
    low_volatility : float
        Minus the log of the long-run specific volatility.
    size : float
        Minus the log of market value.
    """

    momentum: float = 0.09
    value: float = 0.06
    quality: float = 0.05
    low_volatility: float = 0.04
    size: float = 0.02


@dataclass(frozen=True)
class Volatility:
    """Annual volatilities (fractions) and the shape of shocks.

    Attributes
    ----------
    world, sector : float
        Of the world factor and of each region's sector factors. Each region's own factor has its
        volatility in :mod:`workbench.adapters.sample.profiles`.
    specific : float
        Median over companies of the company-specific part.
    dispersion : float
        Standard deviation of the log of that over companies.
    arch, garch : float
        Weights of the last squared shock and of the last variance; their sum is below one.
    degrees_of_freedom : float
        Of the Student t shocks; smaller is fatter.
    """

    world: float = 0.11
    sector: float = 0.06
    specific: float = 0.26
    dispersion: float = 0.25
    arch: float = 0.09
    garch: float = 0.89
    degrees_of_freedom: float = 5.0


@dataclass(frozen=True)
class Rates:
    """How often things happen, a company and year (fractions).

    Every region has at least one event of each kind, however small the market.
    """

    acquired: float = 0.008
    failed: float = 0.006
    reused: float = 0.0008
    listed: float = 0.03
    halted: float = 0.03
    split: float = 0.02
    sector_change: float = 0.004
    corrected: float = 0.05
    restated: float = 0.12


@dataclass(frozen=True)
class SampleSpec:
    """Everything a sample market depends on; equal specs make equal markets, to the bit.

    Attributes
    ----------
    size : str
        ``tiny`` (20 tickers a region, 3 years), ``demo`` (150, 6 years) or ``full`` (8,908 tickers,
        10 years).
    seed : int
        Not negative.
    years : int or None
        Years of history; None takes the size's default.
    end : date
        Last day of the world.
    premia, volatility, rates
        Parameters of the return process and of the events.

    Raises
    ------
    ConfigError
        On an unknown size, a negative seed, or years outside 2 to 30.
    """

    size: str = "demo"
    seed: int = 7
    years: int | None = None
    end: date = WORLD_END
    premia: Premia = field(default_factory=Premia)
    volatility: Volatility = field(default_factory=Volatility)
    rates: Rates = field(default_factory=Rates)

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise ConfigError(
                f"The sample market has no size {self.size!r}.", hint=f"Choose one of {', '.join(SIZES)}."
            )
        if self.seed < 0:
            raise ConfigError(f"The sample seed {self.seed} is negative.", hint="Give 0 or a positive integer.")
        if not 2 <= self.length <= 30:
            raise ConfigError(
                f"The sample market cannot span {self.length} years.", hint="Give years between 2 and 30."
            )

    @property
    def length(self) -> int:
        """Years of history."""
        return SIZES[self.size][1] if self.years is None else self.years

    @property
    def start(self) -> date:
        """First calendar day of the world; each region starts on its first session from there."""
        year = self.end.year - self.length
        leap_day = (self.end.month, self.end.day) == (2, 29)
        return date(year, 3, 1) if leap_day else self.end.replace(year=year)

    def tickers(self, region: str) -> int:
        """Number of different codes in ``region``, delisted ones included."""
        return SIZES[self.size][0][region]

    def generator(self, *purpose: str) -> np.random.Generator:
        """The random numbers of one purpose, the same in every process."""
        words = [crc32(word.encode()) for word in purpose]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, *words])))
