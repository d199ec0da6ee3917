"""All providers at once, each a local server in its own form, over one market; and the variables that lead there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from akshare_server import AkshareServer
from dart_server import DartServer
from edgar_server import EdgarServer
from kis_server import KisServer
from local_server import LocalServer
from polygon_server import PolygonServer
from world import World
from yahoo_server import YahooServer

#: Calls/seconds fast enough for a test, of the providers and of their second hosts.
FAST = "400/1"
#: Faults of the wire and of the gateway that every provider may show any day.
FAULTS = ("429", "500", "reset", "truncate", "invalid_json", "html")
KEYS = {
    "KIS_APP_KEY": "SENTINELkisappkey".ljust(36, "k"),
    "KIS_APP_SECRET": "SENTINELkisappsecret".ljust(180, "s"),
    "POLYGON_API_KEY": "SENTINELpolygonkey".ljust(32, "p"),
    "DART_API_KEY": "5e47113e1da17".ljust(40, "d"),
    "EDGAR_USER_AGENT": "Sentinel Desk sentinel.desk@example.org",
}


@dataclass
class Stage:
    """The running servers by provider, and the environment in which a process meets them."""

    servers: dict[str, LocalServer]
    environment: dict[str, str]

    @property
    def calls(self) -> dict[str, int]:
        """Requests that arrived, by provider."""
        return {name: len(server.calls) for name, server in self.servers.items()}

    def spoil(self, share: float, kinds: tuple[str, ...] = FAULTS) -> None:
        """Let a random share of all answers be bad, each kind as often as the other."""
        for server in self.servers.values():
            for kind in kinds:
                server.fault(kind, share=share / len(kinds))


@contextmanager
def stage(world: World, folder: Path, now: str, **options: Mapping[str, Any]) -> Iterator[Stage]:
    """Run the servers of all providers.

    Parameters
    ----------
    world : World
        What all of them know.
    folder : Path
        Of the lake, the reports and the state.
    now : str
        The instant at which the world is asked.
    **options : mapping
        Options of single servers, by provider: ``kis={"latency": 0.25}``.
    """
    kinds: dict[str, Any] = {
        "kis": KisServer,
        "polygon": PolygonServer,
        "akshare": AkshareServer,
        "yahoo": YahooServer,
        "dart": DartServer,
        "edgar": EdgarServer,
    }
    # EDGAR knows no keys: it refuses who names no address. Yahoo and AkShare ask for none.
    defaults: dict[str, dict[str, Any]] = {
        "kis": {"keys": (KEYS["KIS_APP_KEY"], KEYS["KIS_APP_SECRET"])},
        "polygon": {"key": KEYS["POLYGON_API_KEY"]},
        "dart": {"key": KEYS["DART_API_KEY"]},
        "yahoo": {"retry_after": 1},
    }
    with ExitStack() as opened:
        # The servers tell the time by the clock of this process.
        opened.enter_context(_clock(now))
        servers = {
            name: opened.enter_context(kind(world, **(defaults.get(name, {}) | dict(options.get(name, {})))))
            for name, kind in kinds.items()
        }
        environment = {f"WORKBENCH_URL_{name.upper()}": server.url for name, server in servers.items()}
        environment |= {f"WORKBENCH_RATE_{name.upper()}": FAST for name in servers}
        environment |= {
            "WORKBENCH_URL_KIS_MASTER": servers["kis"].url,
            "WORKBENCH_URL_EDGAR_FILES": servers["edgar"].url,
            "WORKBENCH_LAKE": str(folder / "lake"),
            "WORKBENCH_REPORTS": str(folder / "reports"),
            "WORKBENCH_STATE": str(folder / "state"),
            "WORKBENCH_NOW": now,
        }
        yield Stage(servers, environment | KEYS)


@contextmanager
def _clock(now: str) -> Iterator[None]:
    before = os.environ.get("WORKBENCH_NOW")
    os.environ["WORKBENCH_NOW"] = now
    try:
        yield
    finally:
        if before is None:
            del os.environ["WORKBENCH_NOW"]
        else:
            os.environ["WORKBENCH_NOW"] = before
