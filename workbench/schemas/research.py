"""What research made of it: technical indicators, scores, signals, trials, results, holdings."""

from __future__ import annotations

import polars as pl

from workbench.schemas.table import DAY, INSTANT, REAL, TEXT, YEARLY, Table

#: Columns of the table ``technicals``, in the order in which they are worked out.
TECHNICALS = (
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
)

RESEARCH_TABLES = (
    Table(
        "technicals",
        {
            "region": TEXT,
            "ticker": TEXT,
            "date": DAY,
            **dict.fromkeys(TECHNICALS, REAL),
        },
        key=("region", "ticker", "date"),
        partition=YEARLY,
        date_column="date",
        keeps_revisions=False,
    ),
    Table(
        "signals",
        {
            "region": TEXT,
            "ticker": TEXT,
            "date": DAY,
            "set": TEXT,
            "score": REAL,
            "signal": TEXT,
            "confidence": REAL,
            "layers": TEXT,
        },
        key=("region", "ticker", "date", "set"),
        partition=YEARLY,
        date_column="date",
        required=("score", "signal"),
        values={"signal": ("BUY", "WATCH", "AVOID")},
        keeps_revisions=False,
    ),
    Table(
        "trials",
        {
            "id": TEXT,
            "recorded_at": INSTANT,
            "hypothesis": TEXT,
            "strategy": TEXT,
            "strategy_hash": TEXT,
            "parameters": TEXT,
            "universe": TEXT,
            "snapshot": TEXT,
            "start": DAY,
            "end": DAY,
            "engine": TEXT,
            "status": TEXT,
            "statistics": TEXT,
            "returns": pl.List(pl.Float64()),
        },
        key=("id",),
        partition=(),
        required=("recorded_at", "hypothesis", "status"),
    ),
    Table(
        "backtest_results",
        {
            "id": TEXT,
            "date": DAY,
            "equity": REAL,
            "cash": REAL,
            "turnover": REAL,
            "cost": REAL,
        },
        key=("id", "date"),
        partition=(),
        date_column="date",
    ),
    Table(
        "holdings",
        {
            "id": TEXT,
            "date": DAY,
            "region": TEXT,
            "ticker": TEXT,
            "weight": REAL,
            "shares": REAL,
            "price": REAL,
            "currency": TEXT,
        },
        key=("id", "date", "region", "ticker"),
        partition=(),
        date_column="date",
    ),
)


def factor_scores(factor_set: str, factors: tuple[str, ...]) -> Table:
    """The table of one factor set: the definition's hash, a float32 column a factor, and the composite.

    Scores are made from the lake and can be made again: what changed is in the versions of the table, and
    ``revisions`` does not repeat it value by value.

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
        {"region": TEXT, "ticker": TEXT, "date": DAY, "definition": TEXT, **scores},
        key=("region", "ticker", "date"),
        partition=YEARLY,
        date_column="date",
        keeps_revisions=False,
    )
