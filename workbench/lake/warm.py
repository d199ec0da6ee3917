"""Compile the code for filings into the cache beside it, so that no user waits: ``python -m workbench.lake.warm``."""

from __future__ import annotations

import numpy as np

from workbench.lake.filed import DAYS, Companies, Found, Nature, Rows, asked
from workbench.lake.filings import walk


def compile_all() -> int:
    """Work out one figure of one filing; returns the number of steps."""
    rows = Rows(np.array([[0, 0, 0, -1, 0]], np.int64), np.ones(1))
    none = np.zeros(2, np.int64)
    companies = Companies(np.array([0, 1], np.int64), np.array([-1], np.int64), none, np.empty((0, 2)))
    questions = asked([(True, 0)], by_day=False)
    return walk(rows, companies, Nature(0, True, False, 550), questions, 0, DAYS, Found.room(2))


if __name__ == "__main__":
    compile_all()
