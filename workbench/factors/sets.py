"""A factor set: which factors, how they are made comparable, and how much each counts."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.errors import ConfigError
from workbench.factors import registry, transforms, windows
from workbench.factors.combination import Combination
from workbench.factors.supply import is_filed

#: Names of what is no factor set and has signals, tables or certificates under its name.
TAKEN = ("layered", "technicals", "all")
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
    neutralize : tuple of str
        Any of ``sector``, ``size`` and ``region``. Winsorized values are replaced by their residuals from a
        regression on dummies of the sector and on the log of the market capitalization, each region and
        date by itself, before they are scaled: :func:`workbench.factors.neutralize.neutralize`. Every score
        is relative to its region anyway; ``region`` takes the region's mean out of the composite as well,
        which differs from zero where names lack some of the factors.
    fill : str or None
        ``median`` gives a member without a value the median score of its region and date; the scores say how
        many were filled. None, as a rule, leaves it out: the weights of the others count for more.
    fill_days : int or None
        Days of the calendar for which the last figure of filings stands in for a missing one, 1 to 400. What a
        factor's rule forbids (book to price of a negative book) is not filled.
    combination : Combination
        How the composite is made of the scores; ``equal`` takes the weights of ``factors``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    factors: dict[Name, Annotated[float, Field(gt=0.0, le=100.0)]] = Field(min_length=1)
    transform: Literal["zscore", "rank"] = "zscore"
    winsorize: tuple[float, float] = (0.01, 0.99)
    min_names: int | None = Field(default=None, ge=2)
    neutralize: tuple[Literal["sector", "size", "region"], ...] = ()
    fill: Literal["median"] | None = None
    fill_days: int | None = Field(default=None, ge=1, le=400)
    combination: Combination = Combination()

    @model_validator(mode="after")
    def _quantiles_are_ordered(self) -> FactorSet:
        low, high = self.winsorize
        if not 0.0 <= low < high <= 1.0:
            raise ValueError(f"winsorize=({low}, {high}) must satisfy 0 <= lower < upper <= 1")
        return self

    @model_validator(mode="after")
    def _name_is_free(self) -> FactorSet:
        if self.name in TAKEN:
            raise ValueError(f"name={self.name} means something else; a set is none of {', '.join(TAKEN)}")
        return self

    @model_validator(mode="after")
    def _nothing_is_named_twice(self) -> FactorSet:
        if len(set(self.neutralize)) != len(self.neutralize):
            raise ValueError(f"neutralize={list(self.neutralize)} names something twice")
        return self

    @property
    def fewest_names(self) -> int:
        """The lower bound that holds for a row."""
        default = transforms.ZSCORE_MIN_NAMES if self.transform == "zscore" else transforms.RANK_MIN_NAMES
        return self.min_names if self.min_names is not None else default

    @property
    def lookback(self) -> int:
        """Sessions before a date that its scores may use: the longest look-back with that of filling, at least 21.

        Whether a stock has traded on the last 21 sessions decides whether it is scored.
        """
        return max(windows.CARRIED, *(registry.get(name).lookback + self.fills(name) for name in self.factors))

    def fills(self, name: str) -> int:
        """Days for which a factor's figures of filings may stand in for missing ones; 0 for factors without any."""
        return self.fill_days or 0 if any(map(is_filed, registry.get(name).needs)) else 0

    @property
    def needs(self) -> tuple[str, ...]:
        """Inputs that its factors and its neutralization need, each once."""
        extra = ("market_cap",) if "size" in self.neutralize else ()
        return tuple(dict.fromkeys((*(one for name in self.factors for one in registry.get(name).needs), *extra)))

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
        No factor at all, an unknown one, or one that is named twice.
    """
    twice = next((name for name in names if list(names).count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"Factor {twice} is named twice.", hint="Name it once; a FactorSet gives it more weight.")
    for name in names:
        registry.get(name)
    if not names:
        raise ConfigError("No factor is named.", hint=f"Name one or more of {', '.join(registry.names())}.")
    return FactorSet(name="unnamed", factors=dict.fromkeys(names, 1.0))
