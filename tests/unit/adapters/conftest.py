from __future__ import annotations

from collections.abc import Callable

import pytest

from workbench.adapters.sample.market import RegionMarket, make_market
from workbench.adapters.sample.spec import SampleSpec


@pytest.fixture(scope="session")
def tiny() -> Callable[[str], RegionMarket]:
    """The tiny market of a region, made once."""
    made: dict[str, RegionMarket] = {}

    def market(region: str) -> RegionMarket:
        if region not in made:
            made[region] = make_market(SampleSpec("tiny"), region)
        return made[region]

    return market


@pytest.fixture(scope="session")
def demo() -> Callable[[str], RegionMarket]:
    """The demo market of a region, made once."""
    made: dict[str, RegionMarket] = {}

    def market(region: str) -> RegionMarket:
        if region not in made:
            made[region] = make_market(SampleSpec("demo"), region)
        return made[region]

    return market
