"""Studies: the only place where a strategy meets data, and the only way to a reported number."""

from __future__ import annotations

from workbench.studies.allocation import allocate, last_date, select
from workbench.studies.missing import missing
from workbench.studies.proof import Certificate, Finding, Proof, certificate, prove
from workbench.studies.reference import factor_returns
from workbench.studies.result import UNPROVEN, Result
from workbench.studies.scoring import load_factor_set, score
from workbench.studies.signalling import load_rules, named, region_series, signal, technicals, written
from workbench.studies.strategy import Selection, Strategy
from workbench.studies.study import backtest

__all__ = [
    "UNPROVEN",
    "Certificate",
    "Finding",
    "Proof",
    "Result",
    "Selection",
    "Strategy",
    "allocate",
    "backtest",
    "certificate",
    "factor_returns",
    "last_date",
    "load_factor_set",
    "load_rules",
    "missing",
    "named",
    "prove",
    "region_series",
    "score",
    "select",
    "signal",
    "technicals",
    "written",
]
