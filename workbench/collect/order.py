"""Who is asked for what in a region, in which order: ``params/collection/<region>.yaml``, checked strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workbench import adapters, settings
from workbench.errors import ConfigError
from workbench.schemas.market import ASSET_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: In this order: listings say which bars to expect, and actions explain jumps, before bars are checked.
ORDER = ("tickers", "attributes", "fx", "indexes", "actions", "shares", "ohlcv", "fundamentals")
#: Of these the answers of several providers can be put together row by row.
COMBINED = frozenset({"tickers", "attributes", "actions", "shares", "fundamentals"})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableOrder(_Strict):
    """The providers of one table.

    Attributes
    ----------
    providers : tuple of str
        In the order they are asked; ``one|other`` is the first of them that is configured.
    combine : {"first", "all"}
        ``first``: a later provider is asked for what the earlier ones did not give. ``all``: each is asked;
        the values of an earlier one stand, later ones fill what is null and add rows.
    every_days : int
        A ticker is asked again so many calendar days after the last time, at the earliest. What is asked for all
        tickers at once, and bars, are asked each day.
    """

    providers: tuple[str, ...] = Field(min_length=1)
    combine: Literal["first", "all"] = "first"
    every_days: int = Field(default=1, ge=1, le=366)

    def names(self) -> list[str]:
        """All providers that are named."""
        return [name.strip() for one in self.providers for name in one.split("|")]


class CooldownMinutes(_Strict):
    """Minutes for which a provider is left alone, by what went wrong.

    Attributes
    ----------
    throttled, unreachable : float
        From the end of the patience; where the provider says how long, that stands if it is longer.
    unauthorised, shape_changed : float
        Nothing but a person cures these: a new key ends the first at once.
    """

    throttled: float = Field(default=15.0, gt=0)
    unreachable: float = Field(default=15.0, gt=0)
    unauthorised: float = Field(default=720.0, gt=0)
    shape_changed: float = Field(default=720.0, gt=0)


class Order(_Strict):
    """The content of one file: a section a table, how long a failing provider is put aside, and which kinds count.

    Attributes
    ----------
    cooldown_minutes : CooldownMinutes
        By what went wrong.
    asset_types : tuple of str
        Some of :data:`ASSET_TYPES`: whatever is asked by ticker is asked for these kinds and for tickers whose
        kind nobody says. Empty: all. Listings stay whole.
    """

    cooldown_minutes: CooldownMinutes = CooldownMinutes()
    asset_types: tuple[str, ...] = ()
    tickers: TableOrder | None = None
    attributes: TableOrder | None = None
    fx: TableOrder | None = None
    indexes: TableOrder | None = None
    actions: TableOrder | None = None
    shares: TableOrder | None = None
    ohlcv: TableOrder | None = None
    fundamentals: TableOrder | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Order:
        unknown = [kind for kind in self.asset_types if kind not in ASSET_TYPES]
        if unknown:
            raise ValueError(f"asset_types: there is no kind {unknown[0]!r}; there are {', '.join(ASSET_TYPES)}")
        if self.ohlcv is not None and self.ohlcv.every_days > 1:
            raise ValueError("ohlcv has no every_days: each session is asked")
        for table, order in self.tables().items():
            if order.combine == "all" and table not in COMBINED:
                raise ValueError(f"{table} cannot be combined; combine: all is for {', '.join(sorted(COMBINED))}")
            if len(set(order.names())) < len(order.names()):
                raise ValueError(f"{table} names a provider twice")
        return self

    def tables(self) -> dict[str, TableOrder]:
        """The sections that are there, in the order of collection."""
        return {table: order for table in ORDER if (order := getattr(self, table)) is not None}


def path_of(region: str) -> Path:
    """Where the order of a region stands."""
    return settings.load().home / "params" / "collection" / f"{region.lower()}.yaml"


def load_order(region: str) -> Order:
    """Read and check the order of a region.

    Raises
    ------
    ConfigError
        The file is missing or no YAML, a key or a provider is unknown (the message names the known ones), or
        a value is out of its bound.
    """
    import yaml

    path = path_of(region)
    if not path.is_file():
        raise ConfigError(
            f"There is no order of providers for {region}: {path} is missing.",
            hint="Restore the file, or name the provider: collect(lake, region, provider=...).",
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name} is not YAML: {error}.", hint="Check its indentation and colons.") from error
    order = _checked(content, f"params/collection/{path.name}")
    known = adapters.names()
    for table, section in order.tables().items():
        unknown = [name for name in section.names() if name not in known]
        if unknown:
            raise ConfigError(
                f"params/collection/{path.name}: {table} names the provider {unknown[0]!r}, which there is not.",
                hint=f"Known: {', '.join(known)}.",
            )
    return order


def _checked(content: Any, label: str) -> Order:
    try:
        return Order.model_validate(content)
    except ValidationError as error:
        # An unknown key first: what it may have meant is then missing as well.
        fault = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        place = [str(part) for part in fault["loc"]]
        where = ".".join(place) or "the file"
        if fault["type"] == "extra_forbidden":
            known = ", ".join(_fields(place))
            raise ConfigError(f"{label}: {where} is no key.", hint=f"Known keys there: {known}.") from error
        said = fault["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{label}: {where}: {said}.", hint="Correct it.") from error


def _fields(place: list[str]) -> Mapping[str, Any]:
    if len(place) == 1:
        return Order.model_fields
    return (CooldownMinutes if place[0] == "cooldown_minutes" else TableOrder).model_fields
