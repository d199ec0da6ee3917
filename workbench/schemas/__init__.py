"""The tables of the lake, declared once: columns, types, key and partition.

Adapters return frames of these columns, quality checks them, the lake stores them. A key column is
never null; any other column may be, unless it stands in ``required``.
"""

from __future__ import annotations

from workbench.schemas.collection import COLLECTION_TABLES
from workbench.schemas.market import ACTION_KINDS, MARKET_TABLES
from workbench.schemas.research import RESEARCH_TABLES, TECHNICALS, factor_scores
from workbench.schemas.table import INSTANT, Table

__all__ = ["ACTION_KINDS", "INSTANT", "TABLES", "TECHNICALS", "Table", "factor_scores"]

#: Every table by name; those of factor sets are declared by :func:`factor_scores`.
TABLES: dict[str, Table] = {table.name: table for table in (*MARKET_TABLES, *COLLECTION_TABLES, *RESEARCH_TABLES)}
