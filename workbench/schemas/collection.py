"""What collection found: gaps, revisions, quarantine, agreement, and what was asked."""

from __future__ import annotations

from workbench.schemas.table import DAY, INSTANT, REAL, TEXT, WHOLE, YEARLY, Table

COLLECTION_TABLES = (
    Table(
        "gaps",
        {
            "region": TEXT,
            "ticker": TEXT,
            "start": DAY,
            "end": DAY,
            "reason": TEXT,
            "provider": TEXT,
            "detail": TEXT,
            "first_seen": INSTANT,
            "last_seen": INSTANT,
            "publish_id": TEXT,
        },
        key=("region", "ticker", "start"),
        date_column="start",
        required=("end", "reason"),
    ),
    Table(
        "revisions",
        {
            "region": TEXT,
            "ticker": TEXT,
            "date": DAY,
            "field": TEXT,
            "seen_at": INSTANT,
            "table": TEXT,
            "row_key": TEXT,
            "old": TEXT,
            "new": TEXT,
            "publish_id": TEXT,
        },
        key=("region", "table", "row_key", "field", "seen_at", "publish_id"),
        partition=YEARLY,
        date_column="date",
    ),
    Table(
        "quarantine",
        {
            "region": TEXT,
            "ticker": TEXT,
            "date": DAY,
            "seen_at": INSTANT,
            "table": TEXT,
            "row": TEXT,
            "reasons": TEXT,
            "source": TEXT,
            "publish_id": TEXT,
        },
        key=("region", "table", "ticker", "date", "row"),
        partition=YEARLY,
        date_column="date",
        required=("reasons", "source"),
    ),
    Table(
        "agreement",
        {
            "region": TEXT,
            "provider_a": TEXT,
            "provider_b": TEXT,
            "date": DAY,
            "rows": WHOLE,
            "differing": WHOLE,
            "largest_difference": REAL,
        },
        key=("region", "provider_a", "provider_b", "date"),
        date_column="date",
    ),
    Table(
        "coverage",
        {
            "region": TEXT,
            "table": TEXT,
            "ticker": TEXT,
            "provider": TEXT,
            "start": DAY,
            "end": DAY,
            "asked_at": INSTANT,
        },
        key=("region", "table", "ticker", "provider"),
        required=("start", "end"),
        keeps_revisions=False,
    ),
)
