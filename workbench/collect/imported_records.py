"""Files of share counts, corporate actions, index levels, memberships and attributes into the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import settings
from workbench.adapters.files.mapping import KIND, NO_DATE, currency_of, editions
from workbench.collect.imported_rows import Task, odd_codes, settle, usable_from
from workbench.markets import sectors
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
    found = usable_from(_known(task, pl.col("date")), rows, task)
    return found.with_columns(
        region=pl.lit(task.region),
        basis=basis.fill_null("outstanding"),
        source=pl.lit(task.spec.source),
        reasons=pl.coalesce(odd_codes(task, rows), _code("non_positive", count <= 0), _unread(pl.col("date"))),
    ).select("row", *TABLES["shares"].columns, "reasons")


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
        reasons=pl.coalesce(odd_codes(task, rows), _code("non_positive", value <= 0), _unread(pl.col("date"))),
    ).select("row", *TABLES["actions"].columns, "reasons")


def _indexes(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    given = pl.col("currency") if "currency" in rows.columns else pl.lit(None, pl.String)
    stated = pl.col("index").replace_strict(task.spec.currencies, default=None, return_dtype=pl.String)
    later = pl.col("date") > settings.now().date()
    return rows.with_columns(
        currency=pl.coalesce(given, stated, pl.lit(task.spec.currency, pl.String)),
        source=pl.lit(task.spec.source),
        reasons=pl.coalesce(
            _unread(pl.col("date")), _code("non_positive", pl.col("level") <= 0), _code("closed_day", later)
        ),
    ).select("row", *TABLES["indexes"].columns, "reasons")


def _memberships(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    last = pl.col("valid_to") if "valid_to" in rows.columns else pl.lit(None, pl.Date)
    last = last.dt.offset_by("-1d") if task.spec.end_is == "first_day_out" else last
    wrong = _code("unknown_period", last < pl.col("valid_from"))
    return rows.with_columns(
        # The table has no region, and codes of two regions may be the same.
        ticker=pl.lit(f"{task.region}:") + pl.col("ticker"),
        valid_to=last,
        source=pl.lit(task.spec.source),
        reasons=pl.coalesce(odd_codes(task, rows), _unread(pl.col("valid_from")), wrong),
    ).select("row", *TABLES["memberships"].columns, "reasons")


def _code(name: str, condition: pl.Expr) -> pl.Expr:
    return pl.when(condition.fill_null(value=False)).then(pl.lit(name))


def _unread(day: pl.Expr) -> pl.Expr:
    return _code("missing_value", day == NO_DATE)


def import_attributes(lake: Lake, files: SourceFiles, account: Account, progress: Progress) -> None:
    """Import a file of attributes, a column a kind; see ``import_files``."""
    task, window, stage = Task(lake, files, account), files.whole(), f"import {files.spec.source}"
    progress(stage, 0, files.rows)
    missing = _code("missing_value", pl.col("ticker").is_null())
    judged = window.mapped.with_columns(reasons=pl.coalesce(odd_codes(task, window.mapped), missing))
    fine = judged.filter(pl.col("reasons").is_null())
    good, torn, _ = settle(attribute_rows(task, fine), "attributes")
    outcome = _outcome(fine, good, torn)
    columns = ["row", "ticker", "reasons"]
    bad = pl.concat([judged.filter(pl.col("reasons").is_not_null()).select(columns), torn.select(columns)])
    blank = pl.all_horizontal(pl.col(KIND + kind).is_null() for kind in task.spec.attributes)
    task.superseded("no value", outcome["superseded"].filter(blank).height)
    task.superseded("repeated row", outcome["superseded"].filter(~blank).height)
    task.quarantined(
        pl.concat([judged.filter(pl.col("reasons").is_not_null()).select(columns), outcome["quarantined"]])
    )
    task.account.published += outcome["published"].height
    publish_attributes(task, good, named(bad, "attributes"), window)
    progress(stage, files.rows, files.rows)


def _outcome(rows: pl.DataFrame, good: pl.DataFrame, bad: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Where each row of the file went: published if one of its values was."""
    published = rows.join(good.select("row").unique(), on="row", how="semi")
    left = rows.join(published.select("row"), on="row", how="anti").drop("reasons")
    reasons = bad.group_by("row").agg(reasons=pl.col("reasons").unique().sort().str.join(","))
    quarantined = left.join(reasons, on="row").select("row", "ticker", "reasons")
    return {
        "published": published,
        "quarantined": quarantined,
        "superseded": left.join(quarantined.select("row"), on="row", how="anti"),
    }


def attribute_rows(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``attributes``, after ``row``: each kind's value, from the day on which it was known.

    A list as it stands today says nothing of the past, so that ``valid_from`` is the day of the list, or today
    where the specification does not say; readers that use it earlier mark it as a current one.
    """
    rule = task.spec.knowledge
    known = pl.lit(rule.as_of if rule and rule.as_of else settings.now().date())
    since = pl.coalesce("valid_from", known) if "valid_from" in rows.columns else known
    until = pl.col("valid_to") if "valid_to" in rows.columns else pl.lit(None, pl.Date)
    parts = [
        TABLES["attributes"].empty().with_columns(row=pl.lit(0, rows.schema["row"]), reasons=pl.lit(None, pl.String))
    ]
    kinds = list(task.spec.attributes)
    if task.spec.industries:
        industry = rows.get_column(f"{KIND}industry")
        rows = rows.with_columns(sectors.gics_series(task.spec.industries, industry).alias(f"{KIND}sector"))
        kinds.append("sector")
    for kind in kinds:
        value = pl.col(KIND + kind)
        wrong = ~value.is_in(sectors.GICS) if kind == "sector" else pl.lit(value=False)
        parts.append(
            rows.filter(value.is_not_null()).select(
                "row",
                region=pl.lit(task.region),
                ticker="ticker",
                kind=pl.lit(kind),
                valid_from=since,
                value=value,
                valid_to=until,
                source=pl.lit(task.spec.source),
                reasons=_code("unknown_value", wrong),
            )
        )
    columns = ["row", *TABLES["attributes"].columns, "reasons"]
    return pl.concat([part.select(columns) for part in parts])


def publish_attributes(task: Task, good: pl.DataFrame, bad: pl.DataFrame, window: Window) -> None:
    """Publish values that are new; a value that the lake has already goes on, and one that changed ends."""
    held = task.lake.read("attributes", task.region).filter(
        pl.col("valid_to").is_null() & (pl.col("source") == task.spec.source)
    )
    key = ["ticker", "kind"]
    open_ = held.sort("valid_from").unique(key, keep="last").select(*key, since="valid_from", held="value")
    joined = good.join(open_, on=key, how="left")
    goes_on = (
        (pl.col("since") < pl.col("valid_from")) & (pl.col("held") == pl.col("value")) & pl.col("valid_to").is_null()
    )
    new = joined.filter(~goes_on.fill_null(value=False))
    changed = new.filter(pl.col("since") < pl.col("valid_from")).select(
        *key, ends=pl.col("valid_from").dt.offset_by("-1d")
    )
    ended = held.join(changed.unique(key), on=key).with_columns(valid_to="ends").drop("ends")
    task.lake.publish("attributes", ended.select(list(TABLES["attributes"].columns)), region=task.region)
    task.land("attributes", new, bad, window)


_MAKERS: dict[str, Callable[[Task, pl.DataFrame], pl.DataFrame]] = {
    "shares": _shares,
    "actions": _actions,
    "indexes": _indexes,
    "memberships": _memberships,
}
