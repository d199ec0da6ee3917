"""The sample market: six invented regions from a seed, the workbench's embedded default."""

from workbench.adapters.sample.adapter import Sample
from workbench.adapters.sample.misbehave import Misbehaviour
from workbench.adapters.sample.spec import WORLD_END, Premia, Rates, SampleSpec, Volatility

__all__ = ["WORLD_END", "Misbehaviour", "Premia", "Rates", "Sample", "SampleSpec", "Volatility"]
