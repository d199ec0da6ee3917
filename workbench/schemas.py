"""The tables of the lake, declared once: columns, types, key and partition.

Adapters return frames of these columns, quality checks them, the lake stores them. A key column is
never null; any other column may be, unless it stands in ``required``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

INSTANT = pl.Datetime("us", "UTC")
#: What can change a share's price besides trading.
ACTION_KINDS = (
    "split",
    "dividend",
    "rights",
    "bonus",
    "spin_off",
    "merger",
    "consolidation",
    "delisting_proceeds",
)


@dataclass(frozen=True)
class Table:
    """One table of the lake.

    Attributes
    ----------
    name : str
        Name in SQL and the folder below the lake's root.
    columns : mapping of str to polars data type
        Every column in order, the key first. Partition column ``year`` is derived from ``date_column``
        and is not listed.
    key : tuple of str
        Columns that identify a row.
    partition : tuple of str
        Partition folders, outermost first.
    date_column : str or None
        The column a publish is bounded by and ``year`` is taken from.
    required : tuple of str
        Further columns that may not be null.
    values : mapping of str to tuple of str
        The only values that some columns may hold: readers look for exactly these, and would pass by another.
    keeps_revisions : bool
        Whether a changed row is noted in ``revisions``; not where change is all the table is for.
    """

    name: str
    columns: Mapping[str, pl.DataType]
    key: tuple[str, ...]
    partition: tuple[str, ...] = ("region",)
    date_column: str | None = None
    required: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keeps_revisions: bool = True

    @property
    def by_region(self) -> bool:
        """True where rows belong to one region."""
        return "region" in self.partition

    def empty(self) -> pl.DataFrame:
        """A frame of the table's columns without rows."""
        return pl.DataFrame(schema=dict(self.columns))


_TEXT, _REAL, _WHOLE, _DAY, _FLAG = pl.String(), pl.Float64(), pl.Int64(), pl.Date(), pl.Boolean()
_YEARLY = ("region", "year")


def _tables(*tables: Table) -> dict[str, Table]:
    return {table.name: table for table in tables}


