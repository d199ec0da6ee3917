"""Providers that are put aside for a while: one small file in the state folder, shared by all processes."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench import adapters, journal, secrets, settings
from workbench.collect.order import CooldownMinutes
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable
from workbench.schemas import INSTANT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.adapters.base import Adapter

#: Everything of a provider, where its failure is not one of a table.
ANY = "*"
_KINDS: dict[type[ProviderError], str] = {
    Throttled: "throttled",
    Unreachable: "unreachable",
    Unauthorised: "unauthorised",
    ShapeChanged: "shape_changed",
}
_ACTIONS = {
    "throttled": "Nothing: it is asked again after that time.",
    "unreachable": "Check the network; it is asked again after that time.",
    "unauthorised": "Check the key and what the subscription covers (`wb doctor`); a new key ends the wait.",
    "shape_changed": "Adapt the adapter to the provider's new format, then clear its cool-down.",
}
_COLUMNS = {
    "provider": pl.String(),
    "region": pl.String(),
    "table": pl.String(),
    "reason": pl.String(),
    "until": INSTANT,
    "said": pl.String(),
    "action": pl.String(),
}


@dataclass(frozen=True)
class Aside:
    """A provider that is not asked until an instant.

    Attributes
    ----------
    provider, region, table : str
        What is not asked; :data:`ANY` stands for all regions or tables: the pace is one of the key, but a
        refusal or another shape concerns what was asked.
    reason : str
        ``throttled``, ``unreachable``, ``unauthorised`` or ``shape_changed``.
    until : datetime
        UTC.
    said : str
        The provider's error.
    keys : str
        A digest of the keys in use then: others may work.
    """

    provider: str
    region: str
    table: str
    reason: str
    until: datetime
    said: str
    keys: str

    def error(self) -> ProviderError:
        """The error of asking it all the same."""
        kind = next(kind for kind, name in _KINDS.items() if name == self.reason)
        when = f"{self.until:%Y-%m-%d %H:%M} UTC"
        return kind(f"{self.provider} is put aside until {when} ({self.reason}: {self.said})")


class Cooldowns:
    """Who is put aside, as all processes know it.

    Parameters
    ----------
    minutes : CooldownMinutes, optional
        How long, by what went wrong.
    """

    def __init__(self, minutes: CooldownMinutes | None = None) -> None:
        self.minutes = minutes or CooldownMinutes()
        self.path = settings.load().state / "cooldowns.json"

    def of(self, adapter: Adapter, region: str, table: str) -> Aside | None:
        """Whether a provider is put aside for this question, and until when."""
        places = {(region, table), (ANY, ANY)}
        for one in self._valid(self._read()):
            changed = one.reason == "unauthorised" and one.keys != _keys(adapter)
            if one.provider == adapter.name and (one.region, one.table) in places and not changed:
                return one
        return None

    def put(self, adapter: Adapter, region: str, table: str, error: ProviderError) -> Aside | None:
        """Put a provider aside for its error; None for an error that concerns one request only."""
        reason = next((name for kind, name in _KINDS.items() if isinstance(error, kind)), None)
        if reason is None:
            return None
        passing = reason in ("throttled", "unreachable")
        wait = timedelta(minutes=getattr(self.minutes, reason))
        wait = max(wait, timedelta(seconds=float(error.context.get("retry_after") or 0.0)))
        place = (ANY, ANY) if passing else (region, table)
        said = secrets.masked(error.message)
        found = Aside(adapter.name, *place, reason, settings.now() + wait, said, _keys(adapter))
        with self._changed() as entries:
            same = [one for one in entries if (one.provider, one.region, one.table) == (adapter.name, *place)]
            entries[:] = [*(one for one in self._valid(entries) if one not in same), found]
        journal.note(
            "collect.put_aside",
            level="warning",
            action=_ACTIONS[reason],
            provider=adapter.name,
            region=found.region,
            table=found.table,
            reason=reason,
            until=found.until.isoformat(timespec="seconds"),
            said=found.said,
        )
        return found

    def clear(self, provider: str | None = None) -> int:
        """Ask a provider again from now on (all of them for None); returns how many entries went."""
        with self._changed() as entries:
            kept = [one for one in entries if provider not in (None, one.provider)]
            gone = len(entries) - len(kept)
            entries[:] = kept
        return gone

    def frame(self) -> pl.DataFrame:
        """Who is put aside now: provider, region, table (``*`` for all), reason, until, said, action."""
        rows = [asdict(one) | {"action": _ACTIONS[one.reason]} for one in self._valid(self._read())]
        return pl.DataFrame([{name: row[name] for name in _COLUMNS} for row in rows], schema=_COLUMNS)

    @staticmethod
    def _valid(entries: list[Aside]) -> list[Aside]:
        return [one for one in entries if one.until > settings.now()]

    def _read(self) -> list[Aside]:
        try:
            found = json.loads(self.path.read_bytes())
            return [_entry(one) for one in found]
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, KeyError):
            # A file that another version wrote says nothing: at worst a provider is asked once more.
            return []

    @contextmanager
    def _changed(self) -> Iterator[list[Aside]]:
        """The entries, to be changed under a lock that dies with its holder."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries = self._read()
            yield entries
            temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
            temporary.write_text(json.dumps([asdict(one) for one in entries], default=str), encoding="utf-8")
            temporary.replace(self.path)
        finally:
            os.close(lock)


def _entry(found: dict[str, Any]) -> Aside:
    until = datetime.fromisoformat(found["until"])
    if until.tzinfo is None or found["reason"] not in _ACTIONS:
        raise ValueError("an entry of another version")
    return Aside(**(found | {"until": until}))


def _keys(adapter: Adapter) -> str:
    """A digest of the provider's keys, so that new ones are noticed; empty where it needs none."""
    values = [secrets.secret(one).reveal() for one in adapter.secrets if secrets.is_set(one)]
    return hashlib.sha256("\0".join(values).encode()).hexdigest()[:12] if values else ""


def put_aside() -> pl.DataFrame:
    """Providers that collection does not ask at present.

    Returns
    -------
    polars.DataFrame
        provider, region, table (``*`` for all), reason, until (UTC), said, action.
    """
    return Cooldowns().frame()


def ask_again(provider: str | None = None) -> int:
    """End the cool-down of a provider, or of all, after its cause has been cured.

    Returns
    -------
    int
        Entries that were removed.

    Raises
    ------
    ConfigError
        For an unknown provider.
    """
    if provider is not None:
        adapters.kind(provider)
    return Cooldowns().clear(provider)
