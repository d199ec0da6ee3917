"""Lengths of reporting periods: what the column ``period`` of ``fundamentals`` means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

#: Balance-sheet dates and other instants.
INSTANT = "I"
#: Days that a period may last, both included. A quarter has 12 to 17 weeks (retailers have one of 16 or 17), a
#: year 52 or 53 weeks or 12 months; what lies between the ranges is a stub period.
LENGTHS = {"Q": (75, 120), "6M": (160, 205), "9M": (245, 295), "FY": (350, 380)}


def period_of(start: date | None, end: date) -> str | None:
    """``Q``, ``6M``, ``9M`` or ``FY`` by length in days; ``I`` without a start; None for any other length."""
    return INSTANT if start is None else of_length((end - start).days + 1)


def of_length(days: int) -> str | None:
    """The period that lasts so many days, None where none does."""
    return next((name for name, (least, most) in LENGTHS.items() if least <= days <= most), None)
