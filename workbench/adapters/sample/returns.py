"""Latent log returns: factors, clustered fat-tailed shocks, style premia and the ends of companies.

The expected return of a company at a session depends on what it is at the previous close: its
momentum, its value, its quality, its size and its risk. A factor that measures one of these from
prices and filings therefore has something to find.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.adapters.sample.companies import NOTICE
from workbench.adapters.sample.profiles import SECTORS, profile
from workbench.adapters.sample.shocks import garch_path, next_variance, student_t
from workbench.adapters.sample.spec import SESSIONS_PER_YEAR, Premia
from workbench.adapters.sample.timeline import WARMUP
from workbench.adapters.sample.world import make_world

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.companies import Company
    from workbench.adapters.sample.spec import SampleSpec
    from workbench.adapters.sample.timeline import Timeline

REGION_DRIFT = 0.02
MOMENTUM_WINDOW, MOMENTUM_SKIP = SESSIONS_PER_YEAR, 21
TAKEOVER_PREMIUM = 0.25
#: Log drift a session of a company on its way to bankruptcy.
DECLINE = -0.03
#: Standard scores are cut here, so that an outlier does not earn an outlier's premium.
SCORE_BOUND = 3.0
#: Latent moves stay this fraction inside the daily limit, which leaves room for rounding to ticks.
INSIDE_LIMIT = 0.97


@dataclass(frozen=True)
class Traits:
    """What a company is, all (N,) float64.

    Attributes
    ----------
    beta : market response.
    specific : annual volatility of the specific part (fraction).
    log_value : log of market value in USD at the first session.
    log_book_to_market : at the start of the warm-up.
    """

    beta: NDArray[np.float64]
    specific: NDArray[np.float64]
    log_value: NDArray[np.float64]
    log_book_to_market: NDArray[np.float64]


@dataclass(frozen=True)
class Surroundings:
    """What bears on the returns from outside the loop.

    Attributes
    ----------
    market : (E,) float64
        World and region factor.
    sectors : (E, 11) float64
    log_book, quality : (K, N) float64
        Growth of book value a share since the first step, and latent quality, by quarter.
    quarter : (E,) int64
        Row of those two that holds at each step.
    limit : (E, B) float64
        Widest move of a day (fraction) by board.
    board : (N,) int64
        Column of ``limit`` for each company.
    halted : (T, N) bool
    """

    market: NDArray[np.float64]
    sectors: NDArray[np.float64]
    log_book: NDArray[np.float64]
    quality: NDArray[np.float64]
    quarter: NDArray[np.int64]
    limit: NDArray[np.float64]
    board: NDArray[np.int64]
    halted: NDArray[np.bool_]


def make_traits(spec: SampleSpec, region: str, count: int) -> Traits:
    """Draw the traits of ``count`` companies."""
    generator = spec.generator(region, "traits")
    volatility = spec.volatility
    return Traits(
        beta=np.clip(generator.normal(1.0, 0.25, count), 0.3, 2.0),
        specific=volatility.specific * np.exp(np.clip(generator.normal(0.0, volatility.dispersion, count), -0.6, 0.6)),
        log_value=np.log(profile(region).market_value_usd) + generator.normal(0.0, 1.4, count),
        log_book_to_market=generator.normal(np.log(0.6), 0.55, count),
    )


def factor_returns(spec: SampleSpec, region: str, line: Timeline) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Market factor (E,) and sector factors (E, 11), log returns a session."""
    generator = spec.generator(region, "factors")
    annual = np.array([profile(region).volatility, *[spec.volatility.sector] * len(SECTORS)])
    own = garch_path(generator, len(line.steps), annual, spec.volatility)
    market = make_world(spec).returns(line.steps) + own[:, 0] + REGION_DRIFT / SESSIONS_PER_YEAR
    return market, own[:, 1:]


def standard_score(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross-sectional standard score, cut at three; zeros where all values are equal."""
    spread = values.std()
    if spread < 1e-12:
        return np.zeros_like(values)
    score: NDArray[np.float64] = np.clip((values - values.mean()) / spread, -SCORE_BOUND, SCORE_BOUND)
    return score


def latent_path(
    spec: SampleSpec, region: str, companies: list[Company], traits: Traits, around: Surroundings
) -> NDArray[np.float64]:
    """Cumulative latent log return with dividends, (E, N) float64; row 0 is the first warm-up step."""
    steps, count = len(around.market), len(companies)
    draws = student_t(spec.generator(region, "specific"), (steps, count), spec.volatility.degrees_of_freedom)
    sector = np.array([list(SECTORS).index(company.sector) for company in companies])
    level = np.square(traits.specific) / SESSIONS_PER_YEAR
    variance, path = level.copy(), np.zeros((steps, count))
    calm = -0.5 * (level + np.square(profile(region).volatility * traits.beta) / SESSIONS_PER_YEAR)
    low_volatility = standard_score(-np.log(traits.specific))
    fates = _Fates.of(companies, len(around.halted))
    for step in range(1, steps):
        shock = np.sqrt(variance) * draws[step]
        variance = next_variance(variance, shock, level, spec.volatility)
        styles = _style_return(spec.premia, path, step, around, traits, low_volatility)
        move = traits.beta * around.market[step] + around.sectors[step][sector] + shock + calm + styles
        move = fates.bend(move, step - WARMUP)
        if step >= WARMUP:
            move[around.halted[step - WARMUP]] = 0.0
        widest = INSIDE_LIMIT * around.limit[step][around.board]
        path[step] = path[step - 1] + np.clip(move, np.log1p(-widest), np.log1p(widest))
    return path


def _style_return(
    premia: Premia,
    path: NDArray[np.float64],
    step: int,
    around: Surroundings,
    traits: Traits,
    low_volatility: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Expected log return of one session from the styles at the previous step, (N,)."""
    last, quarter = path[step - 1], around.quarter[step - 1]
    past = path[max(step - 1 - MOMENTUM_SKIP, 0)] - path[max(step - 1 - MOMENTUM_WINDOW, 0)]
    book_to_market = traits.log_book_to_market + around.log_book[quarter] - last
    annual: NDArray[np.float64] = (
        premia.momentum * standard_score(past)
        + premia.value * standard_score(book_to_market)
        + premia.quality * around.quality[quarter]
        + premia.low_volatility * low_volatility
        + premia.size * standard_score(-(traits.log_value + last))
    )
    return annual / SESSIONS_PER_YEAR


@dataclass(frozen=True)
class _Fates:
    """Session indices from which a company's end shows in its returns, (N,) int64; T where never."""

    announced: NDArray[np.int64]
    declining: NDArray[np.int64]

    @classmethod
    def of(cls, companies: list[Company], never: int) -> _Fates:
        announced = [company.last - NOTICE if company.bought else never for company in companies]
        declining = [company.last - NOTICE if company.failed else never for company in companies]
        return cls(np.array(announced), np.array(declining))

    def bend(self, move: NDArray[np.float64], session: int) -> NDArray[np.float64]:
        """A target jumps when its takeover is announced and stands still after; a failure declines."""
        move = np.where(session > self.announced, 0.05 * move, move)
        move = np.where(session == self.announced, move + np.log1p(TAKEOVER_PREMIUM), move)
        return np.where(session >= self.declining, 1.5 * move + DECLINE, move)
