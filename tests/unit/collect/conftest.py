"""A small provider whose answers and faults a test decides, and a lake to collect into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import polars as pl
import pytest

from workbench import collect, markets
from workbench.adapters.base import Absent, Adapter, Fetched, Request
from workbench.errors import ProviderError
from workbench.lake import Lake
from workbench.schemas import TABLES

REGION = "KR"
START, END = date(2024, 1, 2), date(2024, 4, 30)


@dataclass
class Spell:
    listed: date | None = START
    delisted: date | None = None
    skip: set[date] = field(default_factory=set)


class Toy(Adapter):
    """Bars of a few tickers that rise by a won a session; every call is kept."""

    name = "toy"
    batch_size = 2

    def __init__(self, today: date = END, name: str = "toy") -> None:
        self.name = name
        self.today = today
        self.spells = {
            "000010": Spell(),
            "000020": Spell(),
            "000030": Spell(),
            "000040": Spell(delisted=date(2024, 3, 11)),
        }
        self.calls: list[tuple[str, Request]] = []
        self.errors: list[ProviderError | None] = []
        self.absent: tuple[Absent, ...] = ()
        self.change: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame
        self.actions: list[dict[str, object]] = []
        self.tables = {"tickers", "actions", "ohlcv"}

    @property
    def offers(self):
        return dict.fromkeys(self.tables, frozenset({REGION}))

    def last_date(self, region: str) -> date:
        return self.today

    def fetch(self, table: str, request: Request) -> Fetched:
        self.calls.append((table, request))
        error = self.errors.pop(0) if self.errors and table == "ohlcv" else None
        if error is not None:
            raise error
        rows = {"tickers": self._tickers, "actions": self._actions, "ohlcv": self._bars}[table](request)
        frame = pl.DataFrame(rows, schema=dict(TABLES[table].columns), orient="row")
        return Fetched(self.change(frame), self.absent) if table == "ohlcv" else Fetched(frame)

    def asked(self, table: str) -> list[Request]:
        return [request for name, request in self.calls if name == table]

    def _tickers(self, request: Request):
        fixed = {"region": REGION, "spell": 1, "name": None, "currency": "KRW", "source": self.name}
        return [
            fixed | {"ticker": code, "listed_date": spell.listed, "delisted_date": spell.delisted}
            for code, spell in self.spells.items()
        ]

    def _actions(self, request: Request):
        base = {"region": REGION, "kind": "split", "currency": "KRW", "source": self.name}
        return [base | row for row in self.actions if row["ticker"] in (request.tickers or ())]

    def _bars(self, request: Request):
        stamp = datetime(2024, 5, 1, tzinfo=UTC)
        rows = []
        for code in request.tickers or ():
            spell = self.spells[code]
            first, last = max(request.start, spell.listed or START), min(request.end, self.today)
            for day in markets.sessions(REGION, first, last) if first <= last else ():
                price = 1000.0 + (day - START).days
                if day not in spell.skip and not (spell.delisted and day >= spell.delisted):
                    rows.append(
                        (
                            REGION,
                            code,
                            "D",
                            day,
                            price,
                            price + 5,
                            price - 5,
                            price,
                            100.0,
                            None,
                            "none",
                            self.name,
                            stamp,
                        )
                    )
        return rows


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def make_toy() -> type[Toy]:
    return Toy


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def run(lake):
    """Collect the region without waiting, and check that every missing bar, and no other, is explained."""

    def collect_now(*providers: Adapter, **more):
        slept: list[float] = []
        pace = collect.Pace(sleep=slept.append, **more.pop("pace", {}))
        done = collect.collect(lake, REGION, list(providers), pace=pace, **more)
        assert collect.unexplained(lake, REGION).is_empty()
        assert collect.contradicted(lake, REGION).is_empty()
        return done

    return collect_now
