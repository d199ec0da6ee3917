"""From a factor's own values to scores: winsorize, neutralize, scale, fill; one region at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.factors import inputs, transforms
from workbench.factors.neutralize import Codes, neutralize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.factors.sets import FactorSet
    from workbench.factors.supply import Masks, Slice


@dataclass(frozen=True)
class Scaling:
    """What a set does to the values of one region, with what it needs beside them.

    Attributes
    ----------
    chosen : FactorSet
    member : (t, n) bool array or None
        Names that may be filled; None where nothing is filled.
    sectors : (t, n) int array or None
        For neutralization.
    size : (t, n) array or None
        Log of the market capitalization, for neutralization.
    """

    chosen: FactorSet
    member: NDArray[np.bool_] | None
    sectors: Codes | None
    size: NDArray[np.float64] | None

    @classmethod
    def of(cls, chosen: FactorSet, part: Slice, masks: Masks, kept: slice) -> Scaling:
        """The one of a region, cut to the rows that are kept."""
        sectors = masks.sectors[kept] if "sector" in chosen.neutralize and masks.sectors is not None else None
        size = None
        if "size" in chosen.neutralize:
            value = inputs.load("market_cap", part.panel, part.rows, part.columns)[kept]
            size = np.log(np.where(value > 0.0, value, np.nan))
        return cls(chosen, masks.member[kept] if chosen.fill else None, sectors, size)

    def score(
        self, values: NDArray[np.float64], direction: int, rows: slice = slice(None), *, clip: bool = True
    ) -> tuple[NDArray[np.float64], int]:
        """Scores of some rows, and how many of them were filled in; ``clip=False`` leaves winsorizing out.

        Notes
        -----
        Timing: row t uses row t only, and no other's score moves by a bit where a column without values is
        added or left out.
        """
        chosen = self.chosen
        turned = np.ascontiguousarray(values) if direction > 0 else -values
        clipped = clip and chosen.winsorize != (0.0, 1.0)
        residual = self.sectors is not None or self.size is not None
        if clipped and not residual and chosen.transform == "zscore":
            scores = transforms.winsorized_zscore(turned, *chosen.winsorize, chosen.fewest_names)
            return self._filled(scores, rows)
        if clipped:
            turned = transforms.winsorize(turned, *chosen.winsorize)
        if residual:
            groups = None if self.sectors is None else self.sectors[rows]
            turned = neutralize(turned, groups, None if self.size is None else self.size[rows])
        if chosen.transform == "zscore":
            return self._filled(transforms.zscore(turned, chosen.fewest_names), rows)
        return self._filled(transforms.percentile(turned, chosen.fewest_names) - 0.5, rows)

    def _filled(self, scores: NDArray[np.float64], rows: slice) -> tuple[NDArray[np.float64], int]:
        return (scores, 0) if self.member is None else transforms.fill_median(scores, self.member[rows])
