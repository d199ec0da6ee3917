"""Correlation of factors on scores that are copies, mirrors and strangers of each other."""

from __future__ import annotations

import numpy as np
import pytest

from workbench import research
from workbench.errors import ConfigError
from workbench.factors.scores import Labels, Scores

SESSIONS, NAMES = 120, 40


@pytest.fixture
def market(make_panel):
    rng = np.random.default_rng(3)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (SESSIONS, NAMES)), axis=0))
    panel = make_panel(close, tuple(f"KR:{number:02d}" for number in range(NAMES)))
    base, other = rng.normal(size=(2, SESSIONS, NAMES))
    base[rng.random(base.shape) < 0.1] = np.nan
    values = {"base": base, "stranger": other, "copy": base**3, "mirror": -base}
    labels = Labels(panel.dates, panel.tickers, panel.regions, {"KR": panel.sessions("KR")})
    return panel, Scores(labels, values, values)


def value(found, a, b):
    return found.matrix[found.names.index(a), found.names.index(b)]


def test_copies_mirrors_and_strangers(market):
    panel, scores = market
    for found in (research.factor_correlation(scores, every=1), research.return_correlation(scores, panel, holding=5)):
        assert value(found, "base", "copy") == pytest.approx(1.0)
        assert value(found, "base", "mirror") == pytest.approx(-1.0, abs=0.05)
        assert abs(value(found, "base", "stranger")) < 0.2
        assert found.matrix == pytest.approx(found.matrix.T)
        # the stranger stands at an end, not between two that belong together
        assert found.names.index("stranger") in (0, 3)
        near = found.near_duplicates()
        assert near.height == 3
        assert "stranger" not in {*near["a"], *near["b"]}


def test_a_date_by_hand(market):
    stats = pytest.importorskip("scipy.stats")
    _, scores = market
    full = {name: np.where(np.isnan(values), 0.0, values)[:1] for name, values in scores.values.items()}
    labels = Labels(
        scores.labels.dates[:1], scores.labels.tickers, scores.labels.regions, {"KR": np.ones(1, dtype=bool)}
    )
    found = research.factor_correlation(Scores(labels, full, full))
    theirs = stats.spearmanr(full["base"][0], full["stranger"][0]).statistic
    assert value(found, "base", "stranger") == pytest.approx(theirs)


def test_sessions_are_counted_on_which_both_are_held(market):
    """One factor ends and the other one begins later: they share what lies between."""
    panel, scores = market
    early, late = np.array(scores.values["stranger"]), np.array(scores.values["stranger"])
    early[100:], late[:20] = np.nan, np.nan
    both = {"a": early, "b": late}
    found = research.return_correlation(Scores(scores.labels, both, both), panel, holding=1)
    # a is held on rows 2 to 101, b from 22 on
    assert found.pairs["dates"].to_list() == [80]


def test_bounds(market):
    panel, scores = market
    with pytest.raises(ConfigError, match="60 dates of the scores are no rows"):
        research.return_correlation(scores, panel.until(panel.dates[59]))
    with pytest.raises(ConfigError, match="every=0"):
        research.factor_correlation(scores, every=0)
    alone = {"base": scores.values["base"]}
    with pytest.raises(ConfigError, match="two factors"):
        research.factor_correlation(Scores(scores.labels, alone, alone))
