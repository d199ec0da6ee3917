"""What a long-short return consists of: a regression on given factor returns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError
from workbench.research.longshort import SESSIONS

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: A mean size of daily returns above this can only be percentages.
_LARGEST_DAILY = 0.05
_FEWEST = 60


def exposure(returns: pl.DataFrame, factors: pl.DataFrame, lags: int | None = None) -> pl.DataFrame:
    """Regress a return on factor returns of the same dates, with Newey-West standard errors.

    Parameters
    ----------
    returns : polars.DataFrame
        date and one column of daily returns, fractions.
    factors : polars.DataFrame
        date and one numeric column a factor: daily returns as fractions, in excess of cash where they are not
        long-short themselves. Each date stands once.
    lags : int, optional
        Of the Bartlett kernel; ``floor(4 (n / 100)^(2/9))`` by default.

    Returns
    -------
    polars.DataFrame
        term (``alpha``, then the factors), estimate (alpha: fraction a session), per_year (alpha times 252; null for
        the slopes), standard_error, t, r2, dates. No row where fewer than 60 dates are common to both, or the
        factors are linearly dependent.

    Raises
    ------
    ConfigError
        No date column, no factor, a date that stands twice, or factors that look like percentages.

    References
    ----------
    Newey and West (1987), Econometrica 55(3); the number of lags as in Newey and West (1994).
    """
    import polars as pl

    names = _names(factors)
    value = next(name for name in returns.columns if name != "date")
    known = factors.select(pl.col("date").cast(pl.Date), *(pl.col(name).cast(pl.Float64) for name in names))
    both = returns.select("date", pl.col(value).alias("_own")).join(known, on="date").sort("date")
    matrix = both.select("_own", *names).to_numpy()
    matrix = matrix[np.isfinite(matrix).all(axis=1)]
    n = len(matrix)
    found: list[tuple[str, float, float | None, float, float, float, int]] = []
    design = np.column_stack([np.ones(n), matrix[:, 1:]])
    if n >= max(_FEWEST, 3 * len(names)) and np.linalg.matrix_rank(design) == design.shape[1]:
        chosen = math.floor(4.0 * (n / 100.0) ** (2.0 / 9.0)) if lags is None else lags
        slopes, errors, r2 = ols(matrix[:, 0], design, chosen)
        for term, slope, error in zip(("alpha", *names), slopes, errors, strict=True):
            yearly = float(slope) * SESSIONS if term == "alpha" else None
            found.append((term, float(slope), yearly, float(error), float(slope / error), r2, n))
    kinds = {"estimate": pl.Float64, "per_year": pl.Float64, "standard_error": pl.Float64, "t": pl.Float64}
    return pl.DataFrame(found, schema={"term": pl.String, **kinds, "r2": pl.Float64, "dates": pl.Int64}, orient="row")


def ols(y: Array, design: Array, lags: int) -> tuple[Array, Array, float]:
    """Least squares with Newey-West standard errors.

    Parameters
    ----------
    y : (n,) array
    design : (n, k) array
        With its column of ones.
    lags : int
        0 gives White's errors.

    Returns
    -------
    slopes, errors : (k,) arrays
        Without a correction for small samples.
    r2 : float
        Share of the variance explained.
    """
    inverse = np.linalg.inv(design.T @ design)
    slopes = inverse @ (design.T @ y)
    rest = y - design @ slopes
    moments = design * rest[:, None]
    middle = moments.T @ moments
    for lag in range(1, min(lags, len(y) - 1) + 1):
        part = moments[lag:].T @ moments[:-lag]
        middle += (1.0 - lag / (lags + 1.0)) * (part + part.T)
    variance = np.diag(inverse @ middle @ inverse)
    total = float(((y - y.mean()) ** 2).sum())
    return slopes, np.sqrt(np.maximum(variance, 0.0)), 1.0 - float(rest @ rest) / total if total > 0.0 else math.nan


def _names(factors: pl.DataFrame) -> list[str]:
    names = [name for name, kind in factors.schema.items() if name != "date" and kind.is_numeric()]
    if "date" not in factors.columns or not names:
        raise ConfigError(
            f"Factor returns need a column date and a numeric one a factor; these have {', '.join(factors.columns)}.",
            hint="Rename the columns, and give daily returns as fractions.",
        )
    twice = factors.height - factors["date"].n_unique()
    if twice:
        raise ConfigError(
            f"{twice} dates of the factor returns stand more than once.",
            hint="Give one row a date, or a column region beside it.",
        )
    for name in names:
        size = factors[name].abs().median()
        if isinstance(size, float) and size > _LARGEST_DAILY:
            raise ConfigError(
                f"The daily returns of {name} are {size:.2f} in the middle: these are percentages.",
                hint="Divide them by 100, or read the file with percent=True (in the notebook: in_percent=true).",
            )
    return names
