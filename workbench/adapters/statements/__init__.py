"""Statements as providers file them: one table of items, and point-in-time rows of facts."""

from __future__ import annotations

from workbench.adapters.statements.derived import derive
from workbench.adapters.statements.facts import Fact, rows
from workbench.adapters.statements.items import Item, Items, table
from workbench.schemas.periods import period_of

__all__ = ["Fact", "Item", "Items", "derive", "period_of", "rows", "table"]
