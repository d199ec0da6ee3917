"""One price file into the lake: listings first, then each window's actions and bars, then the gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from workbench import markets, quality, settings
from workbench.adapters.files.mapping import NO_DATE, as_ohlcv, currency_of, editions
from workbench.collect import absence, coverage
from workbench.collect.imported_listings import ENDED, explain_rest, gap_rows, merged
from workbench.collect.imported_revisions import publish_revisions
from workbench.collect.imported_rows import Task, check_codes
from workbench.collect.restated import confirm, derive_actions
from workbench.errors import ConfigError
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from workbench.adapters.files.reading import SourceFiles, Window
    from workbench.collect.imports import Account
    from workbench.collect.job import Progress
    from workbench.lake import Lake

_KEY = ["ticker", "date"]
#: Bars before a window that a check may look back to.
_BACK = timedelta(days=30)
_GAP = {"ticker": pl.String, "date": pl.Date, "reason": pl.String, "provider": pl.String, "detail": pl.String}


@dataclass(frozen=True)
class _Import(Task):
    """A price file on its way into a lake, with its listings and the days of trading."""

    listed: pl.DataFrame
    sessions: pl.DataFrame


def import_bars(lake: Lake, files: SourceFiles, account: Account, progress: Progress) -> None:
    """Import the bars of a file; see ``import_files``."""
    region, stage = str(files.spec.region), f"import {files.spec.source}"
    spans = files.spans_by_ticker()
    _refuse_other_kind(lake, files, spans)
    listings = _listings(lake, files)
    odd = [code for code in listings["ticker"] if not markets.is_code(region, code)]
    check_codes(Task(lake, files, account), odd, listings.height)
    account.count_beside("tickers", lake.publish("tickers", listings, region=region))
    start, end = _range(spans)
    # A bar of a day that is yet to come is as wrong as one of a closed day.
    sessions = absence.sessions_of(region, start, min(end + timedelta(days=30), settings.now().date()))
    task = _Import(lake, files, account, listings.select("ticker", "listed_date"), sessions)
    done = 0
    for window in files.windows():
        progress(stage, done, files.rows)
        done += _import_window(task, window)
    coverage.record_bars(lake, region, start, end, files.spec.source)
    explain_rest(lake, region, files.spec.source, "the file has no row")
    ended, rule = listings.filter(pl.col("delisting_reason") == ENDED).height, files.spec.ended
    if ended:
        what = ", and count as delisted from then on" if rule.as_ == "delisted" else ""
        account.note(f"{ended} tickers end more than {rule.after_days} days before the file does{what}")
    progress(stage, files.rows, files.rows)


def _range(spans: pl.DataFrame) -> tuple[date, date]:
    return min(spans["first"]), max(spans["last"])


def _refuse_other_kind(lake: Lake, files: SourceFiles, spans: pl.DataFrame) -> None:
    """One currency and one kind of adjustment a ticker: another one needs a lake of its own."""
    currency = currency_of(files.spec)
    listed = lake.read("tickers", str(files.spec.region), columns=["ticker", "currency"])
    foreign = listed.filter(pl.col("currency") != currency).join(spans, on="ticker")
    if foreign.height:
        raise ConfigError(
            f"{foreign.height} tickers of {files.spec.file!r}, such as {foreign['ticker'][0]}, have prices in "
            f"{foreign['currency'][0]} in {lake.root}, and this file says {currency}.",
            hint="Correct `currency`, or give the specification a `lake:` of its own.",
        )
    held = lake.read("ohlcv", str(files.spec.region), columns=["ticker", "adjusted"]).unique()
    other = held.filter(pl.col("adjusted") != files.spec.adjusted).join(spans, on="ticker")
    if other.height:
        raise ConfigError(
            f"{other.height} tickers of {files.spec.file!r}, such as {other['ticker'][0]}, have bars with "
            f"adjusted={other['adjusted'][0]!r} in {lake.root}, and this file says {files.spec.adjusted!r}.",
            hint="Give the specification a `lake:` of its own.",
        )


def _listings(lake: Lake, files: SourceFiles) -> pl.DataFrame:
    """The file's ticker rows; what the lake knows beyond them stays, and so does an end that it knows better.

    Where the lake knows several spells of a code, or an end by silence that lies after this file, the bars
    say nothing of the end.
    """
    region, rows = str(files.spec.region), files.listings()
    known = lake.read("tickers", region)
    later = known.filter((pl.col("delisting_reason") == ENDED) & (pl.col("delisted_date") > rows_end(files)))
    several = known.filter(pl.col("spell") > 1)
    undecided = pl.col("ticker").is_in(pl.concat([later["ticker"], several["ticker"]]).implode())
    ends = ("delisted_date", "delisting_reason")
    held = known.filter(pl.col("spell") == 1).select("ticker", *(pl.col(name).alias(f"{name}_held") for name in ends))
    found = merged(lake, region, rows).join(held, on="ticker", how="left")
    return found.with_columns(
        pl.when(undecided).then(f"{name}_held").otherwise(name).alias(name) for name in ends
    ).select(list(TABLES["tickers"].columns))


def rows_end(files: SourceFiles) -> date:
    """The file's last day."""
    return _range(files.spans_by_ticker())[1]


