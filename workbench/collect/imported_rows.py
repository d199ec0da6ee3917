"""What all imports share: rows settled against a table, published, and quarantined as the file has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench import markets, quality, settings
from workbench.adapters.files.mapping import NO_DATE
from workbench.errors import ConfigError
from workbench.quality.rows import undeclared
from workbench.schemas import TABLES
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from workbench.adapters.files.reading import SourceFiles, Window
    from workbench.adapters.files.spec import FileSpec
    from workbench.collect.imports import Account
    from workbench.lake import Lake

#: With a larger share of codes that do not fit the region, the file is one of another region.
_MOST_ODD = 0.5
#: Quarantined rows of a table without regions, of a currency that no region uses, are filed here.
_ELSEWHERE = "US"


@dataclass(frozen=True)
class Task:
    """One file on its way into a lake."""

    lake: Lake
    files: SourceFiles
    account: Account

    @property
    def spec(self) -> FileSpec:
        """The specification of the file."""
        return self.files.spec

    @property
    def region(self) -> str:
        """Region of the rows; of a table without regions, where its quarantine is filed by default."""
        return self.spec.region or _ELSEWHERE

    def land(self, table: str, good: pl.DataFrame, bad: pl.DataFrame, window: Window) -> None:
        """Publish rows and their quarantine; the rows of the file are counted by the caller."""
        declared = TABLES[table]
        frame = good.select(list(declared.columns))
        if declared.by_region:
            records = self.records(table, bad, window, self.region)
            done = self.lake.publish(table, frame, region=self.region, quarantine=records)
        else:
            done = self.lake.publish(table, frame)
            self._file_worldwide(table, bad, window)
        if table == self.spec.table:
            self.account.count(table, done)
        else:
            self.account.count_beside(table, done)

    def _file_worldwide(self, table: str, bad: pl.DataFrame, window: Window) -> None:
        """File bad rows of a table without regions under the region of their currency."""
        if bad.is_empty():
            return
        homes = {markets.get(region).currency: region for region in REGIONS}
        known = pl.col("currency") if "currency" in bad.columns else pl.lit(None, pl.String)
        homed = bad.with_columns(home=known.replace_strict(homes, default=self.region, return_dtype=pl.String))
        for (home,), rows in homed.group_by("home", maintain_order=True):
            records = self.records(table, rows, window, str(home))
            self.lake.publish("quarantine", records, region=str(home))

    def records(self, table: str, bad: pl.DataFrame, window: Window, region: str) -> pl.DataFrame:
        """Quarantined rows with the row as it stands in the file.

        Parameters
        ----------
        bad : polars.DataFrame
            row, ticker (of a table without tickers, what its rows are of), date and reasons.
        """
        rows = bad.select(
            "row",
            ticker=pl.col("ticker").fill_null("?"),
            date=pl.col("date").fill_null(NO_DATE),
            reasons=pl.col("reasons"),
        )
        received = rows.select("row").join(
            window.received_rows(rows["row"]), on="row", how="left", maintain_order="left"
        )
        return quality.quarantine_records(
            rows,
            table=table,
            region=region,
            source=self.spec.source,
            seen_at=settings.now(),
            received=received.drop("row"),
        )

    def quarantined(self, bad: pl.DataFrame) -> None:
        """Count quarantined rows of the file by their reasons."""
        for reasons, count in bad["reasons"].value_counts().rows():
            self.account.quarantined[reasons] += count

    def superseded(self, reason: str, count: int) -> None:
        """Count superseded rows of the file."""
        if count:
            self.account.superseded[reason] += count


def settle(rows: pl.DataFrame, table: str) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Rows that a table can take, those that it cannot, and how many are repetitions.

    Parameters
    ----------
    rows : polars.DataFrame
        ``row``, the table's columns and ``reasons`` (null where nothing is known against the row).

    Returns
    -------
    good, bad : polars.DataFrame
        ``bad`` has the reasons: those given, ``missing_value``, ``unknown_value``, and ``duplicate_conflict`` for
        a key that stands there with different values. Of identical rows the first is kept.
    repeated : int
        Identical repetitions among the good rows.
    """
    declared = TABLES[table]
    needed = [name for name in (*declared.key, *declared.required) if name in rows.columns]
    days = [name for name, kind in declared.columns.items() if kind == pl.Date and name in rows.columns]
    reals = [name for name, kind in declared.columns.items() if kind == pl.Float64 and name in rows.columns]
    unread = pl.any_horizontal(
        pl.lit(value=False), *((pl.col(name) == NO_DATE).fill_null(value=False) for name in days)
    )
    unreal = pl.any_horizontal(
        pl.lit(value=False), *((~pl.col(name).is_finite()).fill_null(value=False) for name in reals)
    )
    missing = pl.any_horizontal(pl.col(name).is_null() for name in needed) | unread | unreal
    judged = rows.with_columns(
        reasons=pl.coalesce(
            "reasons", pl.when(missing).then(pl.lit("missing_value")), undeclared(declared, rows.columns)
        )
    )
    fine = judged.filter(pl.col("reasons").is_null())
    content = [name for name in fine.columns if name not in ("row", "reasons")]
    single = fine.unique(content, keep="first", maintain_order=True)
    conflict = single.select(pl.struct(declared.key).is_duplicated()).to_series()
    torn = single.filter(conflict).with_columns(reasons=pl.lit("duplicate_conflict"))
    bad = pl.concat([judged.filter(pl.col("reasons").is_not_null()), torn])
    return single.filter(~conflict), bad, fine.height - single.height