TABLES: dict[str, Table] = _tables(
    Table(
        "tickers",
        {
            "region": _TEXT,
            "ticker": _TEXT,
            "spell": _WHOLE,
            "name": _TEXT,
            "exchange": _TEXT,
            "currency": _TEXT,
            "asset_type": _TEXT,
            "issuer_id": _TEXT,
            "share_class": _TEXT,
            "depositary_ratio": _REAL,
            "listed_date": _DAY,
            "delisted_date": _DAY,
            "delisting_reason": _TEXT,
            "successor": _TEXT,
            "source": _TEXT,
        },
        key=("region", "ticker", "spell"),
        required=("currency", "source"),
    ),
    Table(
        "attributes",
        {
            "region": _TEXT,
            "ticker": _TEXT,
            "kind": _TEXT,
            "valid_from": _DAY,
            "value": _TEXT,
            "valid_to": _DAY,
            "source": _TEXT,
        },
        key=("region", "ticker", "kind", "valid_from"),
        required=("value", "source"),
    ),
    Table(
        "shares",
        {
            "region": _TEXT,
            "ticker": _TEXT,
            "date": _DAY,
            "available_date": _DAY,
            "shares_outstanding": _REAL,
            "basis": _TEXT,
            "source": _TEXT,
        },
        key=("region", "ticker", "date", "available_date"),
        date_column="date",
        required=("shares_outstanding", "source"),
    ),
    Table(
        "ohlcv",
        {
            "region": _TEXT,
            "ticker": _TEXT,
            "timeframe": _TEXT,
            "date": _DAY,
            "open": _REAL,
            "high": _REAL,
            "low": _REAL,
            "close": _REAL,
            "volume": _REAL,
            "turnover": _REAL,
            "adjusted": _TEXT,
            "source": _TEXT,
            "collected_at": INSTANT,
        },
        key=("region", "ticker", "timeframe", "date"),
        partition=_YEARLY,
        date_column="date",
        required=("close", "adjusted", "source", "collected_at"),
        values={"timeframe": ("D",), "adjusted": ("none", "split", "total")},
    ),
    Table(
        "actions",
        {
            "region": _TEXT,
            "ticker": _TEXT,
            "ex_date": _DAY,
            "kind": _TEXT,
            "value": _REAL,
            "currency": _TEXT,
            "source": _TEXT,
        },
        key=("region", "ticker", "ex_date", "kind"),
        date_column="ex_date",
        required=("value", "source"),
        values={"kind": ACTION_KINDS},
    ),
    Table(
        "fundamentals",
        {
            "region": _TEXT,
            "ticker": _TEXT,
            "period_end": _DAY,
            "period": _TEXT,
            "item": _TEXT,
            "available_date": _DAY,
            "filing_id": _TEXT,
            "value": _REAL,
            "currency": _TEXT,
            "period_start": _DAY,
            "vintage": _WHOLE,
            "source": _TEXT,
        },
        key=("region", "ticker", "period_end", "period", "item", "available_date", "filing_id"),
        date_column="period_end",
        required=("value", "source"),
    ),
    Table(
        "fx",
        {"currency": _TEXT, "date": _DAY, "usd_per_unit": _REAL, "fixed_at": INSTANT, "source": _TEXT},
        key=("currency", "date"),
        partition=("currency",),
        date_column="date",
        required=("usd_per_unit", "fixed_at", "source"),
    ),
    Table(
        "indexes",
        {"index": _TEXT, "date": _DAY, "level": _REAL, "currency": _TEXT, "source": _TEXT},
        key=("index", "date"),
        partition=("index",),
        date_column="date",
        required=("level", "source"),
    ),
    Table(
        "memberships",
        {"index": _TEXT, "ticker": _TEXT, "valid_from": _DAY, "valid_to": _DAY, "source": _TEXT},
        key=("index", "ticker", "valid_from"),
        partition=("index",),
        required=("source",),
    ),
    Table(
        "technicals",
        {
            "region": _TEXT,
            "ticker": _TEXT,
            "date": _DAY,
            **dict.fromkeys(
                (
                    "ma5",
                    "ma20",
                    "ma60",
                    "ma120",
                    "ma200",
                    "rsi_14",
                    "macd",
                    "macd_signal",
                    "macd_hist",
                    "bb_upper",
                    "bb_middle",
                    "bb_lower",
                    "atr_14",
                ),
                _REAL,
            ),
        },
        key=("region", "ticker", "date"),
        partition=_YEARLY,
        date_column="date",
    ),
    Table(
        "signals",
        {
            "region": _TEXT,
            "ticker": _TEXT,
            "date": _DAY,
            "set": _TEXT,
            "score": _REAL,
            "signal": _TEXT,
            "confidence": _REAL,
            "layers": _TEXT,
        },
        key=("region", "ticker", "date", "set"),
        partition=_YEARLY,
        date_column="date",
        required=("score", "signal"),
    ),
    Table(
        "gaps",
        {
            "region": _TEXT,
            "ticker": _TEXT,
            "start": _DAY,
            "end": _DAY,
            "reason": _TEXT,
            "provider": _TEXT,
            "detail": _TEXT,
            "first_seen": INSTANT,
            "last_seen": INSTANT,
            "publish_id": _TEXT,
        },
        key=("region", "ticker", "start"),
        date_column="start",
        required=("end", "reason"),
    ),
    Table(
        "coverage",
        {
            "region": _TEXT,
            "table": _TEXT,
            "ticker": _TEXT,
            "provider": _TEXT,
            "start": _DAY,
            "end": _DAY,
            "asked_at": INSTANT,
        },
        key=("region", "table", "ticker", "provider"),
        required=("start", "end"),
        keeps_revisions=False,
    ),
    Table(
        "revisions",
        {
            "region": _TEXT,
            "ticker": _TEXT,
            "date": _DAY,
            "field": _TEXT,
            "seen_at": INSTANT,
            "table": _TEXT,
            "row_key": _TEXT,
            "old": _TEXT,
            "new": _TEXT,
            "publish_id": _TEXT,
        },
        key=("region", "table", "row_key", "field", "seen_at", "publish_id"),
        partition=_YEARLY,
        date_column="date",
    ),
    Table(
        "quarantine",
        {
            "region": _TEXT,
            "ticker": _TEXT,
            "date": _DAY,
            "seen_at": INSTANT,
            "table": _TEXT,
            "row": _TEXT,
            "reasons": _TEXT,
            "source": _TEXT,
            "publish_id": _TEXT,
        },
        key=("region", "table", "ticker", "date", "row"),
        partition=_YEARLY,
        date_column="date",
        required=("reasons", "source"),
    ),
    Table(
        "agreement",
        {
            "region": _TEXT,
            "provider_a": _TEXT,
            "provider_b": _TEXT,
            "date": _DAY,
            "rows": _WHOLE,
            "differing": _WHOLE,
            "largest_difference": _REAL,
        },
        key=("region", "provider_a", "provider_b", "date"),
        date_column="date",
    ),
    Table(
        "trials",
        {
            "id": _TEXT,
            "recorded_at": INSTANT,
            "hypothesis": _TEXT,
            "strategy": _TEXT,
            "strategy_hash": _TEXT,
            "parameters": _TEXT,
            "universe": _TEXT,
            "snapshot": _TEXT,
            "start": _DAY,
            "end": _DAY,
            "engine": _TEXT,
            "status": _TEXT,
            "statistics": _TEXT,
            "returns": pl.List(pl.Float64()),
        },
        key=("id",),
        partition=(),
        required=("recorded_at", "hypothesis", "status"),
    ),
    Table(
        "backtest_results",
        {
            "id": _TEXT,
            "date": _DAY,
            "equity": _REAL,
            "cash": _REAL,
            "turnover": _REAL,
            "cost": _REAL,
        },
        key=("id", "date"),
        partition=(),
        date_column="date",
    ),
    Table(
        "holdings",
        {
            "id": _TEXT,
            "date": _DAY,
            "region": _TEXT,
            "ticker": _TEXT,
            "weight": _REAL,
            "shares": _REAL,
            "price": _REAL,
            "currency": _TEXT,
        },
        key=("id", "date", "region", "ticker"),
        partition=(),
        date_column="date",
    ),
)


def factor_scores(factor_set: str, factors: tuple[str, ...]) -> Table:
    """The table of one factor set: a float32 column a factor, and the composite.

    Parameters
    ----------
    factor_set : str
        Name of the set; the table is ``factor_scores/<factor_set>``.
    factors : tuple of str
        Factor names, which become columns.
    """
    scores = dict.fromkeys((*factors, "composite"), pl.Float32())
    return Table(
        f"factor_scores/{factor_set}",
        {"region": _TEXT, "ticker": _TEXT, "date": _DAY, **scores},
        key=("region", "ticker", "date"),
        partition=_YEARLY,
        date_column="date",
    )
