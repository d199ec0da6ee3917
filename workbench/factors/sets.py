"""A factor set: which factors, how they are made comparable, and how much each counts."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.errors import ConfigError
from workbench.factors import registry, transforms

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


class FactorSet(BaseModel):
    """Factors and their weights, as written in ``params/factors/<name>.yaml``.

    Attributes
    ----------
    name : str
        Small letters, digits and underscores; the table of its scores is ``factor_scores/<name>``.
    factors : dict of str to float
        Weight of each factor in the composite; above 0, since a factor's direction is its own matter.
    transform : str
        ``zscore`` or ``rank`` (percentile minus one half).
    winsorize : pair of float
        Quantiles to which each region and date is clipped before scaling.
    min_names : int or None
        Fewest names of a region and date; None takes 10 for z-scores and 30 for ranks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    factors: dict[Name, Annotated[float, Field(gt=0.0, le=100.0)]] = Field(min_length=1)
    transform: Literal["zscore", "rank"] = "zscore"
    winsorize: tuple[float, float] = (0.01, 0.99)
    min_names: int | None = Field(default=None, ge=2)

    @model_validator(mode="after")
    def _quantiles_are_ordered(self) -> FactorSet:
        low, high = self.winsorize
        if not 0.0 <= low < high <= 1.0:
            raise ValueError(f"winsorize=({low}, {high}) must satisfy 0 <= lower < upper <= 1")
        return self

    @property
    def fewest_names(self) -> int:
        """The lower bound that holds for a row."""
        default = transforms.ZSCORE_MIN_NAMES if self.transform == "zscore" else transforms.RANK_MIN_NAMES
        return self.min_names if self.min_names is not None else default

    @property
    def lookback(self) -> int:
        """The longest look-back of its factors, in sessions."""
        return max(registry.get(name).lookback for name in self.factors)

    @property
    def needs(self) -> tuple[str, ...]:
        """Panel fields that its factors need, each once."""
        return tuple(dict.fromkeys(field for name in self.factors for field in registry.get(name).needs))

    @property
    def content_hash(self) -> str:
        """Hash of the declaration and of the factors' code."""
        code = ",".join(registry.get(name).code_hash for name in sorted(self.factors))
        return hashlib.sha256(f"{self.model_dump_json()}|{code}".encode()).hexdigest()[:16]


def of(names: list[str] | tuple[str, ...]) -> FactorSet:
    """A set of these factors at equal weight, for use without a file.

    Raises
    ------
    ConfigError
        No factor at all.
    """
    if not names:
        raise ConfigError("No factor is named.", hint=f"Name one or more of {', '.join(registry.names())}.")
    return FactorSet(name="unnamed", factors=dict.fromkeys(names, 1.0))
