"""Collection at the providers' limits: how close to the allowed rate it runs, and what it costs beside the wait.

    python bench/collect.py                     pace of each provider, and 300 tickers from KIS (about four minutes)
    python bench/collect.py --tickers 3000      3,000 tickers x 250 days from KIS end to end (about twelve minutes)
    python bench/collect.py --only pace --json figures.json

Local servers answer in the providers' own forms after 250 ms and refuse what exceeds the limit. The rate is
that of the calls as they arrive, from the first to the last of a run; collecting processes are separate from the
servers' one. "Own share" is the part of the time in which the limit would have allowed more calls. There is no
assertion on seconds: the tables show the aims next to the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from edgar_server import EdgarServer  # noqa: E402
from kis_server import KisServer  # noqa: E402
from rehearsal import KEYS  # noqa: E402
from world import World, world  # noqa: E402
from yahoo_server import YahooServer  # noqa: E402

from workbench import markets  # noqa: E402
from workbench.schemas import TABLES  # noqa: E402

LATENCY = 0.25
NOW = "2025-12-30T23:30:00+00:00"
LAST = date(2025, 12, 30)


class Wide(World):
    """Many US companies with plain bars: 250 sessions of each, no two alike."""

    def __init__(self, tickers: int, sessions: int) -> None:
        super().__init__("tiny")
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        # Five letters, and none of the words that mark a kind of security.
        self.names = [f"Q{letters[n // 676 % 26]}{letters[n // 26 % 26]}{letters[n % 26]}X" for n in range(tickers)]
        self.days = markets.sessions("US", date(2023, 1, 3), LAST)[-sessions:]

    def codes(self, region: str) -> list[str]:
        return self.names if region == "US" else []

    def rows(self, table: str, region: str) -> pl.DataFrame:
        if region != "US" or table != "tickers":
            return TABLES[table].empty()
        facts = {
            "region": "US",
            "ticker": self.names,
            "spell": 1,
            "name": [f"{code} INDUSTRIES" for code in self.names],
            "exchange": [("XNAS", "XNYS", "XASE")[n % 3] for n in range(len(self.names))],
            "currency": "USD",
            "asset_type": "stock",
            "listed_date": date(2010, 1, 4),
            "source": "sample",
        }
        blank = {name: None for name in TABLES["tickers"].columns if name not in facts}
        return pl.DataFrame(facts | blank, schema_overrides=dict(TABLES["tickers"].columns)).select(
            list(TABLES["tickers"].columns)
        )

    def of(self, table: str, region: str, ticker: str) -> pl.DataFrame:
        if table != "ohlcv" or region != "US" or ticker not in self._places:
            return TABLES[table].empty()
        place = self._places[ticker]
        close = [20.0 + place % 97 + 0.01 * (day % 40) for day in range(len(self.days))]
        rows = {
            "region": region,
            "ticker": ticker,
            "timeframe": "D",
            "date": self.days,
            "open": close,
            "high": [price + 0.05 for price in close],
            "low": [price - 0.05 for price in close],
            "close": close,
            "volume": [1000.0 + place] * len(close),
            "turnover": [price * 1000.0 for price in close],
            "adjusted": "none",
            "source": "sample",
            "collected_at": datetime(2025, 12, 30, tzinfo=UTC),
        }
        return pl.DataFrame(rows, schema=dict(TABLES["ohlcv"].columns))

    @property
    def _places(self) -> dict[str, int]:
        if not hasattr(self, "_found"):
            self._found = {code: place for place, code in enumerate(self.names)}
        return self._found


@dataclass(frozen=True)
class Trial:
    """What one provider is asked, and what its server allows."""

    provider: str
    server: Any
    table: str
    region: str
    tickers: int
    limit: tuple[int, float]


def trials() -> list[Trial]:
    """The providers whose limit binds; Polygon's free plan and AkShare are slow by choice, not by work."""
    return [
        Trial("kis", KisServer, "ohlcv", "US", 150, (15, 1.0)),
        Trial("edgar", EdgarServer, "fundamentals", "US", 150, (10, 1.0)),
        Trial("yahoo", YahooServer, "ohlcv", "US", 60, (3, 2.0)),
    ]


def pace() -> list[dict[str, Any]]:
    """Calls a second that arrive, in one process and in three that share a key."""
    found = []
    for trial in trials():
        for processes in (1, 3):
            with tempfile.TemporaryDirectory() as folder:
                found.append(_paced(trial, processes, Path(folder)))
                print(_line(found[-1]), flush=True)
    return found


def _line(row: dict[str, Any]) -> str:
    return "  ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in row.items()
    )


