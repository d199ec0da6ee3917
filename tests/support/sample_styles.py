"""What a sample market pays for its styles, from its arrays: without a lake, so that many seeds are quick."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from workbench import factors
from workbench.adapters.sample import market as sample
from workbench.adapters.sample import returns
from workbench.adapters.sample.spec import SESSIONS_PER_YEAR, Premia, SampleSpec
from workbench.adapters.sample.timeline import WARMUP
from workbench.lake import Lake
from workbench.lake.panel import Panel
from workbench.research import forward_returns
from workbench.research.fama_macbeth import Premium, fama_macbeth, slopes

STYLES = tuple(field.name for field in fields(Premia))
#: Of the last price, what the holders of a failed company get on average.
MEAN_PROCEEDS = 0.16
NOTHING = Premia(*[0.0] * len(STYLES))
#: The registered factor that measures each style.
MEASURES = {
    "momentum": "momentum_12m_1m",
    "value": "book_to_price",
    "quality": "roe",
    "low_volatility": "volatility_252d",
    "size": "log_market_cap",
}


@dataclass(frozen=True)
class Latent:
    """One region: (S, N) returns of the next session, and the scores by style as the premia mean them."""

    forward: np.ndarray
    scores: dict[str, np.ndarray]

    def premia(self) -> dict[str, Premium]:
        return fama_macbeth(self.forward, self.scores)


def latent(spec: SampleSpec, region: str) -> Latent:
    """Scores at each close and simple returns of the next session; NaN where a company is not listed.

    The last return of a company that failed is that to its proceeds, at their mean.
    """
    draft = sample._draft(spec, region)
    around = sample._surroundings(draft)
    path = returns.latent_path(spec, region, draft.companies, draft.traits, around)
    first, last = (np.array([getattr(one, end) for one in draft.companies]) for end in ("first", "last"))
    sessions = np.arange(1, len(draft.line.sessions))
    listed = (first < sessions[:, None]) & (sessions[:, None] < last)
    scores = np.array(
        [
            returns.style_scores(path, WARMUP + session, around, draft.traits, there)
            for session, there in zip(sessions, listed, strict=True)
        ]
    )
    forward = np.where(listed, np.expm1(np.diff(path[WARMUP:], axis=0)), np.nan)
    failed = np.array([one.failed for one in draft.companies])
    forward[failed & (sessions[:, None] == last)] = MEAN_PROCEEDS - 1.0
    return Latent(forward, {style: scores[:, :, number] for number, style in enumerate(STYLES)})


def a_year(premium: Premium) -> tuple[float, float, float]:
    """Mean and interval of daily slopes as returns a year."""
    return tuple(SESSIONS_PER_YEAR * value for value in (premium.mean, premium.low, premium.high))


@dataclass(frozen=True)
class Measured:
    """One region of a lake of the sample market, by our own factors.

    Attributes
    ----------
    earned : by style, what the factor earned a session, the others held fixed.
    meant : by style, what the generator meant it to earn a year: the slope of its expected returns on the factors.
    """

    earned: dict[str, Premium]
    meant: dict[str, float]


def measured(lake: Lake, spec: SampleSpec, region: str) -> Measured:
    """Premia of the registered factors, scored in the usual way, with returns from the next close on."""
    scores = factors.compute(list(MEASURES.values()), lake, region)
    panel = lake.panel(region, fields=("close",))
    # Scores are standard scores that have their factor's direction already: a high one is hoped to be good.
    exposures = {style: scores[name].values for style, name in MEASURES.items()}
    expected = _expected(spec, region, panel)
    forward = forward_returns(panel, 1)
    meant = slopes(np.where(np.isnan(forward), np.nan, expected), exposures)
    earned = fama_macbeth(forward, exposures)
    return Measured(earned, {style: float(np.nanmean(meant[:, n])) for n, style in enumerate(exposures)})


def _expected(spec: SampleSpec, region: str, panel: Panel) -> np.ndarray:
    """Expected return a year of each column by its styles, (T, N) on the panel's rows; NaN where not listed."""
    draft = sample._draft(spec, region)
    labels = [f"{region}:{one.code}" + (f"#{one.spell}" if one.spell > 1 else "") for one in draft.companies]
    place = {label: number for number, label in enumerate(labels)}
    premia = returns.paid_premia(spec.premia, draft.companies, len(draft.line.sessions))
    scores = latent(spec, region).scores
    styles = sum(scores[style] * paid for style, paid in zip(STYLES, premia, strict=True))
    result = np.full(panel.shape, np.nan)
    # Row k of the scores is known at the close of session k, and so is row k of the panel.
    result[: len(styles)] = styles[:, [place[label] for label in panel.tickers]]
    return result
