"""A strategy: what is believed, and how it becomes weights."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from workbench.errors import ConfigError
from workbench.factors import FactorSet, registry, sets
from workbench.lake.universe_rules import Universe
from workbench.settings import REGIONS
from workbench.studies import parameters

if TYPE_CHECKING:
    from pathlib import Path


class Selection(BaseModel):
    """Which of the scored names are held.

    Attributes
    ----------
    top_n : int
        Names a region, those with the highest composite score.
    max_share : float
        At most this share of the region's scored names, so that a small market still selects.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    top_n: int = Field(ge=1, le=1000)
    max_share: float = Field(default=1.0, gt=0.0, le=1.0)


class Strategy(BaseModel):
    """A strategy as written in ``params/strategies/<name>.yaml``.

    Attributes
    ----------
    name : str
        Small letters, digits and underscores.
    hypothesis : str
        What is believed, in one sentence. All trials of one hypothesis are counted together, so that a
        good result among many tries is read as one.
    regions : tuple of str
        Where it may be used; a study takes all of them, or some.
    universe : str, rules or None
        Name of an index whose members may be held, or the rules of a :class:`workbench.lake.Universe`, met on
        the date; None takes every listed stock.
    factors : dict of str to float
        Weight of each factor in the composite score.
    selection : Selection
        Who is held.
    weighting : str
        ``equal`` within a region; regions have equal parts.
    rebalance : str
        ``weekly``, ``monthly`` or ``quarterly``: decided on the last session of the period.
    execution : str
        ``next_close``: traded at the close of the region's next session.
    currency : str or None
        Of the accounts; None takes the local one for a single region and USD for several.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: sets.Name
    hypothesis: str = Field(min_length=3, max_length=300)
    regions: tuple[str, ...] = Field(default=REGIONS, min_length=1)
    universe: str | Universe | None = None
    factors: dict[sets.Name, Annotated[float, Field(gt=0.0, le=100.0)]] = Field(min_length=1)
    selection: Selection
    weighting: Literal["equal"] = "equal"
    rebalance: Literal["weekly", "monthly", "quarterly"] = "monthly"
    execution: Literal["next_close"] = "next_close"
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")

    @field_validator("universe", mode="before")
    @classmethod
    def _rules_are_known(cls, value: Any) -> Any:
        """Rules are read here, so that a wrong one is told as such and not as a text that it is not either."""
        try:
            return Universe(**value) if isinstance(value, dict) else value
        except ConfigError as error:
            raise ConfigError(f"universe: {error.message}", hint=error.hint) from None

    @field_validator("regions")
    @classmethod
    def _regions_are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [region for region in value if region not in REGIONS]
        if unknown or len(set(value)) != len(value):
            raise ValueError(f"regions must be different ones of {', '.join(REGIONS)}")
        return value

    @field_validator("factors")
    @classmethod
    def _factors_are_known(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = [name for name in value if name not in registry.names()]
        if unknown:
            raise ValueError(f"unknown factors {unknown}; known: {', '.join(registry.names())}")
        return value

    @classmethod
    def load(cls, name: str | Path) -> Strategy:
        """The strategy of ``params/strategies/<name>.yaml``, or of a file.

        Raises
        ------
        ConfigError
            With file, field and bound.

        Examples
        --------
        >>> wb.Strategy.load("momentum_top20").selection.top_n  # doctest: +SKIP
        20
        """
        return parameters.load(cls, "strategies", name)

    def replace(self, **changes: Any) -> Strategy:
        """The same strategy with other fields, checked anew."""
        return parameters.validate(Strategy, {**self.model_dump(), **changes}, self.name)

    @property
    def factor_set(self) -> FactorSet:
        """Its factors as a set."""
        return FactorSet(name=self.name, factors=self.factors)

    @property
    def content_hash(self) -> str:
        """Hash of every field that changes a result, and of the factors' code."""
        told = self.model_dump_json(exclude={"hypothesis"})
        return hashlib.sha256(f"{told}|{self.factor_set.content_hash}".encode()).hexdigest()[:16]
