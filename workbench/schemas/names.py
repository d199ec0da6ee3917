"""How items are written: ``revenue``, ``revenue_ttm``, ``revenue_ttm_prior``, ``total_assets_lag2``."""

from __future__ import annotations

import re
from typing import NamedTuple

from workbench.errors import DataError

TTM = "_ttm"
#: Quarters in a year, and the most that one may ask back.
_YEAR, _MOST = 4, 40
_WRITTEN = re.compile(r"(?P<base>.+?)(?P<ttm>_ttm)?(?:_prior(?P<years>\d*)|_lag(?P<quarters>\d+))?")
_MISPLACED = re.compile(r"_(prior|lag)\d*(_|$)|_ttm_")
_HINT = "Write item, item_ttm, item_prior, item_ttm_prior (a year before), item_ttm_prior2 or item_ttm_lag3 (quarters)."


class Wanted(NamedTuple):
    """What a name asks for: the item as filed, over twelve months or not, so many quarters before the newest."""

    base: str
    trailing: bool
    back: int

    @property
    def suffix(self) -> str:
        """The rest of the name, in its usual form."""
        years, rest = divmod(self.back, _YEAR)
        back = f"_lag{self.back}" if rest else f"_prior{years if years > 1 else ''}" if years else ""
        return f"{TTM if self.trailing else ''}{back}"

    @property
    def now(self) -> str:
        """The same figure of the newest period."""
        return f"{self.base}{TTM if self.trailing else ''}"


def parse(name: str) -> Wanted:
    """The parts of a name.

    Parameters
    ----------
    name : str
        ``<item>[_ttm][_prior[K] | _lagK]``: ``_prior`` is the period that ended a year before the newest
        known one, ``_prior2`` two years, ``_lagK`` K quarters, up to 40.

    Raises
    ------
    DataError
        For parts in another order, and for a lag of nothing or of more than 40 quarters.
    """
    found = _WRITTEN.fullmatch(name)
    base = found["base"] if found else ""
    if found is None or _MISPLACED.search(base):
        raise DataError(f"The item {name!r} is written in another order.", hint=_HINT, item=name)
    years, quarters = found["years"], found["quarters"]
    back = int(quarters) if quarters else 0 if years is None else _YEAR * int(years or 1)
    if (not back and (years is not None or quarters)) or back > _MOST:
        raise DataError(
            f"The item {name!r} asks {back} quarters back; 1 to {_MOST} are possible.", hint=_HINT, item=name
        )
    return Wanted(base, found["ttm"] is not None, back)
