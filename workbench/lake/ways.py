"""How a value of an item came about, where it is not what was filed."""

from __future__ import annotations

#: Kinds of values; 0 is one that was filed.
QUARTERS, STALE, MIXED = 1, 2, 3
#: What is said of each.
SAID = {
    QUARTERS: "are sums of four single quarters, where no year to date is filed",
    STALE: "are of the last fiscal year, since the periods after it do not make up twelve months",
    MIXED: "subtract a prior year to date that was restated after its fiscal year was filed",
}
