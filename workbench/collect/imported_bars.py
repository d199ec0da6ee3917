"""One price file into the lake: listings first, then each window's actions and bars, then the gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from workbench import markets, quality, settings
from workbench.adapters.file_mapping import NO_DATE, as_ohlcv, currency_of, editions
from workbench.adapters.file_reading import ENDED
from workbench.collect import absence, coverage
from workbench.collect.restated import derive_actions
from workbench.errors import ConfigError
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from workbench.adapters.file_reading import PriceFiles, Window
    from workbench.collect.imports import Account
    from workbench.collect.job import Progress
    from workbench.lake import Lake

_KEY = ["ticker", "date"]
#: With a larger share of codes that do not fit the region, the file is one of another region.
_MOST_ODD = 0.5
_GAP = {"ticker": pl.String, "date": pl.Date, "reason": pl.String, "provider": pl.String, "detail": pl.String}


@dataclass(frozen=True)
class _Import:
    """One file on its way into a lake."""

    lake: Lake
    files: PriceFiles
    account: Account
    region: str
    listed: pl.DataFrame
    sessions: pl.DataFrame


def import_bars(lake: Lake, files: PriceFiles, account: Account, progress: Progress) -> None:
    """Import the bars of a file; see ``import_files``."""
    region, stage = str(files.spec.region), f"import {files.spec.source}"
    spans = files.spans_by_ticker()
    _refuse_other_kind(lake, files, spans)
    listings = _listings(lake, files)
    _check_codes(files, listings, account)
    lake.publish("tickers", listings, region=region)
    start, end = _range(spans)
    # A bar of a day that is yet to come is as wrong as one of a closed day.
    sessions = absence.sessions_of(region, start, min(end + timedelta(days=30), settings.now().date()))
    task = _Import(lake, files, account, region, listings.select("ticker", "listed_date"), sessions)
    done = 0
    for window in files.windows():
        progress(stage, done, files.rows)
        done += _import_window(task, window)
    coverage.record_bars(lake, region, start, end, files.spec.source)
    _explain_rest(task)
    ended = listings.filter(pl.col("delisting_reason") == "ended").height
    if ended:
        account.notes.append(f"{ended} tickers end more than {ENDED.days} days before the file does")
    progress(stage, files.rows, files.rows)


def _range(spans: pl.DataFrame) -> tuple[date, date]:
    return min(spans["first"]), max(spans["last"])


def _refuse_other_kind(lake: Lake, files: PriceFiles, spans: pl.DataFrame) -> None:
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


def _listings(lake: Lake, files: PriceFiles) -> pl.DataFrame:
    """The file's ticker rows; what the lake knows beyond them, and an earlier listing, stays."""
    rows, key = files.listings(), ["region", "ticker", "spell"]
    known = lake.read("tickers", str(files.spec.region))
    both = rows.join(known, on=key, how="left", suffix="_known")
    others = [name for name in rows.columns if name not in (*key, "listed_date", "delisting_reason")]
    delisted = pl.col("delisted_date_known").is_not_null()
    return both.with_columns(
        *(pl.coalesce(name, f"{name}_known").alias(name) for name in others),
        listed_date=pl.min_horizontal("listed_date", "listed_date_known"),
        delisting_reason=pl.when(delisted).then("delisting_reason_known").otherwise("delisting_reason"),
    ).select(rows.columns)


def _check_codes(files: PriceFiles, listings: pl.DataFrame, account: Account) -> None:
    """Refuse a file of another region; a few odd codes are only noted."""
    spec, region = files.spec, str(files.spec.region)
    odd = [code for code in listings["ticker"] if not markets.is_code(region, code)]
    if spec.ticker.check and len(odd) > _MOST_ODD * listings.height:
        raise ConfigError(
            f"{len(odd)} of {listings.height} codes of {spec.file!r} do not look like codes of {region}, such as "
            f"{', '.join(odd[:3])}; they have the form {markets.get(region).code_pattern}.",
            hint="Correct `region:`, or `ticker:` (pad, case, strip_suffix); `check: false` there takes them as they "
            "are.",
        )
    if odd:
        account.notes.append(f"{len(odd)} codes do not look like codes of {region}, such as {odd[0]!r}")


def _import_window(task: _Import, window: Window) -> int:
    """Publish one window; returns how many of the file's rows it was."""
    mapped, account = window.mapped, task.account
    own = mapped.filter(pl.col("date").is_between(window.start, window.end))
    unreadable = own.filter(pl.col("ticker").is_null() | (pl.col("date") == NO_DATE))
    readable = mapped.join(unreadable, on="row", how="anti")
    kept, superseded = editions(readable, task.files.spec)
    replaced = _inside(superseded, window).height
    if replaced:
        account.superseded["later edition"] += replaced
    _publish_actions(task, superseded)
    checked = quality.check_bars(
        as_ohlcv(kept, task.files.spec, settings.now()),
        region=task.region,
        sessions=task.sessions["date"].to_list(),
        actions=task.lake.read("actions", task.region, columns=["ticker", "ex_date"]),
        previous=_previous(task, window),
        listed=task.listed,
    )
    good, quarantined = _inside(checked.good, window), _inside(checked.quarantined, window)
    repeated = _inside(kept, window).height - good.height - quarantined.height
    if repeated:
        account.superseded["repeated row"] += repeated
    records = _quarantine(task, window, quarantined, unreadable)
    gaps = _gaps(task, _inside(checked.suspended, window), quarantined, good)
    columns = list(TABLES["ohlcv"].columns)
    account.count(task.lake.publish("ohlcv", good.select(columns), region=task.region, quarantine=records, gaps=gaps))
    account.published += good.height
    return own.height


