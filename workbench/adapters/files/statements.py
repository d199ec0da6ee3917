"""Rows of filings in a file made into cells: one item of one period, as it became known on one day.

A wide file has a column an item, a long one a row. Each number becomes one cell; a cell that cannot be placed
keeps its reason and goes to the quarantine.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import polars as pl

from workbench.adapters.files import fiscal
from workbench.adapters.files.mapping import ITEM, NO_DATE, currency_of
from workbench.adapters.statements import table

if TYPE_CHECKING:
    from workbench.adapters.files.rules import Days, Flow, ItemRule
    from workbench.adapters.files.spec import FileSpec

#: Months that a period has.
MONTHS = {"Q": 3, "6M": 6, "9M": 9, "FY": 12}
#: Number of a quarter to the period that a report of it covers to date.
_REPORTS = {1: "Q", 2: "6M", 3: "9M", 4: "FY"}
#: Days of so many whole weeks: fiscal quarters of 13 weeks do not end with a month.
_QUARTER_WEEKS = 91
#: The other quarters of a year end this many days before the fourth, at most and at least.
_YEAR_BEFORE, _OTHER_QUARTERS = (285, 80), 3
#: A fiscal year this far from the period's end is one of another period.
_YEARS_APART = 1
_CELL = ("row", "ticker", "period_end", "item", "value")


def check_items(spec: FileSpec) -> None:
    """Refuse items that are neither on the list nor described.

    Raises
    ------
    ValueError
        Names the item, and one that may have been meant.
    """
    known = table()
    if not spec.items:
        raise ValueError("fundamentals need items: item to the file's column")
    for name, rule in spec.items.items():
        if name in known and (rule.kind or rule.money is not None):
            raise ValueError(f"items.{name} is on the list of items, which says its kind: leave kind and money out")
        if name not in known and (rule.kind is None or rule.money is None):
            close = difflib.get_close_matches(name, known, n=1)
            meant = f", did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"items.{name} is not on the list of items{meant}; for one of your own give kind "
                "(flow, instant, per_share) and money (true, false)"
            )


def cells(mapped: pl.DataFrame, spec: FileSpec) -> pl.DataFrame:
    """Every number of the mapped rows.

    Parameters
    ----------
    mapped : polars.DataFrame
        Rows as :meth:`SourceFiles.windows` gives them.
    spec : FileSpec
        Of fundamentals.

    Returns
    -------
    polars.DataFrame
        row, ticker, period_end, period (``Q``, ``6M``, ``9M``, ``FY``, ``I``), period_start (null for an
        instant), item, value, currency (null for plain numbers), known (the day it became known), filing_id,
        edition (null without an order), reasons (null for a cell that can be used).
    """
    placed = mapped if spec.periods.infer is None else fiscal.infer(mapped, spec)
    rows = _rows(placed, spec)
    found = _long(rows, spec) if spec.is_long else _wide(rows, spec)
    kinds = {name: _kind(name, rule) for name, rule in spec.items.items()}
    positive = [name for name in spec.items if name in table() and table()[name].positive]
    found = found.with_columns(
        kind=pl.col("item").replace_strict(kinds, return_dtype=pl.String),
        value=pl.when(pl.col("item").is_in(positive)).then(pl.col("value").abs()).otherwise("value"),
        currency=_currency(spec),
        flows=_flows(spec),
    )
    found = found.with_columns(period=_period())
    if spec.periods.fourth_quarter == "remainder":
        found = _remainders(found)
    found = found.with_columns(known=_known(spec))
    return found.with_columns(
        period_start=_start(), filing_id=_filing_id(spec), reasons=pl.coalesce("reasons", *_faults(spec))
    )


def _rows(mapped: pl.DataFrame, spec: FileSpec) -> pl.DataFrame:
    """What holds for all cells of a row; columns that the file does not have are null."""
    texts = ("form", "filing_id", "row_currency", "month_day", "fault")
    named = mapped.rename({"currency": "row_currency"} if "currency" in spec.columns else {})
    absent = [pl.lit(None, pl.String).alias(name) for name in texts if name not in named.columns]
    if "period_end" not in named.columns:
        absent.append(pl.col("date").alias("period_end"))
    if "amended" not in named.columns:
        absent.append(pl.lit(value=False).alias("amended"))
    if "edition" not in named.columns:
        absent.append(pl.lit(None, pl.Int64).alias("edition"))
    if "fiscal_year" not in named.columns:
        absent.append(pl.lit(None, pl.Float64).alias("fiscal_year"))
    if "known" not in named.columns:
        absent.append(pl.lit(None, pl.Date).alias("known"))
    named = named.with_columns(absent)
    word = pl.col("fiscal_quarter").str.to_uppercase() if "fiscal_quarter" in spec.columns else pl.lit(None, pl.String)
    by_month = (pl.col("period_end").dt.month().cast(pl.Int32) - spec.periods.year_end_month - 1) % 12 // 3 + 1
    read = pl.when(word.str.contains(r"^(FY|Y|A)")).then(4).otherwise(word.str.extract(r"([1-4])").cast(pl.Int32))
    given = "fiscal_quarter" in spec.columns
    quarter = pl.col("quarter") if spec.periods.infer else read if given else by_month
    return named.with_columns(
        quarter=quarter.cast(pl.Int32), whole_year=word.str.starts_with("FY").fill_null(value=False)
    )


def _wide(rows: pl.DataFrame, spec: FileSpec) -> pl.DataFrame:
    """A cell for each number, and for each word that should be one."""
    shared = [name for name in rows.columns if not name.startswith((ITEM, "lost."))]
    parts = []
    for name in spec.items:
        value, lost = pl.col(ITEM + name), pl.col(f"lost.{ITEM}{name}")
        part = rows.filter(value.is_not_null() | lost).select(
            *shared, item=pl.lit(name), value=value, reasons=_missing(value)
        )
        parts.append(part)
    return pl.concat(parts)


def _long(rows: pl.DataFrame, spec: FileSpec) -> pl.DataFrame:
    """A cell for each row whose word is mapped; the word that stands first for an item counts."""
    words = {word: name for name, rule in spec.items.items() for word in rule.columns}
    units = {name: rule.unit for name, rule in spec.items.items()}
    named = rows.with_columns(item=pl.col("item").replace_strict(words, default=None, return_dtype=pl.String))
    known = named.filter(pl.col("item").is_not_null() | pl.col("ticker").is_null())
    unit = pl.col("item").replace_strict(units, default=1.0, return_dtype=pl.Float64)
    value = pl.when(unit == 1.0).then("value").otherwise((pl.col("value") * unit).round(6))
    return known.with_columns(item=pl.col("item").fill_null("?"), value=value, reasons=_missing(pl.col("value")))


def _missing(value: pl.Expr) -> pl.Expr:
    return pl.when(~value.is_finite().fill_null(value=False)).then(pl.lit("missing_value"))


def _kind(name: str, rule: ItemRule) -> str:
    return rule.kind or table()[name].kind


def _currency(spec: FileSpec) -> pl.Expr:
    """Currency of a cell: the row's, else the file's; none for counts and ratios."""
    plain = [
        name
        for name, rule in spec.items.items()
        if not (table()[name].unit != "shares" if name in table() else rule.money)
    ]
    return pl.when(~pl.col("item").is_in(plain)).then(pl.coalesce("row_currency", pl.lit(currency_of(spec))))


def _flows(spec: FileSpec) -> pl.Expr:
    """``quarter``, ``year_to_date`` or ``year``: what a flow covers; null where the form is not mapped."""
    expr = _rule_for(spec.periods.flows)
    for name, rule in spec.items.items():
        if rule.flows is not None:
            expr = pl.when(pl.col("item") == name).then(_rule_for(rule.flows)).otherwise(expr)
    return expr


def _rule_for(flows: Flow | dict[str, Flow]) -> pl.Expr:
    if isinstance(flows, str):
        return pl.lit(flows)
    words = {form: str(flow) for form, flow in flows.items()}
    rule = pl.col("form").replace_strict(words, default=None, return_dtype=pl.String)
    # A quarterly form that calls its period a whole year contradicts itself.
    return pl.when(~((rule == "quarter") & pl.col("whole_year"))).then(rule)


def _period() -> pl.Expr:
    to_date = pl.col("quarter").replace_strict(_REPORTS, default=None, return_dtype=pl.String)
    contradicts = pl.col("whole_year") & pl.col("form").str.contains("Q").fill_null(value=False)
    return (
        pl.when(pl.col("kind") == "instant")
        .then(pl.lit("I"))
        .when(pl.col("flows") == "quarter")
        .then(pl.lit("Q"))
        .when(pl.col("flows") == "year")
        .then(pl.lit("FY"))
        .when((pl.col("flows") == "year_to_date") & ~contradicts)
        .then(to_date)
    )


def _remainders(found: pl.DataFrame) -> pl.DataFrame:
    """Fourth quarters that were made as the year less the quarters in the file, by what they really cover."""
    flow = pl.col("reasons").is_null() & (pl.col("kind") != "instant")
    fourth = flow & (pl.col("quarter") == 4)
    quarters = found.filter(flow & (pl.col("quarter") < 4)).select("ticker", "item", "period_end").unique()
    closing = found.filter(fourth).select("row", "ticker", "item", closes="period_end")
    first, last = (pl.col("closes").dt.offset_by(f"-{days}d") for days in _YEAR_BEFORE)
    within = pl.col("period_end").is_between(first, last)
    held = closing.join(quarters, on=["ticker", "item"]).filter(within).group_by("row", "item")
    joined = found.join(held.agg(held=pl.len()), on=["row", "item"], how="left", maintain_order="left")
    count = pl.col("held").fill_null(0)
    period = pl.when(~fourth | (count >= _OTHER_QUARTERS)).then("period").when(count == 0).then(pl.lit("FY"))
    return joined.with_columns(period=period).drop("held")


def _by_report(days: Days) -> pl.Expr:
    """Days of a rule for each cell, by the report that its quarter ends with."""
    if isinstance(days, int):
        return pl.lit(days)
    report = pl.col("quarter").replace_strict(_REPORTS, default=None, return_dtype=pl.String)
    return report.replace_strict(days, default=days.get("default"), return_dtype=pl.Int64)


def _known(spec: FileSpec) -> pl.Expr:
    """The day on which a cell became known; null where the rule does not say."""
    rule = spec.knowledge
    if rule is None or rule.column:
        return pl.col("known")
    if rule.month_day:
        month, day = (pl.col("month_day").str.extract(r"^(\d{1,2})-(\d{1,2})$", n).cast(pl.Int32) for n in (1, 2))
        year = pl.col("period_end").dt.year()
        same = pl.date(year, month, day.clip(1, 28)) + pl.duration(days=day - day.clip(1, 28))
        after = pl.date(year + 1, month, day.clip(1, 28)) + pl.duration(days=day - day.clip(1, 28))
        return pl.when(same > pl.col("period_end")).then(same).otherwise(after)
    return pl.col("period_end") + pl.duration(days=_by_report(rule.lag_days if rule.lag_days is not None else 0))


def _filing_id(spec: FileSpec) -> pl.Expr:
    """The file's own, else what is known of the filing: its form, and how its day came about."""
    rule = spec.knowledge
    lag = (pl.col("known") - pl.col("period_end")).dt.total_days().cast(pl.String)
    form = pl.col("form").fill_null("") + pl.when(pl.col("amended")).then(pl.lit("/A")).otherwise(pl.lit(""))
    how = pl.col("known").cast(pl.String)
    if rule and rule.lag_days is not None:
        how = pl.lit("assumed ") + lag + pl.lit(" days")
    elif rule and rule.month_day:
        how = pl.lit("inferred ") + how
    made = (form + pl.lit(" ") + how).str.strip_chars()
    return pl.coalesce("filing_id", made)


