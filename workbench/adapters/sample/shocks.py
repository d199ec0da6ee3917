"""Fat-tailed shocks whose variance clusters: Student t innovations in a GARCH(1,1) recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.adapters.sample.spec import SESSIONS_PER_YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.spec import Volatility

#: The variance never exceeds this multiple of its long-run level: one shock in a small market
#: shall not decide ten years of it.
VARIANCE_BOUND = 16.0


def student_t(generator: np.random.Generator, shape: tuple[int, ...], degrees: float) -> NDArray[np.float64]:
    """Student t numbers of unit variance.

    Parameters
    ----------
    generator : numpy.random.Generator
    shape : tuple of int
    degrees : float
        Degrees of freedom, above 2.
    """
    draws: NDArray[np.float64] = generator.standard_t(degrees, size=shape)
    draws *= np.sqrt((degrees - 2.0) / degrees)
    return draws


def next_variance(
    variance: NDArray[np.float64], shock: NDArray[np.float64], level: NDArray[np.float64], shape: Volatility
) -> NDArray[np.float64]:
    """One step of GARCH(1,1): (1 - a - b) level + a shock² + b variance, bounded above.

    Source: Bollerslev (1986), Generalized autoregressive conditional heteroskedasticity, equation 1.
    """
    omega = (1.0 - shape.arch - shape.garch) * level
    grown = omega + shape.arch * np.square(shock) + shape.garch * variance
    return np.minimum(grown, VARIANCE_BOUND * level)


def garch_path(
    generator: np.random.Generator, steps: int, annual: NDArray[np.float64], shape: Volatility
) -> NDArray[np.float64]:
    """Daily shocks of several independent series.

    Parameters
    ----------
    annual : (K,) float64
        Long-run volatility a year of each series (fraction).

    Returns
    -------
    (steps, K) float64
        Log returns a day.
    """
    level = np.square(annual) / SESSIONS_PER_YEAR
    draws = student_t(generator, (steps, len(annual)), shape.degrees_of_freedom)
    variance = level.copy()
    path = np.empty_like(draws)
    for step in range(steps):
        path[step] = np.sqrt(variance) * draws[step]
        variance = next_variance(variance, path[step], level, shape)
    return path
