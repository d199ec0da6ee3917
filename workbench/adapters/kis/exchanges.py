"""The exchanges that KIS serves: their codes there, their master files, and how a symbol is spelt on either side.

Source: the broker's own parameter lists of its quotation and order calls.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench import markets


@dataclass(frozen=True)
class Exchange:
    """One exchange as KIS names it.

    Attributes
    ----------
    code : str
        ``EXCD`` of the quotation calls; ``J`` for all of Korea.
    region, mic : str
        Ours.
    master : str
        Name of the file that lists it, without ``.zip``.
    also : tuple of str
        Further MICs whose shares KIS files under this exchange.
    """

    code: str
    region: str
    mic: str
    master: str
    also: tuple[str, ...] = ()

    @property
    def domestic(self) -> bool:
        """Served by the Korean calls, which differ from the overseas ones in every name."""
        return self.region == "KR"


EXCHANGES = (
    Exchange("J", "KR", "XKRX", "kospi_code.mst"),
    Exchange("J", "KR", "XKOS", "kosdaq_code.mst"),
    Exchange("J", "KR", "XKON", "konex_code.mst"),
    Exchange("NAS", "US", "XNAS", "nasmst.cod"),
    Exchange("NYS", "US", "XNYS", "nysmst.cod"),
    # Funds of NYSE Arca, such as SPY, are filed here too; the master does not say which.
    Exchange("AMS", "US", "XASE", "amsmst.cod", also=("ARCX", "BATS")),
    Exchange("SHS", "CN", "XSHG", "shsmst.cod"),
    Exchange("SZS", "CN", "XSHE", "szsmst.cod"),
    Exchange("HKS", "HK", "XHKG", "hksmst.cod"),
    Exchange("TSE", "JP", "XTKS", "tsemst.cod"),
    Exchange("HSX", "VN", "XSTC", "hsxmst.cod"),
    Exchange("HNX", "VN", "HSTC", "hnxmst.cod"),
)
_BY_MIC = {mic: exchange for exchange in EXCHANGES for mic in (exchange.mic, *exchange.also)}

#: A preferred share without a series is ``HWM/`` at KIS; a code of ours does not end in a dot.
_NO_SERIES = ".PR"


def of_region(region: str) -> tuple[Exchange, ...]:
    """The exchanges of a region, the main one first."""
    return tuple(exchange for exchange in EXCHANGES if exchange.region == markets.get(region).region)


def of_mic(mic: str | None) -> Exchange | None:
    """The exchange under which KIS files a MIC, None where it serves none."""
    return _BY_MIC.get(mic or "")


def symbol_of(region: str, ticker: str) -> str:
    """A code of ours as KIS spells it, where no master says so.

    Examples
    --------
    >>> symbol_of("US", "BRK.B"), symbol_of("US", "HWM.PR"), symbol_of("HK", "00700")
    ('BRK/B', 'HWM/', '00700')
    """
    if region != "US":
        return ticker
    return (ticker.removesuffix("PR") if ticker.endswith(_NO_SERIES) else ticker).replace(".", "/")


def ticker_of(region: str, symbol: str) -> str:
    """A symbol of KIS as we spell it: class shares with a dot, Korean notes without their leading Q.

    Examples
    --------
    >>> ticker_of("US", "BRK/B"), ticker_of("US", "HWM/"), ticker_of("KR", "Q500061")
    ('BRK.B', 'HWM.PR', '500061')
    """
    if region == "KR":
        return symbol[1:] if len(symbol) == 7 and symbol.startswith("Q") else symbol
    if region != "US":
        return symbol
    return (f"{symbol}PR" if symbol.endswith("/") else symbol).replace("/", ".")