def _start() -> pl.Expr:
    """First day of the period; quarters that do not end with a month have 13 weeks."""
    end = pl.col("period_end")
    months = pl.col("period").replace_strict(MONTHS, default=None, return_dtype=pl.Int32)
    by_month = pl.coalesce(
        pl.when(months == count).then(end.dt.month_start().dt.offset_by(f"-{count - 1}mo")) for count in MONTHS.values()
    )
    weeks = end - pl.duration(days=months // 3 * _QUARTER_WEEKS - 1)
    return pl.when(end == end.dt.month_end()).then(by_month).otherwise(weeks)


def _faults(spec: FileSpec) -> list[pl.Expr]:
    """Reasons why a cell cannot be used, the first that holds."""
    lost = (
        pl.col("ticker").is_null()
        | (pl.col("period_end").fill_null(NO_DATE) == NO_DATE)
        | (pl.col("known") == NO_DATE).fill_null(value=False)
    )
    year = (pl.col("fiscal_year") - pl.col("period_end").dt.year()).abs() > _YEARS_APART
    found: list[pl.Expr] = [
        pl.when(pl.col("fault").is_not_null()).then("fault"),
        pl.when(lost).then(pl.lit("missing_value")),
        pl.when(pl.col("period").is_null() | year.fill_null(value=False)).then(pl.lit("unknown_period")),
        pl.when(pl.col("known").is_null()).then(pl.lit("unknown_knowledge")),
        pl.when(pl.col("known") < pl.col("period_end")).then(pl.lit("known_too_early")),
    ]
    if spec.knowledge and spec.knowledge.within_days is not None:
        late = (pl.col("known") - pl.col("period_end")).dt.total_days() > _by_report(spec.knowledge.within_days)
        found.append(pl.when(late.fill_null(value=False)).then(pl.lit("unknown_knowledge")))
    return found