def _import_window(task: _Import, window: Window) -> int:
    """Publish one window; returns how many of the file's rows it was."""
    mapped, account = window.mapped, task.account
    own = mapped.filter(pl.col("date").is_between(window.start, window.end))
    unreadable = own.filter(pl.col("ticker").is_null() | (pl.col("date") == NO_DATE))
    readable = mapped.join(unreadable, on="row", how="anti")
    kept, superseded = editions(readable, task.spec)
    last = task.spec.duplicates is not None and task.spec.duplicates.keep == "last"
    task.superseded("earlier edition" if last else "later edition", _inside(superseded, window).height)
    several = readable.join(superseded.select(_KEY).unique(), on=_KEY, how="semi")
    del readable
    publish_revisions(task, _inside(several, window))
    _publish_actions(task, several, kept)
    checked = quality.check_bars(
        as_ohlcv(kept, task.spec, settings.now()),
        region=task.region,
        sessions=task.sessions["date"].to_list(),
        actions=task.lake.read("actions", task.region, columns=["ticker", "ex_date"]),
        previous=_previous(task, window),
        listed=task.listed,
    )
    good, quarantined = _inside(checked.good, window), _inside(checked.quarantined, window)
    task.superseded("repeated row", _inside(kept, window).height - good.height - quarantined.height)
    records = _quarantine(task, window, quarantined, unreadable)
    gaps = _gaps(task, _inside(checked.suspended, window), quarantined, good)
    columns = list(TABLES["ohlcv"].columns)
    done = task.lake.publish("ohlcv", good.select(columns), region=task.region, quarantine=records, gaps=gaps)
    account.count("ohlcv", done)
    account.published += good.height
    return own.height


def _inside(frame: pl.DataFrame, window: Window) -> pl.DataFrame:
    return frame.filter(pl.col("date").is_between(window.start, window.end))


def _publish_actions(task: _Import, rows: pl.DataFrame, kept: pl.DataFrame) -> None:
    """Splits and dividends that restated closes carry; those that the prices contradict are quarantined."""
    spec = task.spec
    if spec.derive_actions is None or rows.is_empty():
        return
    later = rows.filter(pl.int_range(pl.len()).over(_KEY, order_by=["edition", "row"]) > 0)
    sessions = task.sessions["date"].to_list()
    events = derive_actions(
        later, region=task.region, currency=currency_of(spec), source=spec.source, sessions=sessions
    )
    actions, doubtful = confirm(events, kept)
    columns = list(TABLES["actions"].columns)
    records = quality.quarantine_records(
        doubtful.select(*columns, date=pl.col("ex_date"), reasons=pl.lit("unconfirmed_action")),
        table="actions",
        region=task.region,
        source=spec.source,
        seen_at=settings.now(),
    )
    done = task.lake.publish("actions", actions.select(columns), region=task.region, quarantine=records)
    task.account.count_beside("actions", done)
    for kind, count in actions["kind"].value_counts(sort=True).rows():
        task.account.note(f"{count} actions of kind {kind} derived from restated closes")
    if doubtful.height:
        task.account.note(f"{doubtful.height} derived actions that the prices contradict are quarantined")


def _previous(task: _Import, window: Window) -> pl.DataFrame:
    before = window.start - timedelta(days=1)
    columns = ["ticker", "date", "open", "close", "adjusted"]
    bars = task.lake.read("ohlcv", task.region, before - _BACK, before, columns=columns)
    return bars.unique("ticker", keep="last", maintain_order=True)


def _quarantine(task: _Import, window: Window, bad: pl.DataFrame, unreadable: pl.DataFrame) -> pl.DataFrame:
    """Quarantined rows with the row as it stands in the file."""
    lost = unreadable.select("row", "ticker", "date", reasons=pl.lit("missing_value"))
    rows = pl.concat([bad.select("row", "ticker", "date", "reasons"), lost])
    task.quarantined(rows)
    return task.records("ohlcv", rows, window, task.region)


def _gaps(task: _Import, suspended: pl.DataFrame, quarantined: pl.DataFrame, good: pl.DataFrame) -> pl.DataFrame:
    """Suspensions, and sessions without a bar whose row is quarantined; the good bars close what they fill."""
    bad = _without_bar(task, quarantined.join(good, on=_KEY, how="anti"))
    bad = bad.unique(_KEY, keep="first", maintain_order=True).join(task.sessions, on="date", how="semi")
    days = pl.concat(
        [
            suspended.select(*_KEY, reason=pl.lit("suspended"), detail=pl.lit("a bar without a range")),
            bad.select(*_KEY, reason=pl.lit("quarantined"), detail=pl.col("reasons")),
        ]
    ).with_columns(provider=pl.lit(task.spec.source))
    return gap_rows(task.lake, task.region, days.select(list(_GAP)), good.select(_KEY))


def _without_bar(task: _Import, quarantined: pl.DataFrame) -> pl.DataFrame:
    """Quarantined rows of days that the lake has no bar of: an earlier file may have given a good one."""
    if quarantined.is_empty():
        return quarantined
    start, end = quarantined.select(first=pl.col("date").min(), last=pl.col("date").max()).row(0)
    tickers = quarantined["ticker"].unique().to_list()
    bars = task.lake.read("ohlcv", task.region, start, end, tickers=tickers, columns=_KEY)
    return quarantined.join(bars, on=_KEY, how="anti")
