"""The rules that a specification may state beside its columns."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - pydantic resolves it
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Days = int | dict[str, int]
#: Keys of days by report.
_REPORTS = ("Q", "6M", "9M", "FY", "default")
Flow = Literal["quarter", "year_to_date", "year"]


class Strict(BaseModel):
    """A part of a specification: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TickerRule(Strict):
    """How the file's codes become local exchange codes.

    Attributes
    ----------
    pad : int
        Fill with zeros on the left to this many characters (Korea 6, Hong Kong 5); 0 leaves them.
    case : {"keep", "upper", "lower"}
        Case of letters.
    strip_suffix : str
        Ending to remove, such as ".KS".
    check : bool
        Refuse a file most of whose codes do not look like codes of its region.
    strict : bool
        Quarantine each row whose code does not look like one of the region (a list with indexes in it).
    """

    pad: int = Field(default=0, ge=0, le=12)
    case: Literal["keep", "upper", "lower"] = "keep"
    strip_suffix: str = ""
    check: bool = True
    strict: bool = False


class DuplicateRule(Strict):
    """Which of several rows of one key is published; the others are counted as superseded.

    Attributes
    ----------
    order_by : str
        Column of the file that orders the editions of a key. Where it is a date, it is the day on which the
        edition was published, and stands in ``revisions`` as ``seen_at``.
    keep : {"first", "last"}
        ``first`` is what was known on the day, ``last`` what is known today.
    """

    order_by: str
    keep: Literal["first", "last"] = "first"


class FixRule(Strict):
    """When an exchange rate was fixed.

    Attributes
    ----------
    timezone : str
        IANA zone in which the file's instant is turned into a date.
    marks : {"start", "end"}
        Whether the instant opens the day whose close is used (the fix is then a day later) or is the fix.
    covers : {"day", "month"}
        ``month``: the number is of the whole month that the date lies in, such as its average. It is
        dated with the last day of the month and known at that day's end, never before.
    """

    timezone: str = "UTC"
    marks: Literal["start", "end"] = "end"
    covers: Literal["day", "month"] = "day"


