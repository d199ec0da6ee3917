"""Machine code for loops over filings, where numba is there."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """The function compiled at its first call and kept beside its module; as it stands without numba.

    The compiled form joins the same numbers in the same order and gives the same bits. ``WORKBENCH_NUMBA=0``
    leaves functions as they stand.
    """
    if os.environ.get("WORKBENCH_NUMBA") == "0":
        return function
    try:
        from numba import njit
    except ImportError:
        return function
    try:
        fast: Function = njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError as error:
        # Numba's word for a machine on which it can keep no cache: each process would compile for itself.
        if "cannot cache" not in str(error):
            raise
        return function
    return fast