def _inside(frame: pl.DataFrame, window: Window) -> pl.DataFrame:
    return frame.filter(pl.col("date").is_between(window.start, window.end))


def _publish_actions(task: _Import, superseded: pl.DataFrame) -> None:
    spec = task.files.spec
    if spec.derive_actions is None or superseded.is_empty():
        return
    actions = derive_actions(
        superseded,
        region=task.region,
        currency=currency_of(spec),
        source=spec.source,
        sessions=task.sessions["date"].to_list(),
    )
    task.lake.publish("actions", actions, region=task.region)
    for kind, count in actions["kind"].value_counts(sort=True).rows():
        task.account.notes.append(f"{count} actions of kind {kind} derived from restated closes")


def _previous(task: _Import, window: Window) -> pl.DataFrame:
    before = window.start - timedelta(days=1)
    columns = ["ticker", "date", "open", "close", "adjusted"]
    bars = task.lake.read("ohlcv", task.region, before - ENDED, before, columns=columns)
    return bars.unique("ticker", keep="last", maintain_order=True)


def _quarantine(task: _Import, window: Window, bad: pl.DataFrame, unreadable: pl.DataFrame) -> pl.DataFrame:
    """Quarantined rows with the row as it stands in the file."""
    names = pl.col("ticker").fill_null("?")
    lost = unreadable.select("row", names, "date", reasons=pl.lit("missing_value"))
    rows = pl.concat([bad.select("row", "ticker", "date", "reasons"), lost])
    for reasons, count in rows["reasons"].value_counts().rows():
        task.account.quarantined[reasons] += count
    received = rows.select("row").join(window.received_rows(rows["row"]), on="row", how="left", maintain_order="left")
    return quality.quarantine_records(
        rows,
        table="ohlcv",
        region=task.region,
        source=task.files.spec.source,
        seen_at=settings.now(),
        received=received.drop("row"),
    )


def _gaps(task: _Import, suspended: pl.DataFrame, quarantined: pl.DataFrame, good: pl.DataFrame) -> pl.DataFrame:
    """Suspensions, and sessions without a bar whose row is quarantined; the good bars close what they fill."""
    bad = _without_bar(task, quarantined.join(good, on=_KEY, how="anti"))
    bad = bad.unique(_KEY, keep="first", maintain_order=True).join(task.sessions, on="date", how="semi")
    days = pl.concat(
        [
            suspended.select(*_KEY, reason=pl.lit("suspended"), detail=pl.lit("a bar without a range")),
            bad.select(*_KEY, reason=pl.lit("quarantined"), detail=pl.col("reasons")),
        ]
    ).with_columns(provider=pl.lit(task.files.spec.source))
    return _gap_rows(task, days.select(list(_GAP)), good.select(_KEY))


def _without_bar(task: _Import, quarantined: pl.DataFrame) -> pl.DataFrame:
    """Quarantined rows of days that the lake has no bar of: an earlier file may have given a good one."""
    if quarantined.is_empty():
        return quarantined
    start, end = quarantined.select(first=pl.col("date").min(), last=pl.col("date").max()).row(0)
    tickers = quarantined["ticker"].unique().to_list()
    bars = task.lake.read("ohlcv", task.region, start, end, tickers=tickers, columns=_KEY)
    return quarantined.join(bars, on=_KEY, how="anti")


def _explain_rest(task: _Import) -> None:
    """Sessions without a row in the file are not covered by it; those with a bar are not missing."""
    missing = absence.unexplained(task.lake, task.region)
    standing = absence.contradicted(task.lake, task.region)
    if missing.height or standing.height:
        days = missing.with_columns(
            reason=pl.lit("not_covered"),
            provider=pl.lit(task.files.spec.source),
            detail=pl.lit("the file has no row"),
        )
        empty = TABLES["ohlcv"].empty()
        gaps = _gap_rows(task, days.select(list(_GAP)), standing)
        task.lake.publish("ohlcv", empty, region=task.region, gaps=gaps)


def _gap_rows(task: _Import, absent: pl.DataFrame, present: pl.DataFrame) -> pl.DataFrame:
    known = task.lake.read("gaps", task.region)
    settled = pl.concat([absent.select(_KEY), present]).unique()
    return absence.gap_rows(task.region, absent, known, settled=settled)
