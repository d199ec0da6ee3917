"""Compile the kernels into their cache: ``python -m workbench.factors.kernels``, done once by ``make setup``."""

from __future__ import annotations

import sys

from workbench.factors import kernels

if __name__ == "__main__" and kernels.compiled() is None:
    sys.stderr.write("The kernels are not compiled here; numpy gives the same numbers, several times slower.\n")
