"""How a score becomes a signal: thresholds by region, layers and their weights, and how hits are counted."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.settings import REGIONS

Layer = Literal["regime", "structure", "timing"]
LAYERS: tuple[Layer, ...] = get_args(Layer)

#: Components of each layer; what each one is stands in the module of the layer.
COMPONENTS: dict[Layer, tuple[str, ...]] = {
    "regime": ("index_trend", "breadth", "calmness", "advance_decline", "region_strength"),
    "structure": ("stage", "trend_200d", "near_high_52w", "breakout_55d"),
    "timing": ("relative_strength", "rsi_14", "macd", "volume"),
}

Weight = Annotated[float, Field(gt=0.0, le=100.0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Thresholds(_Strict):
    """From which score on a signal is BUY and WATCH; anything lower is AVOID.

    Attributes
    ----------
    buy, watch : float
        On the scale of 0 to 100, ``watch < buy``.
    """

    buy: float = Field(default=70.0, ge=0.0, le=100.0)
    watch: float = Field(default=50.0, ge=0.0, le=100.0)

    @model_validator(mode="after")
    def _are_ordered(self) -> Thresholds:
        if not self.watch < self.buy:
            raise ValueError(f"buy={self.buy:g} must be above watch={self.watch:g}")
        return self


class LayerRule(_Strict):
    """One layer of the layered score.

    Attributes
    ----------
    weight : float
        Of the layer in the score, above 0; the weights of the layers that are there count as 1.
    required : bool
        Without this layer there is no score. A layer that is not required and not there is left out.
    components : dict of str to float
        Weight of each component in the layer; one that is not named counts nothing.
    """

    weight: Weight
    required: bool = True
    components: dict[str, Weight] = Field(min_length=1)


class HitRule(_Strict):
    """How hits are counted.

    Attributes
    ----------
    horizon : int
        Sessions from the execution price (the close of the session after the signal) to the outcome.
    min_periods : int
        Fewest periods that do not overlap; below it the verdict is ``insufficient``.
    confidence : float
        Of the Wilson interval.
    """

    horizon: int = Field(default=21, ge=1, le=252)
    min_periods: int = Field(default=24, ge=2)
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)


def _layers() -> dict[Layer, LayerRule]:
    weights = {"regime": 0.25, "structure": 0.40, "timing": 0.35}
    return {
        layer: LayerRule(
            weight=weights[layer], required=layer != "regime", components=dict.fromkeys(COMPONENTS[layer], 1.0)
        )
        for layer in LAYERS
    }


class SignalRules(_Strict):
    """The rules of ``params/signals/<name>.yaml``.

    Attributes
    ----------
    name : str
        Small letters, digits and underscores.
    thresholds : Thresholds
        Of every region that has none of its own.
    regions : dict of str to Thresholds
        Thresholds of single regions.
    layers : dict of str to LayerRule
        ``regime``, ``structure`` and ``timing``.
    min_names : int
        Fewest names of a region and date for a percentile: confidence and relative strength.
    hits : HitRule
        How hits are counted.
    """

    name: str = Field(default="standard", pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    thresholds: Thresholds = Thresholds()
    regions: dict[str, Thresholds] = Field(default_factory=dict)
    layers: dict[Layer, LayerRule] = Field(default_factory=_layers)
    min_names: int = Field(default=30, ge=2)
    hits: HitRule = HitRule()

    @model_validator(mode="after")
    def _names_are_known(self) -> SignalRules:
        unknown = [region for region in self.regions if region not in REGIONS]
        if unknown:
            raise ValueError(f"regions names {unknown[0]!r}, which is none of {', '.join(REGIONS)}")
        if not any(rule.required for rule in self.layers.values()):
            raise ValueError("layers: at least one layer must be required")
        for layer, rule in self.layers.items():
            strange = [name for name in rule.components if name not in COMPONENTS[layer]]
            if strange:
                known = ", ".join(COMPONENTS[layer])
                raise ValueError(f"layers.{layer} has no component {strange[0]!r}; it has {known}")
        return self

    def of(self, region: str) -> Thresholds:
        """The thresholds of a region."""
        return self.regions.get(region, self.thresholds)
