"""The sample market keeps the contract of providers, in all six regions."""

from __future__ import annotations

from adapter_contract import AdapterContract

from workbench.adapters import get
from workbench.adapters.base import Adapter
from workbench.settings import REGIONS


class TestSample(AdapterContract):
    regions = REGIONS

    def make(self) -> Adapter:
        return get("sample", size="tiny")


class TestSampleLongAgo(AdapterContract):
    """Asked on a day on which some companies are not yet listed and one stands still."""

    regions = ("US", "KR")
    window = 700

    def make(self) -> Adapter:
        return get("sample", size="tiny", today="2024-11-29")