def _paced(trial: Trial, processes: int, folder: Path) -> dict[str, Any]:
    market = Wide(trial.tickers, 250) if trial.provider == "kis" else world("demo")
    codes = market.codes(trial.region)[: trial.tickers]
    with trial.server(market, latency=LATENCY, limit=trial.limit) as server:
        workers = [_spawn(trial, codes[number::processes], server.url, folder, number) for number in range(processes)]
        failed = [worker.wait() for worker in workers]
        calls = [call.at for call in server.calls if server.limited(call)]
    if any(failed):
        raise RuntimeError(f"a worker of {trial.provider} failed: {failed}")
    rate = (len(calls) - 1) / (max(calls) - min(calls))
    allowed = trial.limit[0] / trial.limit[1]
    return {
        "provider": trial.provider,
        "processes": processes,
        "calls": len(calls),
        "refused": server.refused,
        "calls a second": rate,
        "allowed": allowed,
        "share": rate / allowed,
        "aim": ">= 0.95, 0 refused",
    }


def _environment(url: str, folder: Path, provider: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}
    own = {
        "WORKBENCH_HOME": str(ROOT),
        "WORKBENCH_STATE": str(folder / "state"),
        "WORKBENCH_LAKE": str(folder / "lake"),
    }
    urls = {f"WORKBENCH_URL_{name}": url for name in (provider.upper(), "KIS_MASTER", "EDGAR_FILES")}
    return kept | own | urls | KEYS | {"WORKBENCH_NOW": NOW}


def _spawn(trial: Trial, codes: list[str], url: str, folder: Path, number: int) -> subprocess.Popen[bytes]:
    given = folder / f"codes-{number}.json"
    given.write_text(json.dumps({"codes": codes, "table": trial.table, "region": trial.region}))
    command = [sys.executable, __file__, "--worker", trial.provider, str(given)]
    return subprocess.Popen(command, env=_environment(url, folder, trial.provider))


def worker(provider: str, given: Path) -> None:
    """Ask one provider for some tickers, batch after batch: what a collection does without a lake."""
    from workbench import adapters
    from workbench.adapters.base import Listing, Request

    asked = json.loads(given.read_text())
    adapter, codes = adapters.get(provider), asked["codes"]
    listings = {code: Listing(exchange=("XNAS", "XNYS", "XASE")[n % 3]) for n, code in enumerate(codes)}
    if provider == "kis":
        own = adapter.fetch("tickers", Request(asked["region"])).frame
        listings = {code: Listing(exchange=exchange) for code, exchange in own.select("ticker", "exchange").rows()}
    days = markets.sessions("US", date(2024, 12, 1), LAST)[-250:]
    for at in range(0, len(codes), adapter.batch_size):
        some = tuple(codes[at : at + adapter.batch_size])
        adapter.fetch(asked["table"], Request(asked["region"], some, days[0], days[-1], listings))


def whole(tickers: int) -> dict[str, Any]:
    """Bars of 250 days of many tickers from KIS into a lake."""
    market, limit = Wide(tickers, 250), (15, 1.0)
    with tempfile.TemporaryDirectory() as name, KisServer(market, latency=LATENCY, limit=limit) as server:
        folder = Path(name)
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, __file__, "--collect", market.days[0].isoformat()],
            env=_environment(server.url, folder, "kis"),
            capture_output=True,
            text=True,
            check=True,
        )
        seconds = time.monotonic() - begun
        calls = sum(server.limited(call) for call in server.calls)
        told = json.loads(done.stdout.splitlines()[-1])
    least = calls / (limit[0] / limit[1])
    return {
        "tickers": tickers,
        "bars": told["bars"],
        "calls": calls,
        "refused": server.refused,
        "seconds": seconds,
        "the limit alone": least,
        "own share": 1.0 - least / seconds,
        "peak MB": told["peak_mb"],
        "aim": "own share < 0.05",
    }


def collect_whole(start: str) -> None:
    """The collecting process of :func:`whole`."""
    from workbench import collect
    from workbench.lake import Lake

    done = collect.collect(Lake(), "US", "kis", start=start, tables=["tickers", "ohlcv"])
    done.raise_for_failures()
    bars = Lake().sql("SELECT count(*) FROM ohlcv").item()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"bars": bars, "peak_mb": round(peak)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickers", type=int, default=300)
    parser.add_argument("--only", choices=["pace", "whole"])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--collect", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        worker(asked.worker[0], Path(asked.worker[1]))
        return
    if asked.collect:
        collect_whole(asked.collect)
        return
    os.environ["WORKBENCH_NOW"] = NOW
    figures: dict[str, Any] = {}
    if asked.only != "whole":
        figures["pace"] = pace()
    if asked.only != "pace":
        figures["whole"] = whole(asked.tickers)
        print(_line(figures["whole"]), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
