"""A list of tickers into the lake: spells, attributes, memberships, share counts, and the gaps of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import settings
from workbench.adapters.files.mapping import MEMBER, NO_DATE, currency_of
from workbench.adapters.files.reading import ended_by
from workbench.collect import absence
from workbench.collect.imported_attributes import attribute_rows, publish_attributes
from workbench.collect.imported_records import named
from workbench.collect.imported_rows import Task, odd_codes, settle, usable_from
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection

    from workbench.adapters.files.reading import SourceFiles, Window
    from workbench.collect.imports import Account
    from workbench.collect.job import Progress
    from workbench.lake import Lake

#: Reason of an end that a file shows by its silence alone.
ENDED = "ended"
_KEY = ["region", "ticker", "spell"]
_DAYS = ("listed_date", "delisted_date")
#: Columns that a specification may state for all tickers at once.
_STATED = ("asset_type", "currency")


def import_listings(lake: Lake, files: SourceFiles, account: Account, progress: Progress) -> None:
    """Import a list of tickers; see ``import_files``."""
    task, window = Task(lake, files, account), files.whole()
    progress(f"import {files.spec.source}", 0, files.rows)
    rows = _checked(task, window.mapped)
    fine = rows.filter(pl.col("reasons").is_null())
    spells = _spells(task, fine)
    good, bad, repeated = settle(_tickers(task, spells), "tickers")
    task.superseded("earlier name", fine.height - spells.height)
    task.superseded("repeated row", repeated)
    wrong = pl.concat(
        [one.select("row", "ticker", "reasons") for one in (rows.filter(pl.col("reasons").is_not_null()), bad)]
    )
    task.quarantined(wrong)
    account.published += good.height
    weak = [name for name in _STATED if name not in files.spec.columns]
    task.land("tickers", merged(lake, task.region, good, weak), named(wrong, "tickers"), window)
    kept = spells.join(good.select("row"), on="row", how="semi")
    _beside(task, kept, window)
    explain_rest(lake, task.region, files.spec.source, "listed, and no file has a row")
    progress(f"import {files.spec.source}", files.rows, files.rows)


def _checked(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the reason why one cannot be taken."""
    days = [name for name in ("listed_date", "delisted_date", "first_seen", "last_seen") if name in rows.columns]
    unread = pl.any_horizontal(
        pl.lit(value=False), *((pl.col(name) == NO_DATE).fill_null(value=False) for name in days)
    )
    missing = pl.col("ticker").is_null() | unread
    pairs = [("listed_date", "delisted_date"), ("first_seen", "last_seen")]
    backwards = [pl.col(last) < pl.col(first) for first, last in pairs if {first, last} <= set(rows.columns)]
    wrong = pl.any_horizontal(pl.lit(value=False), *(one.fill_null(value=False) for one in backwards))
    return rows.with_columns(
        reasons=pl.coalesce(
            odd_codes(task, rows),
            pl.when(missing).then(pl.lit("missing_value")),
            pl.when(wrong).then(pl.lit("unknown_period")),
        )
    )


