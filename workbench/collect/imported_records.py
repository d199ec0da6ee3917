"""Files of share counts, corporate actions, index levels and memberships into the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import settings
from workbench.adapters.files.mapping import NO_DATE, currency_of, editions
from workbench.collect.imported_rows import Task, odd_codes, settle, usable_from
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.adapters.files.reading import SourceFiles, Window
    from workbench.collect.imports import Account
    from workbench.collect.job import Progress
    from workbench.lake import Lake

#: Without a currency of their own.
_WITHOUT_CURRENCY = ("split", "bonus", "consolidation")


def import_records(lake: Lake, files: SourceFiles, account: Account, progress: Progress) -> None:
    """Import a file of shares, actions, indexes, memberships or attributes; see ``import_files``."""
    task, stage, done = Task(lake, files, account), f"import {files.spec.source}", 0
    make = _MAKERS[files.spec.table]
    for window in files.windows():
        progress(stage, done, files.rows)
        own = window.mapped
        if files.spec.day:
            own = own.filter(pl.col("date").is_between(window.start, window.end))
        done += own.height
        kept, replaced = editions(own, files.spec, _edition_key(files.spec.table))
        task.superseded("later edition", replaced.height)
        _land(task, window, make(task, kept))
    progress(stage, files.rows, files.rows)


def _edition_key(table: str) -> tuple[str, ...]:
    """Columns of a mapped row that make it another edition of the same thing."""
    keys = {"shares": ("ticker", "date"), "actions": ("ticker", "date", "kind"), "indexes": ("index", "date")}
    return keys.get(table, ("index", "ticker", "valid_from") if table == "memberships" else ("ticker",))


def _land(task: Task, window: Window, rows: pl.DataFrame) -> None:
    """Settle rows of the table against each other, and publish them."""
    table = task.spec.table
    good, bad, repeated = settle(rows, table)
    task.superseded("repeated row", repeated)
    if table == "shares" and task.spec.changes_only:
        good, same = _changes(task, good)
        task.superseded("unchanged", same)
    task.quarantined(bad)
    task.account.published += good.height
    task.land(table, good, named(bad, table), window)


def named(bad: pl.DataFrame, table: str) -> pl.DataFrame:
    """Bad rows with the ``ticker`` and ``date`` that the quarantine files them under."""
    declared = TABLES[table]
    if "ticker" not in bad.columns:
        bad = bad.with_columns(ticker=pl.col(declared.key[0]))
    day = declared.date_column or "valid_from"
    return bad.with_columns(date=pl.col(day) if day in bad.columns else pl.lit(NO_DATE))


def _shares(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    basis = pl.col("basis") if "basis" in rows.columns else pl.lit(None, pl.String)
    count = pl.col("shares_outstanding")
    day = pl.col("date")
    found = usable_from(_known(task, day), rows.with_columns(learned_on=_known(task, day)), task)
    return found.with_columns(
        region=pl.lit(task.region),
        basis=basis.fill_null("outstanding"),
        source=pl.lit(task.spec.source),
        reasons=pl.coalesce(
            odd_codes(task, rows), code("non_positive", count <= 0), _unread(day), _not_believed(task, day)
        ),
    ).select("row", *TABLES["shares"].columns, "reasons")


def _not_believed(task: Task, day: pl.Expr) -> pl.Expr:
    """Why the day on which a count became known cannot be: before the count's own day, or too long after it."""
    days = (pl.col("learned_on") - day).dt.total_days()
    within = task.spec.knowledge.within_days if task.spec.knowledge else None
    late = days > within if isinstance(within, int) else pl.lit(value=False)
    lost = (pl.col("learned_on") == NO_DATE) | pl.col("learned_on").is_null()
    return pl.coalesce(
        code("unknown_knowledge", lost), code("known_too_early", days < 0), code("unknown_knowledge", late)
    )


