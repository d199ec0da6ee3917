"""Collection: plan what is missing, fetch it by the chain of providers, check it, publish it."""

from __future__ import annotations

from workbench.collect.absence import contradicted, to_ask_again, unexplained
from workbench.collect.chains import Chain, Chains, chain_for
from workbench.collect.collection import collect
from workbench.collect.cooldown import ask_again, put_aside
from workbench.collect.doctor import doctor
from workbench.collect.fetching import Pace
from workbench.collect.imports import Imported, import_files
from workbench.collect.mixing import guard_mixing
from workbench.collect.order import ORDER
from workbench.collect.providers import provider_for
from workbench.collect.result import Collected

__all__ = [
    "ORDER",
    "Chain",
    "Chains",
    "Collected",
    "Imported",
    "Pace",
    "ask_again",
    "chain_for",
    "collect",
    "contradicted",
    "doctor",
    "guard_mixing",
    "import_files",
    "provider_for",
    "put_aside",
    "to_ask_again",
    "unexplained",
]
