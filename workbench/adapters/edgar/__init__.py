"""SEC EDGAR: statements, share counts and industries of US filers, delisted ones too, as they were filed."""

from __future__ import annotations

from workbench.adapters.edgar.adapter import Edgar

__all__ = ["Edgar"]