def odd_codes(task: Task, rows: pl.DataFrame) -> pl.Expr:
    """The reason where a code does not look like one of the region, and the specification is strict.

    Raises
    ------
    ConfigError
        If most codes do not, so that the file is one of another region.
    """
    codes = rows["ticker"].drop_nulls().unique().to_list()
    odd = [code for code in codes if not markets.is_code(task.region, code)]
    check_codes(task, odd, len(codes))
    if not task.spec.ticker.strict:
        return pl.lit(None, pl.String)
    return pl.when(pl.col("ticker").is_in(odd)).then(pl.lit("unknown_code"))


def check_codes(task: Task, odd: list[str], count: int) -> None:
    """Refuse a file of another region; a few odd codes are only noted."""
    spec, region, odd = task.spec, task.region, sorted(odd)
    if spec.ticker.check and len(odd) > _MOST_ODD * count:
        raise ConfigError(
            f"{len(odd)} of {count} codes of {spec.file!r} do not look like codes of {region}, such as "
            f"{', '.join(odd[:3])}; they have the form {markets.get(region).code_pattern}.",
            hint="Correct `region:`, or `ticker:` (pad, case, strip_suffix); `check: false` there takes them as they "
            "are.",
        )
    if odd:
        task.account.note(f"{len(odd)} codes do not look like codes of {region}, such as {odd[0]!r}")


def usable_from(known: pl.Expr, rows: pl.DataFrame, task: Task) -> pl.DataFrame:
    """The rows with ``available_date``: the first session after the day of knowledge, or that day itself."""
    days = rows.with_columns(learned=known.cast(pl.Date))
    if task.spec.knowledge and task.spec.knowledge.usable == "same_day":
        return days.with_columns(available_date="learned").drop("learned")
    first, last = markets.first_known(task.region), markets.last_known(task.region)
    sessions = pl.DataFrame({"available_date": markets.sessions(task.region, first, last)}).sort("available_date")
    return (
        days.with_columns(after=pl.col("learned").dt.offset_by("1d"))
        .sort("after")
        .join_asof(sessions, left_on="after", right_on="available_date", strategy="forward")
        .with_columns(available_date=pl.when(pl.col("after") < first).then("after").otherwise("available_date"))
        .sort("row")
        .drop("after", "learned")
    )
