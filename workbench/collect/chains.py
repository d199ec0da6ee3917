"""The providers of a region as they are configured here: who is asked for each table, and who is left out."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench import adapters, markets, secrets
from workbench.collect.mixing import SAMPLE, guard_mixing
from workbench.collect.order import ORDER, CooldownMinutes, load_order
from workbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.adapters.base import Adapter
    from workbench.collect.order import Order, TableOrder
    from workbench.lake import Lake


@dataclass(frozen=True)
class Chain:
    """The providers of one table, in the order they are asked.

    Attributes
    ----------
    table : str
        Its name.
    providers : tuple of Adapter
        Configured ones that offer the table for the region; may be empty.
    combine : str
        ``first`` or ``all``, see :class:`workbench.collect.order.TableOrder`.
    missing : str
        Whom the order names besides, and why each is not asked.
    every_days : int
        After how many days a ticker is asked again.
    """

    table: str
    providers: tuple[Adapter, ...]
    combine: str = "first"
    missing: str = ""
    every_days: int = 1


@dataclass(frozen=True)
class Chains:
    """The providers of a region.

    Attributes
    ----------
    region : str
        One of the six regions.
    tables : mapping of str to Chain
        By table.
    left_out : mapping of str to str
        Why a provider is not asked, or only for what it gives without a key, such as ``no key (KIS_APP_KEY)``.
    cooldown : CooldownMinutes
        For how long a failing provider is put aside.
    asset_types : tuple of str
        Kinds of security that are asked by ticker; empty for all.
    """

    region: str
    tables: Mapping[str, Chain]
    left_out: Mapping[str, str] = field(default_factory=dict)
    cooldown: CooldownMinutes = field(default_factory=CooldownMinutes)
    asset_types: tuple[str, ...] = ()

    @property
    def providers(self) -> tuple[Adapter, ...]:
        """Every provider that is asked for something, once."""
        return tuple({one.name: one for chain in self.tables.values() for one in chain.providers}.values())


def chain_for(lake: Lake, region: str, tables: Sequence[str] | None = None) -> Chains:
    """The providers of a region by ``params/collection/<region>.yaml``, as far as they are configured here.

    Parameters
    ----------
    lake : Lake
        What is to be collected into.
    region : str
        One of the six regions.
    tables : sequence of str, optional
        Some of those the file names.

    Raises
    ------
    ConfigError
        If the file is not usable or names a provider for a table that it does not offer for the region, or the
        lake holds the sample market.
    """
    (region,) = markets.check_regions([region])
    order = load_order(region)
    ready: dict[str, Adapter] = {}
    left_out: dict[str, str] = {}
    for section in order.tables().values():
        for name in section.names():
            if name not in ready and name not in left_out:
                _sort_in(name, ready, left_out)
    _check_offers(region, order, ready)
    chains = {
        table: _chain(table, section, region, ready, left_out)
        for table, section in order.tables().items()
        if tables is None or table in tables
    }
    found = Chains(region, chains, left_out, order.cooldown_minutes, order.asset_types)
    if found.providers:
        guard_mixing(lake, [one.name for one in found.providers])
    return found


def why_not(name: str) -> str:
    """Why a provider cannot be asked here, such as ``no key (KIS_APP_KEY)``; empty where it can."""
    kind = adapters.kind(name)
    if kind.optional and importlib.util.find_spec(kind.optional) is None:
        return f'not installed (pip install "spock-workbench[{kind.optional}]")'
    keys = [one.removeprefix("env:") for one in kind.secrets if not secrets.is_set(one)]
    return f"no key ({', '.join(keys)})" if keys else ""


def _sort_in(name: str, ready: dict[str, Adapter], left_out: dict[str, str]) -> None:
    reason, keyless = why_not(name), sorted(adapters.kind(name).keyless)
    if reason:
        some = reason.startswith("no key") and bool(keyless)
        left_out[name] = f"{reason}: asked for {', '.join(keyless)} only" if some else reason
        if not some:
            return
    try:
        ready[name] = adapters.get(name)
    except ConfigError as error:
        left_out[name] = str(error)


def _chain(
    table: str, section: TableOrder, region: str, ready: Mapping[str, Adapter], left_out: Mapping[str, str]
) -> Chain:
    chosen: list[Adapter] = []
    missing: list[str] = []
    for entry in section.providers:
        for name in (part.strip() for part in entry.split("|")):
            adapter = ready.get(name)
            open_to_us = adapter is not None and (name not in left_out or table in adapter.keyless)
            if adapter is not None and open_to_us and region in adapter.offers.get(table, frozenset()):
                chosen.append(adapter)
                break
            missing.append(f"{name}: {left_out[name]}")
    return Chain(table, tuple(chosen), section.combine, "; ".join(missing), section.every_days)


def _check_offers(region: str, order: Order, ready: Mapping[str, Adapter]) -> None:
    """Refuse a file that asks a provider for what it does not have; one without its package cannot say."""
    for table, section in order.tables().items():
        for name in section.names():
            adapter = ready.get(name) or _made(name)
            if adapter is None or region in adapter.offers.get(table, frozenset()):
                continue
            raise ConfigError(
                f"params/collection/{region.lower()}.yaml: {table} names {name}, which has no {table} of {region}.",
                hint=f"Of {region} it is offered by {', '.join(_offering(table, region)) or 'nobody'}.",
                table=table,
                provider=name,
            )


def _offering(table: str, region: str) -> list[str]:
    """Providers of real data that have a table of a region, as far as they can say it here."""
    made = (_made(name) for name in adapters.names() if name != SAMPLE)
    return [one.name for one in made if one is not None and region in one.offers.get(table, frozenset())]


def _made(name: str) -> Adapter | None:
    """The provider whether it has its keys or not; None where it cannot be made here."""
    if "not installed" in why_not(name):
        return None
    try:
        return adapters.get(name)
    except ConfigError:
        return None


def explicit(region: str, providers: Sequence[Adapter]) -> Chains:
    """The chains of providers that a caller names: each table of those that offer it, in that order.

    Raises
    ------
    ConfigError
        A provider has nothing of the region.
    """
    for one in providers:
        if not any(region in regions for regions in one.offers.values()):
            has = "; ".join(f"{table} of {', '.join(sorted(regions))}" for table, regions in one.offers.items())
            raise ConfigError(f"{one.name} has nothing of {region}.", hint=f"It has {has}.", provider=one.name)
    found = {
        table: Chain(table, tuple(one for one in providers if region in one.offers.get(table, frozenset())))
        for table in ORDER
    }
    return Chains(region, {table: chain for table, chain in found.items() if chain.providers})