def _spells(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    """One row a spell with ``spell``, ``since``, ``until`` (both null where unknown) and the newest name."""
    if not {"first_seen", "last_seen"} <= set(rows.columns):
        return rows.with_columns(
            spell=pl.lit(1), since=pl.lit(None, pl.Date), gone=pl.lit(None, pl.Date), next_since=pl.lit(None, pl.Date)
        )
    rule = task.spec.spells
    ordered = rows.sort("ticker", "first_seen", "row")
    gap = (pl.col("first_seen") - pl.col("last_seen").shift(1).over("ticker")).dt.total_days()
    renamed = (
        pl.col("name").ne_missing(pl.col("name").shift(1).over("ticker"))
        if "name" in rows.columns
        else pl.lit(value=True)
    )
    new = (gap > rule.gap_days) & renamed if rule else pl.lit(value=False)
    numbered = ordered.with_columns(spell=1 + new.fill_null(value=False).cum_sum().over("ticker").cast(pl.Int64))
    opening = rows["first_seen"].min()
    joined = numbered.with_columns(
        since=pl.col("first_seen").min().over("ticker", "spell"), seen=pl.col("last_seen").max().over("ticker", "spell")
    ).unique(["ticker", "spell"], keep="last", maintain_order=True)
    ended, gone = ended_by(task.spec.ended, pl.col("seen"))
    return joined.with_columns(
        # Who is on the first list was listed before, nobody knows when.
        since=pl.when(pl.col("since") != opening).then("since"),
        ended=ended,
        gone=gone,
        next_since=pl.col("since").shift(-1).over("ticker"),
        reused=pl.col("since").shift(-1).over("ticker").is_not_null(),
        silent_from=pl.col("seen").dt.offset_by(f"{task.spec.ended.after_days}d"),
    )


def _tickers(task: Task, spells: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``tickers``, after ``row``.

    A code that another company bears later has ended, at the latest when the other one appears.
    """
    given = set(spells.columns)
    columns = TABLES["tickers"].columns
    own = {name: pl.col(name) for name in columns if name in given}
    reused = pl.col("next_since").is_not_null()
    silent = pl.min_horizontal("silent_from", "next_since") if "silent_from" in given else pl.lit(None, pl.Date)
    delisted = pl.coalesce(
        own.get("delisted_date", pl.lit(None, pl.Date)), pl.when(reused).then(silent), pl.col("gone")
    )
    ended = pl.when(reused | (pl.col("ended") if "ended" in given else pl.lit(value=False))).then(pl.lit(ENDED))
    made = {
        "region": pl.lit(task.region),
        "currency": pl.coalesce(own.get("currency", pl.lit(None, pl.String)), pl.lit(currency_of(task.spec))),
        "asset_type": pl.coalesce(
            own.get("asset_type", pl.lit(None, pl.String)), pl.lit(task.spec.asset_type, pl.String)
        ),
        "listed_date": pl.coalesce(own.get("listed_date", pl.lit(None, pl.Date)), pl.col("since")),
        "delisted_date": delisted,
        "delisting_reason": pl.coalesce(own.get("delisting_reason", pl.lit(None, pl.String)), ended),
        "source": pl.lit(task.spec.source),
    }
    absent = {name: pl.lit(None) for name in columns if name not in {*given, *made}}
    rows = spells.with_columns(**made, **absent).select(
        "row", *(pl.col(name).cast(kind) for name, kind in columns.items())
    )
    return rows.with_columns(reasons=pl.lit(None, pl.String))


def _beside(task: Task, rows: pl.DataFrame, window: Window) -> None:
    """What the list says of its tickers besides: attributes, memberships and share counts."""
    if task.spec.attributes:
        good, bad, _ = settle(attribute_rows(task, rows), "attributes")
        publish_attributes(task, good, named(bad, "attributes"), window)
        task.account.note_bad("attributes", bad)
    rule = task.spec.knowledge
    day = rule.as_of if rule and rule.as_of else settings.now().date()
    for index in task.spec.members_of:
        members = rows.filter(pl.col(MEMBER + index)).select(
            index=pl.lit(index), ticker=pl.lit(f"{task.region}:") + pl.col("ticker"), valid_from=pl.lit(day)
        )
        _publish_members(task, index, members.unique(), day)
    if task.spec.shares:
        counts = usable_from(pl.lit(day), rows.filter(pl.col("shares_outstanding") > 0), task)
        shares = counts.select(
            "row",
            region=pl.lit(task.region),
            ticker="ticker",
            date=pl.lit(day),
            available_date="available_date",
            shares_outstanding="shares_outstanding",
            basis=pl.lit("outstanding"),
            source=pl.lit(task.spec.source),
            reasons=pl.lit(None, pl.String),
        )
        good, bad, _ = settle(shares, "shares")
        task.land("shares", good, bad, window)
        task.account.note_bad("shares", bad)


def _publish_members(task: Task, index: str, members: pl.DataFrame, day: object) -> None:
    """Members on a day: those the lake has already stay, those it has no more are out since that day."""
    held = task.lake.read("memberships").filter(
        (pl.col("index") == index) & pl.col("valid_to").is_null() & (pl.col("source") == task.spec.source)
    )
    earlier = held.filter(pl.col("valid_from") < pl.lit(day))
    gone = earlier.join(members, on="ticker", how="anti").with_columns(valid_to=pl.lit(day).dt.offset_by("-1d"))
    new = members.join(earlier, on="ticker", how="anti").with_columns(source=pl.lit(task.spec.source))
    columns = list(TABLES["memberships"].columns)
    rows = pl.concat([gone.select(columns), new.with_columns(valid_to=pl.lit(None, pl.Date)).select(columns)])
    task.account.count("memberships", task.lake.publish("memberships", rows))


def merged(lake: Lake, region: str, rows: pl.DataFrame, weak: Collection[str] = _STATED) -> pl.DataFrame:
    """New ticker rows with what the lake knows beyond them; an earlier listing stays.

    What the lake knows of the columns in ``weak`` stays, because the file states one word for all of its tickers.

    A delisting that the lake knows stays, unless it was concluded from another file's silence by a day that this
    file reaches: then this file decides.
    """
    known = lake.read("tickers", region)
    both = rows.join(known, on=_KEY, how="left", suffix="_known")
    columns = list(TABLES["tickers"].columns)
    others = [name for name in columns if name not in (*_KEY, *_DAYS, "delisting_reason", "source")]
    pairs = {name: (f"{name}_known", name) if name in weak else (name, f"{name}_known") for name in others}
    silent = (pl.col("delisting_reason_known") == ENDED).fill_null(value=False)
    kept = pl.col("delisted_date_known").is_not_null() & ~silent
    reasons = pl.coalesce("delisting_reason", pl.when(~silent).then("delisting_reason_known"))
    return both.with_columns(
        *(pl.coalesce(pair).alias(name) for name, pair in pairs.items()),
        listed_date=pl.min_horizontal("listed_date", "listed_date_known"),
        delisted_date=pl.when(kept).then("delisted_date_known").otherwise("delisted_date"),
        delisting_reason=pl.when(kept).then("delisting_reason_known").otherwise(reasons),
    ).select(columns)


def explain_rest(lake: Lake, region: str, source: str, detail: str) -> None:
    """Sessions without a row are not covered by any file; those with a bar are not missing."""
    missing = absence.missing(lake, region, lake.read("tickers", region))
    standing = absence.contradicted(lake, region)
    if missing.height or standing.height:
        days = missing.with_columns(
            reason=pl.lit("not_covered"), provider=pl.lit(source), detail=pl.lit(detail)
        ).select("ticker", "date", "reason", "provider", "detail")
        gaps = gap_rows(lake, region, days, standing)
        lake.publish("ohlcv", TABLES["ohlcv"].empty(), region=region, gaps=gaps)


def gap_rows(lake: Lake, region: str, absent: pl.DataFrame, present: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``gaps`` for days without a bar, closing those of days that have one."""
    known = lake.read("gaps", region)
    settled = pl.concat([absent.select("ticker", "date"), present.select("ticker", "date")]).unique()
    return absence.gap_rows(region, absent, known, settled=settled)
