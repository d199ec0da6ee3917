"""A provider of invented US bars whose answers and faults a test decides, and chains of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime

import polars as pl

from workbench import markets
from workbench.adapters.base import Absent, Adapter, Fetched, Request
from workbench.collect import Chain, Chains
from workbench.collect.order import CooldownMinutes
from workbench.errors import ProviderError
from workbench.schemas import TABLES

REGION = "US"
SESSIONS = markets.sessions(REGION, date(2024, 1, 2), date(2024, 4, 30))
CODES = ("AAA", "BBB", "CCC", "DDD")


class Fake(Adapter):
    """Every ticker rises by a tenth of a dollar a session; what is special stands in the attributes."""

    name = "fake"
    batch_size = 2
    patient = True

    def __init__(self, name: str, *, today: date = SESSIONS[-1], tables: Iterable[str] = ("tickers", "ohlcv")) -> None:
        self.name = name
        self.today = today
        self.tables = tuple(tables)
        self.kind = "none"
        self.codes: tuple[str, ...] = CODES
        self.names: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.rows: dict[str, list[dict[str, object]]] = {}
        self.calls: list[tuple[str, Request]] = []
        self.errors: dict[str, list[ProviderError | None]] = {}
        self.absent: tuple[Absent, ...] = ()
        self.change: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame

    @property
    def offers(self) -> dict[str, frozenset[str]]:
        return dict.fromkeys(self.tables, frozenset({REGION}))

    def first_date(self, region: str) -> date:
        return SESSIONS[0]

    def last_date(self, region: str) -> date:
        return self.today

    def asked(self, table: str = "ohlcv") -> list[Request]:
        return [request for name, request in self.calls if name == table]

    def fetch(self, table: str, request: Request) -> Fetched:
        self.calls.append((table, request))
        queue = self.errors.get(table, [])
        error = queue.pop(0) if queue else None
        if error is not None:
            raise error
        absent = tuple(one for one in self.absent if one.ticker in (request.tickers or ()))
        if table == "ohlcv":
            return Fetched(self.change(self._bars(request)), absent)
        rows = self._listing() if table == "tickers" and table not in self.rows else self.rows.get(table, [])
        base = {"region": REGION, "source": self.name}
        frame = pl.DataFrame([base | row for row in rows], schema=dict(TABLES[table].columns))
        if request.tickers is not None and "ticker" in frame.columns:
            frame = frame.filter(pl.col("ticker").is_in(list(request.tickers)))
        return Fetched(frame, absent)

    def _listing(self) -> list[dict[str, object]]:
        fixed = {"spell": 1, "currency": "USD", "listed_date": SESSIONS[0]}
        return [
            fixed | {"ticker": code, "name": self.names.get(code, f"{code} Inc."), "asset_type": self.types.get(code)}
            for code in self.codes
        ]

    def _bars(self, request: Request) -> pl.DataFrame:
        first, last = max(request.start or SESSIONS[0], SESSIONS[0]), min(request.end or self.today, self.today)
        rows = []
        for code in request.tickers or ():
            for number, day in enumerate(SESSIONS):
                if first <= day <= last:
                    price = 50.0 + 0.1 * number
                    rows.append({"ticker": code, "date": day, "close": price, "open": price, "volume": 1000.0})
        frame = pl.DataFrame(rows, schema={name: TABLES["ohlcv"].columns[name] for name in _GIVEN})
        return frame.select(
            region=pl.lit(REGION),
            ticker="ticker",
            timeframe=pl.lit("D"),
            date="date",
            open="open",
            high=pl.col("close") + 0.2,
            low=pl.col("close") - 0.2,
            close="close",
            volume="volume",
            turnover=pl.lit(None, pl.Float64),
            adjusted=pl.lit(self.kind),
            source=pl.lit(self.name),
            collected_at=pl.lit(datetime(2024, 5, 1, tzinfo=UTC)).cast(TABLES["ohlcv"].columns["collected_at"]),
        )


_GIVEN = ("ticker", "date", "close", "open", "volume")
PRICES = ("open", "high", "low", "close")


def times(factor: float, *, since: date = SESSIONS[0], until: date = SESSIONS[-1], ticker: str | None = None):
    """A change of a provider's bars: prices of some days are ``factor`` times what they should be."""

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        there = pl.col("date").is_between(since, until)
        if ticker is not None:
            there &= pl.col("ticker") == ticker
        return frame.with_columns(
            pl.when(there).then(pl.col(name) * factor).otherwise(pl.col(name)).alias(name) for name in PRICES
        )

    return change


def chains(
    *providers: Fake,
    combine: Iterable[str] = (),
    cooldown: CooldownMinutes | None = None,
    every_days: Mapping[str, int] | None = None,
    asset_types: Iterable[str] = (),
) -> Chains:
    """The chains of these providers, of all tables that one of them has."""
    tables = dict.fromkeys(table for one in providers for table in one.tables)
    made = {
        table: Chain(
            table,
            tuple(one for one in providers if table in one.tables),
            "all" if table in tuple(combine) else "first",
            every_days=(every_days or {}).get(table, 1),
        )
        for table in tables
    }
    return Chains(REGION, made, {}, cooldown or CooldownMinutes(), tuple(asset_types))
