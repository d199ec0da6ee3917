"""A strategy: what is believed, and how it becomes weights."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from workbench.errors import ConfigError
from workbench.factors import FactorSet, registry, sets
from workbench.factors.combination import Combination  # noqa: TC001 - pydantic reads it
from workbench.lake.universe_rules import Universe
from workbench.settings import REGIONS
from workbench.studies import parameters, scoring

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
    factors : dict of str to float, or None
        Weight of each factor in the composite score, with the transforms a set has by default. Either this
        or ``factor_set`` is written.
    factor_set : FactorSet
        What is scored, and how. Written as the name of a set in ``params/factors/``; in code also a
        :class:`workbench.factors.FactorSet`. Where ``factors`` are written it is made of them.
    combination : Combination or None
        How scores become the composite; None takes what the set says (fixed weights for ``factors``).
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
    factors: dict[sets.Name, Annotated[float, Field(gt=0.0, le=100.0)]] | None = Field(default=None, min_length=1)
    factor_set: FactorSet = Field(default=None)  # type: ignore[assignment]  # made of `factors` after validation
    combination: Combination | None = None
    selection: Selection
    weighting: Literal["equal"] = "equal"
    rebalance: Literal["weekly", "monthly", "quarterly"] = "monthly"
    execution: Literal["next_close"] = "next_close"
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")

    @model_validator(mode="before")
    @classmethod
    def _either_factors_or_a_set(cls, data: Any) -> Any:
        """One of both is written; a strategy that was made of factors carries their set with it."""
        if not isinstance(data, dict):
            return data
        listed, named = data.get("factors") is not None, data.get("factor_set")
        if listed and isinstance(named, dict) and set(named.get("factors", ())) == set(data["factors"]):
            return {field: value for field, value in data.items() if field != "factor_set"}
        if listed == (named is not None):
            both = "both are" if listed else "none is"
            raise ConfigError(
                f"A strategy is scored by `factors` or by a `factor_set`: {both} written.",
                hint="Write `factors` with a weight each, or the name of a set in params/factors.",
            )
        return data

    @field_validator("factor_set", mode="before")
    @classmethod
    def _sets_are_named(cls, value: Any) -> Any:
        return scoring.load_factor_set(value) if isinstance(value, str) else value

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
    def _factors_are_known(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        unknown = [name for name in value or () if name not in registry.names()]
        if unknown:
            raise ValueError(f"unknown factors {unknown}; known: {', '.join(registry.names())}")
        return value

    @model_validator(mode="after")
    def _set_is_complete(self) -> Strategy:
        chosen = FactorSet(name=self.name, factors=self.factors) if self.factors else self.factor_set
        for name in chosen.factors:
            registry.get(name)
        if self.combination is not None:
            chosen = chosen.model_copy(update={"combination": self.combination})
        self.__dict__["factor_set"] = chosen
        return self

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
        """The same strategy with other fields, checked anew.

        Other ``factors`` take the place of a set, and another ``factor_set`` that of factors.
        """
        kept = self.model_dump()
        for given, other in (("factors", "factor_set"), ("factor_set", "factors")):
            if given in changes:
                kept.pop(other)
        return parameters.validate(Strategy, {**kept, **changes}, self.name)

    @property
    def content_hash(self) -> str:
        """Hash of every field that changes a result, and of the factors' code."""
        told = self.model_dump_json(exclude={"hypothesis"})
        return hashlib.sha256(f"{told}|{self.factor_set.content_hash}".encode()).hexdigest()[:16]
