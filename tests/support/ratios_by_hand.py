"""A factor of filings on one row of figures, for tests by hand."""

from __future__ import annotations

import numpy as np

from workbench import factors

NAN = float("nan")


def value(name, **given):
    """The factor on one row; what is not given is not filed."""
    factor = factors.get(name)
    count = len(next(iter(given.values())))
    arrays = {need: np.array([given.pop(need, [NAN] * count)], np.float64) for need in factor.needs}
    assert not given, f"{name} does not need {sorted(given)}"
    return factor(**arrays)[0]


def same(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-15)
