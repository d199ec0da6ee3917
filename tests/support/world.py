"""One market for all local servers: the sample market's rows, which each server writes in its provider's form."""

from __future__ import annotations

from datetime import date
from functools import cache, cached_property

import polars as pl

from workbench.adapters.base import Listing, Request
from workbench.adapters.sample import Sample

#: An instant at which the sample market's last day is complete in all six regions, and no later one has begun.
AFTER_THE_END = "2025-12-30T23:30:00+00:00"


class World:
    """Rows of the sample market as providers would know them on ``today``.

    Parameters
    ----------
    size : str
        ``tiny`` (20 codes a region, 3 years) or ``demo`` (150, 6 years).
    today : date or None
        Later bars are not there yet; by default the sample market's last day.
    most : int
        Codes a region, the first ones in alphabetical order.
    """

    def __init__(self, size: str = "tiny", *, today: date | None = None, most: int = 1000) -> None:
        self._sample = Sample(size=size, **({"today": today.isoformat()} if today else {}))
        self.most = most

    def last(self, region: str) -> date:
        """The last completed session."""
        return self._sample.last_date(region)

    def codes(self, region: str) -> list[str]:
        return self._table("tickers", region)["ticker"].unique().sort().head(self.most).to_list()

    def rows(self, table: str, region: str) -> pl.DataFrame:
        """All rows of a table of one region, in the columns of the lake."""
        frame = self._table(table, region)
        return frame.filter(pl.col("ticker").is_in(self.codes(region))) if "ticker" in frame.columns else frame

    def of(self, table: str, region: str, ticker: str) -> pl.DataFrame:
        """The rows of one ticker, by date where the table has one."""
        return self._by_ticker(table, region).get((ticker,), self._table(table, region).head(0))

    def listings(self, region: str) -> dict[str, Listing]:
        """What the lake would know of the codes, of the newest spell of each."""
        newest = self.rows("tickers", region).sort("spell").unique("ticker", keep="last", maintain_order=True)
        names = ("exchange", "issuer_id", "currency", "name", "listed_date", "delisted_date")
        return {row[0]: Listing(*row[1:]) for row in newest.select("ticker", *names).rows()}

    @cache  # noqa: B019
    def _by_ticker(self, table: str, region: str) -> dict[tuple[str], pl.DataFrame]:
        return self.rows(table, region).partition_by("ticker", as_dict=True, maintain_order=True)  # type: ignore[return-value]

    @cache  # noqa: B019
    def _table(self, table: str, region: str) -> pl.DataFrame:
        wanted = None
        if table not in ("tickers", "attributes", "fx", "indexes"):
            wanted = tuple(self.codes(region))
        return self._sample.fetch(table, Request(region, wanted)).frame

    @cached_property
    def offers(self) -> dict[str, frozenset[str]]:
        return dict(self._sample.offers)


@cache
def world(size: str = "tiny", most: int = 1000) -> World:
    """The world of a size, made once a process."""
    return World(size, most=most)
