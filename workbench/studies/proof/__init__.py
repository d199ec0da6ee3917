"""The leak prover: results are built again in worlds with another future, and nothing that stood may move."""

from __future__ import annotations

from workbench.studies.proof.certify import certificate
from workbench.studies.proof.findings import Certificate, Finding, Proof
from workbench.studies.proof.prover import prove

__all__ = ["Certificate", "Finding", "Proof", "certificate", "prove"]