def _known(task: Task, day: pl.Expr) -> pl.Expr:
    """The day of knowledge of a row that is about one day."""
    rule = task.spec.knowledge
    if rule is None or rule.as_of:
        return pl.lit(rule.as_of if rule else settings.now().date())
    if rule.column:
        return pl.col("known")
    lag = rule.lag_days if isinstance(rule.lag_days, int) else (rule.lag_days or {}).get("default", 0)
    return day + pl.duration(days=lag)


def _changes(task: Task, rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Counts that differ from the one before, in the file or in the lake; and how many do not."""
    if rows.is_empty():
        return rows, 0
    ordered = rows.sort("ticker", "date", "available_date")
    held = task.lake.read("shares", task.region).filter(pl.col("source") == task.spec.source)
    held = held.select("ticker", "date", held="shares_outstanding").sort("date")
    first = (
        ordered.select("ticker", "date", "row")
        .with_columns(day=pl.col("date").dt.offset_by("-1d"))
        .sort("day")
        .join_asof(held, left_on="day", right_on="date", by="ticker", check_sortedness=False)
    )
    joined = ordered.join(first.select("row", "held"), on="row", how="left", maintain_order="left")
    before = pl.coalesce(pl.col("shares_outstanding").shift(1).over("ticker"), "held")
    changed = joined.filter(pl.col("shares_outstanding").ne_missing(before)).drop("held")
    return changed, rows.height - changed.height


def _actions(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    value = pl.col("value") if rows.schema["value"] == pl.Float64 else pl.col("value").cast(pl.Float64, strict=False)
    given = pl.col("currency") if "currency" in rows.columns else pl.lit(None, pl.String)
    money = ~pl.col("kind").is_in(_WITHOUT_CURRENCY)
    return rows.with_columns(
        region=pl.lit(task.region),
        ex_date=pl.col("date"),
        value=value,
        currency=pl.when(money).then(pl.coalesce(given, pl.lit(currency_of(task.spec)))),
        source=pl.lit(task.spec.source),
        reasons=pl.coalesce(odd_codes(task, rows), code("non_positive", value <= 0), _unread(pl.col("date"))),
    ).select("row", *TABLES["actions"].columns, "reasons")


def _indexes(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    given = pl.col("currency") if "currency" in rows.columns else pl.lit(None, pl.String)
    stated = pl.col("index").replace_strict(task.spec.currencies, default=None, return_dtype=pl.String)
    later = pl.col("date") > settings.now().date()
    return rows.with_columns(
        currency=pl.coalesce(given, stated, pl.lit(task.spec.currency, pl.String)),
        source=pl.lit(task.spec.source),
        reasons=pl.coalesce(
            _unread(pl.col("date")), code("non_positive", pl.col("level") <= 0), code("closed_day", later)
        ),
    ).select("row", *TABLES["indexes"].columns, "reasons")


def _memberships(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    last = pl.col("valid_to") if "valid_to" in rows.columns else pl.lit(None, pl.Date)
    last = last.dt.offset_by("-1d") if task.spec.end_is == "first_day_out" else last
    wrong = code("unknown_period", last < pl.col("valid_from"))
    return rows.with_columns(
        # The table has no region, and codes of two regions may be the same.
        ticker=pl.lit(f"{task.region}:") + pl.col("ticker"),
        valid_to=last,
        source=pl.lit(task.spec.source),
        reasons=pl.coalesce(odd_codes(task, rows), _unread(pl.col("valid_from")), wrong),
    ).select("row", *TABLES["memberships"].columns, "reasons")


def code(name: str, condition: pl.Expr) -> pl.Expr:
    """The reason where the condition holds; an unknown comparison is none."""
    return pl.when(condition.fill_null(value=False)).then(pl.lit(name))


def _unread(day: pl.Expr) -> pl.Expr:
    return code("missing_value", day == NO_DATE)


_MAKERS: dict[str, Callable[[Task, pl.DataFrame], pl.DataFrame]] = {
    "shares": _shares,
    "actions": _actions,
    "indexes": _indexes,
    "memberships": _memberships,
}