class EndedRule(Strict):
    """What a ticker is whose rows stop before the file does.

    Attributes
    ----------
    after_days : int
        It has ended when its last row is more than this many days older than the file's last day.
    as_ : {"open", "delisted"}
        Written ``as``. ``open``: it is noted as ended and stays listed, because a file's silence says nothing.
        ``delisted``: it is off the list from ``after_days`` days after its last row on. That is the
        first day on which anyone who watched the file could have known, so that nothing is known too early: a
        backtest holds it until then, at its last price.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    after_days: int = Field(default=30, ge=1, le=3650)
    as_: Literal["open", "delisted"] = Field(default="open", alias="as")


class KnowledgeRule(Strict):
    """When a row became known. Exactly one of the first four is given.

    Attributes
    ----------
    column : str or None
        The file's column with the day of the filing or disclosure.
    month_day : str or None
        The file's column with month and day alone (``04-24``): the first such day after ``period_end``.
    lag_days : int, mapping or None
        Days after ``period_end``, for a file without filing dates. As a mapping, by the report that gave the
        number: ``Q`` (of the first quarter), ``6M``, ``9M``, ``FY`` (the annual one), and ``default``.
    as_of : date or None
        One day for the whole file: a list as it stood on that day.
    usable : {"next_session", "same_day"}
        A day's news can be used from the session after it on; ``same_day`` where the file's date is that
        session already.
    within_days : int, mapping or None
        A day of knowledge later than this after ``period_end`` (of shares: ``date``) is not believed and the row
        is quarantined. As a mapping as ``lag_days``.
    """

    column: str | None = None
    month_day: str | None = None
    lag_days: Days | None = None
    as_of: date | None = None
    usable: Literal["next_session", "same_day"] = "next_session"
    within_days: Days | None = None

    @model_validator(mode="after")
    def _one(self) -> KnowledgeRule:
        given = [self.column, self.month_day, self.lag_days, self.as_of]
        if sum(one is not None for one in given) != 1:
            raise ValueError("give exactly one of column, month_day, lag_days and as_of")
        for days in (self.lag_days, self.within_days):
            unknown = sorted(set(days) - set(_REPORTS)) if isinstance(days, dict) else []
            if unknown:
                raise ValueError(f"{unknown[0]} is no report; days may be given for {', '.join(_REPORTS)}")
        return self

    def check(self, table: str) -> None:
        """Refuse what says nothing of a table's rows, so that no rule is passed over in silence.

        Raises
        ------
        ValueError
            Names the key, and what the table can be given instead.
        """
        by_report = any(isinstance(days, dict) for days in (self.lag_days, self.within_days))
        if table == "fundamentals" and self.as_of is not None:
            raise ValueError("knowledge.as_of is one day for a whole list; fundamentals have a day a filing")
        if table == "shares" and (self.month_day or by_report):
            raise ValueError("shares belong to no report: knowledge is column, as_of, or lag_days as one number")
        if table in ("tickers", "attributes") and (self.as_of is None or self.within_days is not None):
            raise ValueError(f"knowledge of {table} is as_of alone: the day of the list")


class InferRule(Strict):
    """How the period is found in a file that gives the day of disclosure and cumulative values only.

    Attributes
    ----------
    value : str
        Item whose cumulative value falls back after the year's end.
    filled, empty : tuple of str
        The file's columns that are mostly filled, or mostly empty, at the year's end.
    soonest, latest : int
        A quarter is disclosed this many days after its end.
    """

    value: str
    filled: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    soonest: int = Field(default=7, ge=0, le=30)
    latest: int = Field(default=75, ge=20, le=91)


class PeriodRule(Strict):
    """Which period a row's flows are of; an instant (balance sheet) needs no rule.

    Attributes
    ----------
    flows : {"quarter", "year_to_date", "year"} or mapping
        What the numbers of income and cash flow items cover. As a mapping, by the word in the column ``form``.
    fourth_quarter : {"as_is", "remainder"}
        ``remainder``: the fourth quarter was made as the year less the quarters in the file. It is a
        quarter only where the three others are there; where none is, it is the year; else it is quarantined.
    year_end_month : int
        Month in which the fiscal year ends, where no column ``fiscal_quarter`` says the quarter.
    infer : InferRule or None
        For a file without ``period_end``.
    """

    flows: Flow | dict[str, Flow] = "quarter"
    fourth_quarter: Literal["as_is", "remainder"] = "as_is"
    year_end_month: int = Field(default=12, ge=1, le=12)
    infer: InferRule | None = None


class ItemRule(Strict):
    """One item of the statements.

    Attributes
    ----------
    column : str or tuple of str
        The file's column; of several the first that is not null. In a long file, the word in the column
        ``item``.
    unit : float
        What one of the file's units is worth (1000000 for millions).
    flows : {"quarter", "year_to_date", "year"}, mapping or None
        Where it differs from the file's.
    kind : {"flow", "instant", "per_share"} or None
        Needed for an item that is not on the workbench's list; ``per_share`` is a flow in currency a share.
    money : bool or None
        Whether it has a currency; needed with ``kind`` only.
    """

    column: str | tuple[str, ...]
    unit: float = Field(default=1.0, gt=0)
    flows: Flow | dict[str, Flow] | None = None
    kind: Literal["flow", "instant", "per_share"] | None = None
    money: bool | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's columns, in order of preference."""
        return (self.column,) if isinstance(self.column, str) else self.column


class SpellRule(Strict):
    """When a code that is listed under another name is another company.

    Attributes
    ----------
    gap_days : int
        Off the list for more than this many days and another name afterwards: a new spell. A new name
        without such a gap is a new name of the same company.
    """

    gap_days: int = Field(default=62, ge=1)
