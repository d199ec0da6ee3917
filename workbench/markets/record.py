"""One record a region: what is true of a market on any day.

What changes with time (taxes, ticks, lots, limits, settlement, closed days) stands in the dated
tables below ``tables/``, never here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import ConfigError
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Market:
    """What holds for one region on every day.

    Attributes
    ----------
    region : str
        One of ``KR, US, CN, HK, JP, VN``.
    name : str
        English name of the market.
    currency : str
        ISO 4217 code of the ordinary counters (B shares and second counters may differ).
    currency_decimals : int
        Digits after the point in which cash is settled; 0 for KRW, JPY and VND.
    timezone : str
        IANA name; a ``date`` of the region is a day of this zone.
    mics : tuple of str
        ISO 10383 codes of the exchanges and segments, the main one first.
    calendar_name : str
        Calendar of exchange_calendars, or ``table`` where the closed days are a table of ours.
    code_pattern : str
        Regular expression that a whole normalized code matches.
    boards : tuple of str
        Boards with rules of their own, the one that holds when none is named first.
    indexes : tuple of str
        Names of the market's broad index in the table ``indexes``, in order of preference; the last one is
        that of the sample market.
    preferred_is_equity : bool
        Whether listed preferred shares belong to a company's market value: Korea's have no vote but take part
        in the profit (Commercial Act, art. 344-2), those of others are repaid at a fixed amount.
    """

    region: str
    name: str
    currency: str
    currency_decimals: int
    timezone: str
    mics: tuple[str, ...]
    calendar_name: str
    code_pattern: str
    boards: tuple[str, ...]
    indexes: tuple[str, ...]
    preferred_is_equity: bool = False

    @property
    def default_board(self) -> str:
        """The board whose rules hold when the caller names none."""
        return self.boards[0]


_RECORDS = (
    Market(
        region="KR",
        name="South Korea",
        currency="KRW",
        currency_decimals=0,
        timezone="Asia/Seoul",
        mics=("XKRX", "XKOS", "XKON", "NXTE"),
        calendar_name="XKRX",
        code_pattern=r"[0-9A-Z]{6}",
        boards=("KOSPI", "KOSDAQ", "KONEX"),
        indexes=("KOSPI", "SAMPLE-KR"),
        preferred_is_equity=True,
    ),
    Market(
        region="US",
        name="United States",
        currency="USD",
        currency_decimals=2,
        timezone="America/New_York",
        mics=("XNYS", "XNAS", "XASE", "ARCX", "BATS"),
        calendar_name="XNYS",
        code_pattern=r"[A-Z]{1,5}(?:\.[A-Z]{1,3})?",
        boards=("main",),
        indexes=("SP500", "SAMPLE-US"),
    ),
    Market(
        region="CN",
        name="Mainland China",
        currency="CNY",
        currency_decimals=2,
        timezone="Asia/Shanghai",
        mics=("XSHG", "XSHE", "BJSE"),
        calendar_name="XSHG",
        code_pattern=r"(?:60[0135]|68[89]|900|00[0-3]|30[0-2]|200|43[0-9]|83[0-9]|87[0-9]|88[0-9]|92[0-9])[0-9]{3}",
        boards=("main", "STAR", "ChiNext", "Beijing", "ST"),
        indexes=("CSI300", "SAMPLE-CN"),
    ),
    Market(
        region="HK",
        name="Hong Kong",
        currency="HKD",
        currency_decimals=2,
        timezone="Asia/Hong_Kong",
        mics=("XHKG",),
        calendar_name="XHKG",
        code_pattern=r"[0-9]{5}",
        boards=("main", "GEM"),
        indexes=("HANGSENG", "HSI", "SAMPLE-HK"),
    ),
    Market(
        region="JP",
        name="Japan",
        currency="JPY",
        currency_decimals=0,
        timezone="Asia/Tokyo",
        mics=("XTKS",),
        calendar_name="XTKS",
        code_pattern=r"[1-9][0-9A-Z][0-9][0-9A-Z]",
        boards=("main", "Prime", "Standard", "Growth", "TOPIX100", "TOPIX500"),
        indexes=("TOPIX", "NIKKEI225", "SAMPLE-JP"),
    ),
    Market(
        region="VN",
        name="Vietnam",
        currency="VND",
        currency_decimals=0,
        timezone="Asia/Ho_Chi_Minh",
        mics=("XSTC", "HSTC", "XHNX"),
        calendar_name="table",
        code_pattern=r"[A-Z][A-Z0-9]{2,7}",
        boards=("HOSE", "HNX", "UPCoM"),
        indexes=("VNINDEX", "SAMPLE-VN"),
    ),
)
_MARKETS = {record.region: record for record in _RECORDS}


def get(region: str) -> Market:
    """The record of a region.

    Parameters
    ----------
    region : str
        ``KR``, ``US``, ``CN``, ``HK``, ``JP`` or ``VN``; case does not matter.

    Raises
    ------
    ConfigError
        For any other name.

    Examples
    --------
    >>> get("JP").currency
    'JPY'
    """
    record = _MARKETS.get(region.strip().upper()) if isinstance(region, str) else None
    if record is None:
        raise ConfigError(f"{region!r} is not a region.", hint=f"Use one of {', '.join(REGIONS)}.", region=region)
    return record


def check_regions(regions: str | Iterable[str]) -> tuple[str, ...]:
    """The regions in upper case, each once, in the order given.

    Parameters
    ----------
    regions : str or iterable of str
        One region or several.

    Raises
    ------
    ConfigError
        For an unknown region, or when none is given.
    """
    names = [regions] if isinstance(regions, str) else list(regions)
    if not names:
        raise ConfigError("No region is given.", hint=f"Name one or more of {', '.join(REGIONS)}.")
    return tuple(dict.fromkeys(get(name).region for name in names))


def check_board(region: str, board: str | None) -> str:
    """The board as the tables spell it, or the default one for None.

    Raises
    ------
    ConfigError
        For a board the region does not have; case does not matter.
    """
    market = get(region)
    if board is None:
        return market.default_board
    for name in market.boards:
        if name.lower() == board.strip().lower():
            return name
    raise ConfigError(
        f"{board!r} is not a board of {market.region}.",
        hint=f"Use one of {', '.join(market.boards)}, or leave the board out for {market.default_board}.",
        region=market.region,
        board=board,
    )
