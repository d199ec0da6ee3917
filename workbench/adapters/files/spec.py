"""What a specification of the user's own files says, and which of its keys go together.

It is read from YAML in :mod:`workbench.adapters.files.loading`; the files themselves are read in
:mod:`workbench.adapters.files.reading`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from workbench.adapters.files.rules import (
    DuplicateRule,
    EndedRule,
    FixRule,
    ItemRule,
    KnowledgeRule,
    PeriodRule,
    SpellRule,
    Strict,
    TickerRule,
)
from workbench.settings import REGIONS

Table = Literal["ohlcv", "fx", "fundamentals", "shares", "actions", "tickers", "attributes", "indexes", "memberships"]
#: Our columns that a file of each table may hold; the first ones are needed.
COLUMNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ohlcv": (
        ("ticker", "date", "close"),
        ("open", "high", "low", "volume", "turnover", "name", "exchange", "restated_close"),
    ),
    "fx": (("pair", "date", "close"), ()),
    "fundamentals": (
        ("ticker",),
        ("period_end", "form", "amended", "fiscal_quarter", "fiscal_year", "filing_id", "currency", "item", "value"),
    ),
    "shares": (("ticker", "date", "shares_outstanding"), ("basis",)),
    "actions": (("ticker", "ex_date", "kind", "value"), ("currency",)),
    "tickers": (
        ("ticker",),
        (
            "name",
            "exchange",
            "currency",
            "asset_type",
            "issuer_id",
            "share_class",
            "listed_date",
            "delisted_date",
            "delisting_reason",
            "first_seen",
            "last_seen",
        ),
    ),
    "attributes": (("ticker",), ("valid_from", "valid_to")),
    "indexes": (("index", "date", "level"), ("currency",)),
    "memberships": (("index", "ticker", "valid_from"), ("valid_to",)),
}
#: The day of a row by which a file is read in windows of years; tables without one are read whole.
DAY_OF = {
    "ohlcv": "date",
    "fx": "date",
    "fundamentals": "period_end",
    "shares": "date",
    "actions": "ex_date",
    "indexes": "date",
}
#: Tables that belong to no region.
WORLDWIDE = ("fx", "indexes")
#: Keys of a specification that only some tables have.
_ONLY: dict[str, tuple[str, ...]] = {
    "adjusted": ("ohlcv",),
    "derive_actions": ("ohlcv",),
    "fix": ("fx",),
    "quoted": ("fx",),
    "yield_to": ("fx",),
    "ended": ("ohlcv", "tickers"),
    "spells": ("tickers",),
    "industries": ("tickers", "attributes"),
    "items": ("fundamentals",),
    "periods": ("fundamentals",),
    "knowledge": ("fundamentals", "shares", "tickers", "attributes"),
    "attributes": ("tickers", "attributes"),
    "members_of": ("tickers",),
    "shares": ("tickers",),
    "end_is": ("memberships",),
    "currencies": ("indexes",),
    "changes_only": ("shares",),
}


class FileSpec(Strict):
    """One file, or several of the same form, mapped onto a table of the lake.

    Attributes
    ----------
    file : str
        Path or glob below the root folder; CSV (.csv, .csv.gz) or Parquet.
    table : str
        What it holds, see :data:`COLUMNS`.
    source : str
        Written into every row; names the origin in reports. Never ``sample``.
    columns : mapping of str to str
        Our name to the file's name, see :data:`COLUMNS`.
    constants : mapping of str to str
        Our name to one word for all rows, in place of a column (``index: SP500``, ``kind: split``).
    values : mapping of str to mapping
        Our name to the file's words and ours (``exchange: {KOSPI: XKRX}``); other words stay as they are.
    nulls : tuple of str
        Words that mean that there is nothing, such as "--".
    region : str or None
        One of the six regions; refused for rates and index levels.
    currency : str or None
        ISO code of the prices or amounts; by default the region's.
    price_unit, volume_unit : float
        Units of currency in one unit of the file's prices (1000 for thousand VND), shares in one unit
        of its volume (100 for lots of 100).
    adjusted : {"none", "split", "total"}
        What the prices already contain: nothing, splits, or splits and dividends.
    date_format : str or None
        strftime format of a text date, such as "%Y%m%d"; ISO alone when absent, never a guess.
    separator : str
        Between the fields of a CSV.
    thousands : str
        Separator inside numbers of a CSV, such as ",".
    duplicates : DuplicateRule or None
        Absent: identical repetitions are superseded, contradicting ones quarantined.
    derive_actions : {"restated_close"} or None
        ``restated_close``: the later edition of a row carries in ``restated_close`` the close restated for
        an event on the next session; splits and dividends are derived from it.
    ended : EndedRule
        Tickers that stop before the file does.
    asset_type : str or None
        Of tickers of which the lake knows none; by default ``stock`` for prices, nothing for a list.
    lake : str or None
        Name of a lake of its own, a folder beside the main one: for a file whose prices must not share
        tickers with another file, because they are adjusted in another way.
    fix : FixRule
        For rates only.
    quoted : {"units_per_usd", "usd_per_unit"}
        For rates only: what the number means.
    yield_to : tuple of str
        For rates only: sources in the lake that are better. Rates between their first and last day of the
        currency are superseded.
    knowledge : KnowledgeRule or None
        When a row became known; needed for fundamentals and shares. A list of tickers or attributes without
        one is known from the day of its import on.
    periods : PeriodRule
        Which period the flows of fundamentals cover.
    items : mapping of str to str or ItemRule
        Item to the file's column, for fundamentals.
    attributes : mapping of str to str
        Kind (sector, industry, board, ...) to the file's column.
    industries : str or None
        System in which the kind ``industry`` names industries (eastmoney, sic, ...): the sector is derived from it.
    members_of : mapping of str to str
        Index to the file's column that says true for a member.
    shares : str or None
        Column of a list of tickers that holds the shares outstanding.
    spells : SpellRule or None
        For a list of tickers with ``first_seen`` and ``last_seen``.
    end_is : {"last_day", "first_day_out"}
        What ``valid_to`` of a membership is.
    currencies : mapping of str to str
        Index to its currency.
    changes_only : bool
        Publish a share count only where it differs from the one before.
    """

    file: str
    table: Table = "ohlcv"
    source: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    columns: dict[str, str]
    constants: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    nulls: tuple[str, ...] = ()
    region: str | None = None
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    price_unit: float = Field(default=1.0, gt=0)
    volume_unit: float = Field(default=1.0, gt=0)
    adjusted: Literal["none", "split", "total"] = "none"
    date_format: str | None = None
    separator: str = Field(default=",", min_length=1, max_length=1)
    thousands: str = Field(default="", max_length=1)
    ticker: TickerRule = TickerRule()
    duplicates: DuplicateRule | None = None
    derive_actions: Literal["restated_close"] | None = None
    ended: EndedRule = EndedRule()
    asset_type: str | None = None
    lake: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    fix: FixRule = FixRule()
    quoted: Literal["units_per_usd", "usd_per_unit"] = "units_per_usd"
    yield_to: tuple[str, ...] = ()
    knowledge: KnowledgeRule | None = None
    periods: PeriodRule = PeriodRule()
    items: dict[str, ItemRule] = Field(default_factory=dict)
    attributes: dict[str, str] = Field(default_factory=dict)
    industries: str | None = None
    members_of: dict[str, str] = Field(default_factory=dict)
    shares: str | None = None
    spells: SpellRule | None = None
    end_is: Literal["last_day", "first_day_out"] = "last_day"
    currencies: dict[str, str] = Field(default_factory=dict)
    changes_only: bool = True

    @model_validator(mode="before")
    @classmethod
    def _short_items(cls, content: Any) -> Any:
        """``revenue: Sales`` is short for ``revenue: {column: Sales}``."""
        items = content.get("items") if isinstance(content, dict) else None
        if not isinstance(items, dict):
            return content
        full = {name: {"column": rule} if isinstance(rule, str | list) else rule for name, rule in items.items()}
        return {**content, "items": full}

    @model_validator(mode="after")
    def _consistent(self) -> FileSpec:
        self._check_columns()
        self._check_place()
        if self.source == "sample":
            raise ValueError("source 'sample' is kept for the sample market: name the origin of the file")
        if self.derive_actions and not (self.duplicates and "restated_close" in self.columns):
            raise ValueError("derive_actions needs duplicates and the column restated_close")
        misplaced = [key for key in _ONLY if key in self.model_fields_set and self.table not in _ONLY[key]]
        if misplaced:
            raise ValueError(f"{misplaced[0]} belongs to {' and '.join(_ONLY[misplaced[0]])}, not to {self.table}")
        if self.knowledge is not None:
            self.knowledge.check(self.table)
        if self.table == "shares" and self.knowledge is None:
            raise ValueError("shares need knowledge: the column or the rule that says when a row became known")
        if self.industries and ("industry" not in self.attributes or "sector" in self.attributes):
            raise ValueError("industries needs the kind industry in attributes, and no kind sector")
        if self.table == "attributes" and not self.attributes:
            raise ValueError("attributes must map a kind, such as sector, to a column")
        if self.spells and not {"first_seen", "last_seen"} <= set(self.columns):
            raise ValueError("spells needs the columns first_seen and last_seen")
        if self.table == "fundamentals":
            self._check_fundamentals()
        return self

    def _check_columns(self) -> None:
        needed, optional = COLUMNS[self.table]
        given = {*self.columns, *self.constants}
        missing = [name for name in needed if name not in given]
        unknown = [name for name in (*self.columns, *self.constants) if name not in (*needed, *optional)]
        if missing or unknown:
            raise ValueError(
                f"columns must map {', '.join(needed)} and may map {', '.join(optional) or 'nothing else'}; "
                f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
            )
        twice = set(self.columns) & set(self.constants)
        stray = set(self.values) - {*given, *self.attributes}
        if twice or stray:
            name = sorted(twice or stray)[0]
            raise ValueError(f"{name} is in columns and in constants" if twice else f"values: {name} is no column")

    def _check_place(self) -> None:
        if self.table in WORLDWIDE and self.region is not None:
            what = "rates belong to a currency" if self.table == "fx" else "levels belong to an index"
            raise ValueError(f"{what}, not to a region: leave region out")
        if self.table not in WORLDWIDE and self.region not in REGIONS:
            raise ValueError(f"region must be one of {', '.join(REGIONS)}, not {self.region!r}")

    def _check_fundamentals(self) -> None:
        from workbench.adapters.files.statements import check_items

        if self.knowledge is None:
            raise ValueError("fundamentals need knowledge: column, month_day or lag_days, when a row became known")
        if ("period_end" in self.columns) == (self.periods.infer is not None):
            raise ValueError("fundamentals need the column period_end, or periods.infer where there is none")
        if self.periods.infer and self.knowledge.column is None:
            raise ValueError("periods.infer needs knowledge.column, the day of disclosure")
        if ("item" in self.columns) != ("value" in self.columns):
            raise ValueError("a long file maps both item and value; a wide one neither")
        maps = [self.periods.flows, *(rule.flows for rule in self.items.values())]
        if any(isinstance(one, dict) for one in maps) and "form" not in self.columns:
            raise ValueError("flows by form needs the column form")
        check_items(self)

    @property
    def is_long(self) -> bool:
        """Whether a row of fundamentals holds one number, named by the column ``item``."""
        return "item" in self.columns

    @property
    def day(self) -> str | None:
        """The file's column by which it is read in windows of years; None where it is read whole."""
        if self.periods.infer is not None and self.knowledge is not None:
            return self.knowledge.column
        ours = DAY_OF.get(self.table)
        return self.columns.get(ours) if ours else None

    @property
    def used(self) -> tuple[str, ...]:
        """Every column of the file that the specification names, once."""
        names = [*self.columns.values(), *self.attributes.values(), *self.members_of.values()]
        if not self.is_long:
            names += [column for rule in self.items.values() for column in rule.columns]
        names += [self.duplicates.order_by] if self.duplicates else []
        names += [self.shares] if self.shares else []
        if self.knowledge:
            names += [one for one in (self.knowledge.column, self.knowledge.month_day) if one]
        if self.periods.infer:
            names += [*self.periods.infer.filled, *self.periods.infer.empty]
        return tuple(dict.fromkeys(names))
