"""Models of trees that foretell a stock's standing among its region's stocks from its scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import ConfigError, NotEnoughHistory
from workbench.factors import transforms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.factors.combination import Combination
    from workbench.research.combine.sample import Sample

    Array = NDArray[np.float64]
    Rows = NDArray[np.intp]

#: Fewest training dates and fewest stocks on dates of a model.
MIN_DATES = 12
MIN_OBSERVATIONS = 500
#: Rows on which a model's use of its features is looked at.
_PROBED = 2000


class Learned:
    """A fitted model.

    Parameters
    ----------
    sample : Sample
    rows : array of int
        Training rows, purged.
    spec : Combination
        ``random_forest``, ``gradient_boosting`` or ``xgboost``, with size and seed.
    min_names : int
        Fewest names of a date.

    Attributes
    ----------
    dates, observations : int
        Dates, and stocks on dates, that were learnt from.
    weights : dict of str to float
        Share of the fit by permutation: how much of it is lost where a feature is shuffled.

    Raises
    ------
    NotEnoughHistory
        Fewer than 12 dates or 500 stocks on dates.

    Notes
    -----
    The label is the percentile of the return over the horizon among the region's scored stocks of the
    date, minus one half: what a market did as a whole is no label. A missing score stays missing (the
    trees learn on which side of a split it belongs); a stock with fewer than half of the scores neither
    trains nor is foretold. Fitted and asked in one thread with a fixed seed, so that a replay finds the
    same numbers.
    """

    def __init__(self, sample: Sample, rows: Rows, spec: Combination, min_names: int) -> None:
        columns = sample.known(rows)
        taken = rows[:: spec.stride]
        features = stacked(sample, taken, columns)
        enough = scored(features)
        forward = np.where(enough, sample.forward[np.ix_(taken, columns)], np.nan)
        label = transforms.percentile(forward, min_names) - 0.5
        used = ~np.isnan(label)
        self.dates, self.observations = int(used.any(axis=1).sum()), int(used.sum())
        if self.dates < MIN_DATES or self.observations < MIN_OBSERVATIONS:
            raise NotEnoughHistory(
                f"{sample.region} has {self.observations} stocks on {self.dates} dates to learn from between "
                f"{sample.dates[rows[0]]} and {sample.dates[rows[-1]]}; {MIN_OBSERVATIONS} on {MIN_DATES} are needed.",
                hint="Take a longer `train`, a smaller `every`, or factors with more history.",
            )
        x, y = features[used], label[used]
        self._seen = ~np.isnan(x).all(axis=0)
        self._model = _model(spec)
        with one_thread():
            self._model.fit(x[:, self._seen], y)
            self.weights = dict(zip(sample.scores.names, self._shares(x, y, spec.seed).tolist(), strict=True))

    def foretell(self, features: Array) -> Array:
        """Expected standing, (R, N), of stocks with features (R, N, K); NaN with fewer than half of them."""
        enough = scored(features)
        result = np.full(enough.shape, np.nan)
        if enough.any():
            with one_thread():
                result[enough] = self._model.predict(features[enough][:, self._seen])
        return result

    def _shares(self, x: Array, y: Array, seed: int) -> Array:
        """Loss of fit by shuffling one feature at a time, as shares of the whole; features never seen have 0."""
        rng = np.random.default_rng(seed)
        probe = rng.choice(len(x), min(len(x), _PROBED), replace=False)
        known, aim = x[probe][:, self._seen], y[probe]
        shuffled = np.repeat(known[None], known.shape[1] + 1, axis=0)
        for number in range(known.shape[1]):
            shuffled[number, :, number] = rng.permutation(known[:, number])
        told = self._model.predict(shuffled.reshape(-1, known.shape[1])).reshape(shuffled.shape[:2])
        errors = ((told - aim) ** 2).mean(axis=1)
        lost = np.maximum(errors[:-1] - errors[-1], 0.0)
        shares = np.zeros(x.shape[1])
        shares[self._seen] = lost / lost.sum() if lost.any() else 1.0 / len(lost)
        return shares


def stacked(sample: Sample, rows: Rows, columns: Rows) -> Array:
    """Scores of all factors, (R, N, K)."""
    return np.stack([sample.score(name, rows, columns) for name in sample.scores.names], axis=-1)


def scored(features: Array) -> NDArray[np.bool_]:
    """Stocks with at least half of the features, (R, N): the rule of the weighted composite."""
    enough: NDArray[np.bool_] = 2 * (~np.isnan(features)).sum(axis=-1) >= features.shape[-1]
    return enough


def check_installed(method: str) -> None:
    """See that the library of a method is there.

    Raises
    ------
    ConfigError
        XGBoost is an extra.
    """
    if method == "xgboost":
        _xgboost()


def _xgboost() -> Any:
    try:
        import xgboost
    except ImportError as error:
        raise ConfigError(
            "method='xgboost' needs the package xgboost, which is not installed.",
            hint="Run pip install 'spock-workbench[xgboost]', or choose gradient_boosting.",
        ) from error
    return xgboost


def _model(spec: Combination) -> Any:
    if spec.method == "random_forest":
        from sklearn.ensemble import RandomForestRegressor

        return RandomForestRegressor(
            n_estimators=spec.trees,
            max_depth=spec.depth,
            min_samples_leaf=spec.min_leaf,
            max_features=1 / 3,
            max_samples=0.5,
            n_jobs=1,
            random_state=spec.seed,
        )
    if spec.method == "gradient_boosting":
        from sklearn.ensemble import HistGradientBoostingRegressor

        return HistGradientBoostingRegressor(
            max_iter=spec.trees,
            max_depth=spec.depth,
            min_samples_leaf=spec.min_leaf,
            learning_rate=spec.learning_rate,
            early_stopping=False,
            random_state=spec.seed,
        )
    return _xgboost().XGBRegressor(
        n_estimators=spec.trees,
        max_depth=spec.depth,
        min_child_weight=spec.min_leaf,
        learning_rate=spec.learning_rate,
        tree_method="hist",
        n_jobs=1,
        random_state=spec.seed,
    )


def one_thread() -> Any:
    """Sums of several threads are rounded in the order in which they end."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)
