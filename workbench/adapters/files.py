"""The user's own price files: a short YAML says which column is what, and in which unit.

A specification is checked strictly before a file is opened: an unknown key, a missing column or a
region that does not exist is an error with the next action. Reading stands in
:mod:`workbench.adapters.file_reading`.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workbench.errors import ConfigError
from workbench.settings import REGIONS

#: Our columns that a file of each table may hold; the first ones are needed.
COLUMNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ohlcv": (
        ("ticker", "date", "close"),
        ("open", "high", "low", "volume", "turnover", "name", "exchange", "restated_close"),
    ),
    "fx": (("pair", "date", "close"), ()),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TickerRule(_Strict):
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
    """

    pad: int = Field(default=0, ge=0, le=12)
    case: Literal["keep", "upper", "lower"] = "keep"
    strip_suffix: str = ""
    check: bool = True


class DuplicateRule(_Strict):
    """Which of several rows of one ticker and day is published; the others are counted as superseded.

    Attributes
    ----------
    order_by : str
        Column of the file that orders the editions of a day.
    keep : {"first", "last"}
        ``first`` is what was known on the day, ``last`` what is known today.
    """

    order_by: str
    keep: Literal["first", "last"] = "first"


class FixRule(_Strict):
    """When an exchange rate was fixed.

    Attributes
    ----------
    timezone : str
        IANA zone in which the file's instant is turned into a date.
    marks : {"start", "end"}
        Whether the instant opens the day whose close is used (the fix is then a day later) or is the fix.
    """

    timezone: str = "UTC"
    marks: Literal["start", "end"] = "end"


class FileSpec(_Strict):
    """One file, or several of the same form, mapped onto a table of the lake.

    Attributes
    ----------
    file : str
        Path or glob below the root folder; CSV (.csv, .csv.gz) or Parquet.
    table : {"ohlcv", "fx"}
        What it holds.
    source : str
        Written into every row; names the origin in reports. Never ``sample``.
    columns : mapping of str to str
        Our name to the file's name, see :data:`COLUMNS`.
    region : str or None
        One of the six regions; needed for prices, refused for rates.
    currency : str or None
        ISO code of the prices; by default the region's.
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
    asset_type : str
        Written into the ticker rows.
    lake : str or None
        Name of a lake of its own, a folder beside the main one: for a file whose prices must not share
        tickers with another file, because they are adjusted in another way.
    fix : FixRule
        For rates only.
    quoted : {"units_per_usd", "usd_per_unit"}
        For rates only: what the number means.
    """

    file: str
    table: Literal["ohlcv", "fx"] = "ohlcv"
    source: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    columns: dict[str, str]
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
    asset_type: str = "stock"
    lake: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    fix: FixRule = FixRule()
    quoted: Literal["units_per_usd", "usd_per_unit"] = "units_per_usd"

    @model_validator(mode="after")
    def _consistent(self) -> FileSpec:
        needed, optional = COLUMNS[self.table]
        missing = [name for name in needed if name not in self.columns]
        unknown = [name for name in self.columns if name not in (*needed, *optional)]
        if missing or unknown:
            raise ValueError(
                f"columns must map {', '.join(needed)} and may map {', '.join(optional) or 'nothing else'}; "
                f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
            )
        if self.table == "ohlcv" and self.region not in REGIONS:
            raise ValueError(f"region must be one of {', '.join(REGIONS)}, not {self.region!r}")
        if self.table == "fx" and self.region is not None:
            raise ValueError("rates belong to a currency, not to a region: leave region out")
        if self.source == "sample":
            raise ValueError("source 'sample' is kept for the sample market: name the origin of the file")
        if self.derive_actions and not (self.duplicates and "restated_close" in self.columns):
            raise ValueError("derive_actions needs duplicates and the column restated_close")
        return self


#: Keys that hold keys of their own.
_RULES: dict[str, type[_Strict]] = {"ticker": TickerRule, "duplicates": DuplicateRule, "fix": FixRule}


def load_spec(spec: FileSpec | str | Path | dict[str, Any]) -> FileSpec:
    """Read and check a specification.

    Parameters
    ----------
    spec : FileSpec, str, Path or dict
        A specification, the path of its YAML file, or its content.

    Raises
    ------
    ConfigError
        If the file is missing or no YAML, or a key is unknown, missing or out of its bound.
    """
    if isinstance(spec, FileSpec):
        return spec
    where = "the specification" if isinstance(spec, dict) else str(spec)
    content = spec if isinstance(spec, dict) else _yaml(Path(spec))
    try:
        return FileSpec.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(_fault(one["loc"], one["type"], one["msg"]) for one in error.errors())
        raise ConfigError(
            f"{where} is not usable: {faults}.",
            hint="Compare it with params/collection/files_example.yaml.",
        ) from error


def _fault(place: tuple[int | str, ...], kind: str, message: str) -> str:
    """One fault in words; of an unknown key with what it may have meant, and the keys there are."""
    where = ".".join(map(str, place)) or "spec"
    if kind != "extra_forbidden":
        return f"{where}: {message}"
    known = list(_RULES[str(place[0])].model_fields if len(place) > 1 else FileSpec.model_fields)
    close = difflib.get_close_matches(str(place[-1]), known, n=1)
    meant = f", did you mean {close[0]!r}?" if close else ""
    return f"{where} is no key{meant} (known: {', '.join(known)})"


def _yaml(path: Path) -> object:
    if not path.is_file():
        raise ConfigError(f"There is no specification {path}.", hint="Pass the path of a YAML file.")
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}.", hint="Correct the line it names.") from error
