"""OpenDART: statements, share counts and dividends of Korean companies, with the dates they were filed."""

from __future__ import annotations

from workbench.adapters.dart.adapter import Dart

__all__ = ["Dart"]
