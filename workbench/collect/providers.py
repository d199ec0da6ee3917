"""The provider that a notebook names, with the size of sample market that the lake holds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from workbench import adapters
from workbench.collect.chains import chain_for
from workbench.collect.mixing import SAMPLE

if TYPE_CHECKING:
    from workbench.adapters.base import Adapter
    from workbench.collect.chains import Chains
    from workbench.lake import Lake


#: Kinds of bad rows that the sample market shows on request: of each a few, none that empties a whole day.
DEFECTS = ("close_outside", "closed_day", "conflict", "duplicate", "high_below_low", "jump", "negative_price")


def provider_for(
    lake: Lake,
    region: str,
    name: str,
    *,
    sample_size: str = "",
    sample_today: str = "",
    sample_defects: bool = False,
    seed: int = 7,
) -> Adapter | Chains:
    """A provider by name, or the chain of the region, ready for :func:`workbench.collect.collect`.

    Parameters
    ----------
    lake : Lake
        What is to be collected into.
    region : str
        One of the six regions.
    name : str
        One of :func:`workbench.adapters.names`. Empty means the sample market in a lake that holds it, or where
        one of its options is given; elsewhere the order of ``params/collection/<region>.yaml``.
    sample_size : str
        ``tiny``, ``demo`` or ``full``, for the sample market only; empty means the variable
        ``WORKBENCH_SAMPLE``, without it the size that the lake holds, in an empty lake ``demo``.
    sample_today : str
        ISO day on which the sample market is asked, for the sample market only: later bars are not yet
        there, and prices corrected later are as they were. Empty means its last day.
    sample_defects : bool
        Plant a few bad rows of each kind of :data:`DEFECTS` among the bars of the sample market.
    seed : int
        Of the sample market.
    """
    wants_sample = bool(sample_size or sample_today or sample_defects or os.environ.get("WORKBENCH_SAMPLE"))
    if not name and (wants_sample or SAMPLE in lake.sources()):
        name = SAMPLE
    if not name:
        return chain_for(lake, region)
    if name != SAMPLE:
        return adapters.get(name)
    size = sample_size or os.environ.get("WORKBENCH_SAMPLE") or _held(lake, region) or "demo"
    options: dict[str, Any] = {"today": sample_today} if sample_today else {}
    if sample_defects:
        from workbench.adapters.sample import Misbehaviour

        options["misbehave"] = Misbehaviour(dirty=frozenset(DEFECTS))
    return adapters.get(name, size=size, seed=seed, **options)


def _held(lake: Lake, region: str) -> str | None:
    """The size of sample market whose number of codes the lake has for the region."""
    from workbench.adapters.sample.spec import SIZES

    codes = lake.read("tickers", region, columns=["ticker"])["ticker"].n_unique()
    return next((size for size, (numbers, _) in SIZES.items() if numbers[region] == codes), None)
