"""What a portfolio must satisfy, and whether that can be satisfied at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workbench.errors import ConfigError, Infeasible

if TYPE_CHECKING:
    from collections.abc import Mapping


class Constraints(BaseModel):
    """Bounds of a fully invested, long-only portfolio.

    Attributes
    ----------
    min_weight, max_weight : float
        Of every asset, fractions, ``0 <= min_weight <= max_weight <= 1``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_weight: float = Field(default=0.0, ge=0.0, le=1.0)
    max_weight: float = Field(default=1.0, gt=0.0, le=1.0)

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> Constraints:
        if self.min_weight > self.max_weight:
            raise ValueError(f"min_weight={self.min_weight} is above max_weight={self.max_weight}")
        return self

    @classmethod
    def of(cls, given: Mapping[str, float] | Constraints | None) -> Constraints:
        """Constraints from a mapping of names to bounds.

        Raises
        ------
        ConfigError
            An unknown constraint, or a bound out of its range.
        """
        if isinstance(given, Constraints):
            return given
        try:
            return cls.model_validate(dict(given or {}))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "constraints"
            raise ConfigError(
                f"constraints: {field}: {first['msg']} (got {first['input']!r}).",
                hint=f"Known constraints: {', '.join(cls.model_fields)}.",
            ) from error

    def check(self, assets: int) -> None:
        """Refuse bounds that no portfolio of this many assets can meet.

        Raises
        ------
        Infeasible
            With the conflict, and the nearest bound that would do.
        """
        if assets * self.max_weight < 1.0 - 1e-12:
            least = math.ceil(1e6 / assets) / 1e6
            raise Infeasible(
                f"{assets} assets of at most max_weight={self.max_weight} reach {assets * self.max_weight:.4g}, not 1.",
                hint=f"Raise max_weight to at least {least:.6g}, or take more assets.",
                least_max_weight=least,
                assets=assets,
            )
        if assets * self.min_weight > 1.0 + 1e-12:
            most = math.floor(1e6 / assets) / 1e6
            raise Infeasible(
                f"{assets} assets of at least min_weight={self.min_weight} need {assets * self.min_weight:.4g}, "
                "more than 1.",
                hint=f"Lower min_weight to at most {most:.6g}, or take fewer assets.",
                most_min_weight=most,
                assets=assets,
            )
