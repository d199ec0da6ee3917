"""Latent log returns: factors, clustered fat-tailed shocks, style premia and the ends of companies.

The expected return of a company at a session depends on what it is at the previous close: its
momentum, its value, its quality, its size and its risk. A factor that measures one of these from
prices and filings therefore has something to find.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
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
#: What one failure a company and year takes from a standard deviation of each style, in the order of Premia, by the
#: decline and by proceeds of about a sixth of the last price: slopes of these losses on the styles in 36 markets.
TAKEN_BY_FAILURES = (-1.59, 2.40, 0.48, 1.03, 0.55)
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


def standard_score(values: NDArray[np.float64], among: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Standard score in the cross-section of the companies in ``among``, cut at three; zeros where all are equal."""
    inside = values[among]
    spread = inside.std() if len(inside) else 0.0
    if spread < 1e-12:
        return np.zeros_like(values)
    score: NDArray[np.float64] = np.clip((values - inside.mean()) / spread, -SCORE_BOUND, SCORE_BOUND)
    return score


def latent_path(
    spec: SampleSpec, region: str, companies: list[Company], traits: Traits, around: Surroundings
) -> NDArray[np.float64]:
    """Cumulative latent log return with dividends, (E, N) float64; row 0 is the first warm-up step."""
    steps, count = len(around.market), len(companies)
    draws = student_t(spec.generator(region, "specific"), (steps, count), spec.volatility.degrees_of_freedom)
    sector = np.array([list(SECTORS).index(company.sector) for company in companies])
    level = np.square(traits.specific) / SESSIONS_PER_YEAR
    variance, path, owed = level.copy(), np.zeros((steps, count)), np.zeros(count)
    calm = -0.5 * (level + np.square(profile(region).volatility * traits.beta) / SESSIONS_PER_YEAR)
    first, last = (np.array([getattr(company, end) for company in companies]) for end in ("first", "last"))
    fates, premia = _Fates.of(companies, len(around.halted)), paid_premia(spec.premia, companies, len(around.halted))
    for step in range(1, steps):
        session = step - WARMUP
        shock = np.sqrt(variance) * draws[step]
        variance = next_variance(variance, shock, level, spec.volatility)
        listed = (first < max(session, 1)) & (session < last)
        styles = (style_scores(path, step, around, traits, listed) * premia).sum(axis=1) / SESSIONS_PER_YEAR
        move = traits.beta * around.market[step] + around.sectors[step][sector] + shock + calm + styles
        move = fates.bend(move, session) + owed
        if session >= 0:
            move[around.halted[session]] = 0.0
        widest = np.log1p(INSIDE_LIMIT * around.limit[step][around.board])
        inside = np.where(session < last, np.clip(move, -widest, widest), 0.0)
        path[step] = path[step - 1] + inside
        # ``calm`` took half the variance off; what a limit takes of that variance is owed to the company, else
        # the volatile ones, which hit it more often, would earn less in markets with narrow limits.
        owed = 0.5 * (np.square(move) - np.square(inside))
    return path


def paid_premia(premia: Premia, companies: list[Company], sessions: int) -> NDArray[np.float64]:
    """What a standard deviation of each style earns a year in a company that does not fail, (5,) log returns.

    A failing company is cheap, small and a loser while it declines and when it ends, so that its losses are those
    of these styles. They are paid back here: failures included, each style earns what :class:`Premia` says.
    """
    failures = sum(company.failed for company in companies) * SESSIONS_PER_YEAR / (len(companies) * sessions)
    plain = np.array([getattr(premia, field.name) for field in fields(premia)])
    paid: NDArray[np.float64] = plain + failures * np.array(TAKEN_BY_FAILURES)
    return paid


def style_scores(
    path: NDArray[np.float64], step: int, around: Surroundings, traits: Traits, listed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What each company is at the previous step, in standard deviations of the listed ones.

    Returns
    -------
    (N, 5) float64
        In the order of :class:`~workbench.adapters.sample.spec.Premia`.
    """
    last, quarter = path[step - 1], around.quarter[step - 1]
    styles = (
        path[max(step - 1 - MOMENTUM_SKIP, 0)] - path[max(step - 1 - MOMENTUM_WINDOW, 0)],
        traits.log_book_to_market + around.log_book[quarter] - last,
        around.quality[quarter],
        -np.log(traits.specific),
        -(traits.log_value + last),
    )
    return np.column_stack([standard_score(values, listed) for values in styles])


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
