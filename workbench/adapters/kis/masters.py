"""What the master files say of a region, read once: the listing, and how each code is spelt at KIS."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from workbench import journal, markets
from workbench.adapters.kis import exchanges
from workbench.adapters.kis.master_files import MasterFiles
from workbench.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    import polars as pl

    from workbench.adapters.base import Listing
    from workbench.adapters.kis.exchanges import Exchange
    from workbench.adapters.kis.master_files import MasterFile
    from workbench.adapters.net import Patience


@dataclass(frozen=True)
class Instrument:
    """One code at KIS.

    Attributes
    ----------
    excd, symbol : str
        As its calls take them.
    listed : date or None
        First day on the list, where the file says so.
    in_master : bool
        Whether today's file has it.
    """

    excd: str
    symbol: str
    listed: date | None
    in_master: bool


@dataclass(frozen=True)
class Master:
    """The files of a region.

    Attributes
    ----------
    region : str
        Whose.
    rows : polars.DataFrame
        One a code; see :mod:`workbench.adapters.kis.master_overseas` and :mod:`...master_korea`.
    at : datetime
        UTC, when the oldest of the files was downloaded.
    """

    region: str
    rows: pl.DataFrame
    at: datetime

    @property
    def day(self) -> date:
        """The exchange-local day on which the files were downloaded."""
        from zoneinfo import ZoneInfo

        return self.at.astimezone(ZoneInfo(markets.get(self.region).timezone)).date()


def _parse(read: Callable[..., pl.DataFrame], exchange: Exchange, master: MasterFile) -> None:
    read([(exchange, master)])


class Masters:
    """The master files of all regions, parsed when first asked for and again when a day has passed.

    Parameters
    ----------
    patience : Patience, optional
        Of a download.
    """

    def __init__(self, patience: Patience | None = None) -> None:
        self._files = MasterFiles(patience)
        self._mutex = threading.Lock()
        self._kept: dict[str, Master] = {}
        self._index: dict[str, tuple[datetime, dict[str, Instrument]]] = {}

    def read(self, region: str) -> Master:
        """The files of a region.

        Raises
        ------
        ProviderError
            If a file cannot be had or read.
        """
        from workbench.adapters.kis import master_korea, master_overseas

        with self._mutex:
            reader = master_korea if region == "KR" else master_overseas
            files = []
            for exchange in exchanges.of_region(region):
                master = self._files.read(exchange.master, partial(_parse, reader.read, exchange))
                files.append((exchange, master))
            at = min(master.at for _, master in files)
            kept = self._kept.get(region)
            if kept is None or kept.at != at:
                kept = self._kept[region] = Master(region, reader.read(files), at)
            return kept

    def spelt(self, region: str, ticker: str, listing: Listing) -> Instrument | None:
        """How KIS spells one code; see :meth:`speller`."""
        return self.speller(region)(ticker, listing)

    def speller(self, region: str) -> Callable[[str, Listing], Instrument | None]:
        """How KIS spells codes: by its own files, else by the exchange that the lake knows.

        Parameters
        ----------
        region : str
            Whose codes; its files are looked at once.

        Returns
        -------
        callable
            ``spelt(ticker, listing)``, where the listing is what the lake knows: of a share that was delisted, the
            only source. It gives None where neither names the exchange (a Korean code needs none), and raises the
            provider error of the files where they cannot be had and the listing does not help.
        """
        try:
            return partial(_spelt, region, self.instruments(region), None)
        except ProviderError as error:
            journal.note("kis.no_master", level="warning", region=region, error=error.message, action=error.hint)
            return partial(_spelt, region, {}, error)

    def instruments(self, region: str) -> dict[str, Instrument]:
        """How each listed code is spelt; the frame of :meth:`read` as a lookup."""
        master = self.read(region)
        with self._mutex:
            at, found = self._index.get(region, (None, {}))
            if at != master.at:
                columns = master.rows.select("ticker", "excd", "symbol", "listed")
                found = {row[0]: Instrument(row[1], row[2], row[3], in_master=True) for row in columns.iter_rows()}
                self._index[region] = (master.at, found)
            return found


def _spelt(
    region: str, listed: dict[str, Instrument], error: ProviderError | None, ticker: str, listing: Listing
) -> Instrument | None:
    exchange = exchanges.of_mic(listing.exchange)
    if exchange is not None and exchange.region != region:
        exchange = None
    if ticker in listed:
        return listed[ticker]
    if error is not None and exchange is None:
        raise error
    if region == "KR":
        return Instrument("J", ticker, None, in_master=False) if markets.is_code("KR", ticker) else None
    if exchange is None:
        return None
    return Instrument(exchange.code, exchanges.symbol_of(region, ticker), None, in_master=False)
