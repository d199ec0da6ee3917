"""How the six invented markets differ: price levels, boards, code forms, habits of dividends and halts.

These are parameters of an invention, not facts of a market; taxes, ticks, limits and calendars come
from :mod:`workbench.markets`.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import ConfigError
from workbench.settings import REGIONS

SECTORS: dict[str, tuple[str, ...]] = {
    "Energy": ("Oil Refining", "Energy Equipment"),
    "Materials": ("Chemicals", "Metals"),
    "Industrials": ("Machinery", "Transport", "Construction"),
    "Consumer Discretionary": ("Automobiles", "Apparel", "Hotels"),
    "Consumer Staples": ("Food Products", "Household Products"),
    "Health Care": ("Pharmaceuticals", "Medical Devices"),
    "Financials": ("Banks", "Insurance"),
    "Information Technology": ("Semiconductors", "Software"),
    "Communication Services": ("Telecommunication", "Media"),
    "Utilities": ("Electric Utilities", "Gas Utilities"),
    "Real Estate": ("Property Development", "Property Trusts"),
}


@dataclass(frozen=True)
class Board:
    """One board of a market: its name, the exchange (MIC), its share of the companies (fraction)."""

    name: str
    mic: str
    weight: float


@dataclass(frozen=True)
class Profile:
    """One region's habits.

    Attributes
    ----------
    currency : str
        ISO code of prices.
    units_per_usd : float
        Level of the exchange rate at the start of the world.
    fx_volatility, fx_beta : float
        Annual volatility (fraction) of the currency's own part, and its response to the world factor.
    price : float
        Median price of a share at listing, in the currency.
    market_value_usd : float
        Median market value at the start, USD.
    volatility : float
        Annual volatility of the region's own factor (fraction).
    boards : tuple of Board
        Weights sum to one.
    halt : str
        How the source shows a halted day: ``zeros`` (open = high = low = 0, volume 0, close carried),
        ``flat`` (all prices carried, volume 0) or ``absent`` (no row).
    dividend_months : tuple of int
        Months in which shares go ex dividend.
    dividend_near_month_end : bool
        True where a whole market goes ex dividend on the second to last session of the month.
    splits, reverse_splits : tuple of float
        New shares for one old share.
    widest_move : float
        Bound of a day's return where the market has no limit, or one in money a price band (Tokyo's
        narrowest band allows 14 %).
    money_decimals : int
        Decimals of dividends and proceeds a share.
    """

    currency: str
    units_per_usd: float
    fx_volatility: float
    fx_beta: float
    price: float
    market_value_usd: float
    volatility: float
    boards: tuple[Board, ...]
    halt: str
    dividend_months: tuple[int, ...]
    dividend_near_month_end: bool
    splits: tuple[float, ...]
    reverse_splits: tuple[float, ...]
    widest_move: float
    money_decimals: int


_PROFILES: dict[str, Profile] = {
    "KR": Profile(
        currency="KRW", units_per_usd=1150.0, fx_volatility=0.07, fx_beta=0.25,
        price=18_000.0, market_value_usd=0.4e9, volatility=0.15,
        boards=(Board("KOSPI", "XKRX", 0.4), Board("KOSDAQ", "XKOS", 0.6)),
        halt="zeros", dividend_months=(12,), dividend_near_month_end=True,
        splits=(2.0, 5.0, 10.0), reverse_splits=(0.1, 0.2), widest_move=0.30, money_decimals=0,
    ),
    "US": Profile(
        currency="USD", units_per_usd=1.0, fx_volatility=0.0, fx_beta=0.0,
        price=45.0, market_value_usd=2.5e9, volatility=0.12,
        boards=(Board("main", "XNYS", 0.45), Board("main", "XNAS", 0.55)),
        halt="absent", dividend_months=(2, 5, 8, 11), dividend_near_month_end=False,
        splits=(2.0, 3.0, 4.0), reverse_splits=(0.1, 0.2), widest_move=0.40, money_decimals=2,
    ),
    "CN": Profile(
        currency="CNY", units_per_usd=6.7, fx_volatility=0.035, fx_beta=0.08,
        price=16.0, market_value_usd=1.2e9, volatility=0.18,
        boards=(Board("main", "XSHG", 0.5), Board("main", "XSHE", 0.25), Board("ChiNext", "XSHE", 0.25)),
        halt="zeros", dividend_months=(6,), dividend_near_month_end=False,
        splits=(1.4, 1.5, 2.0), reverse_splits=(0.5,), widest_move=0.10, money_decimals=2,
    ),
    "HK": Profile(
        currency="HKD", units_per_usd=7.79, fx_volatility=0.004, fx_beta=0.0,
        price=6.0, market_value_usd=0.8e9, volatility=0.16,
        boards=(Board("main", "XHKG", 0.85), Board("GEM", "XHKG", 0.15)),
        halt="absent", dividend_months=(6, 9), dividend_near_month_end=False,
        splits=(2.0, 4.0, 5.0), reverse_splits=(0.1, 0.2), widest_move=0.40, money_decimals=3,
    ),
    "JP": Profile(
        currency="JPY", units_per_usd=112.0, fx_volatility=0.08, fx_beta=-0.15,
        price=1_800.0, market_value_usd=0.9e9, volatility=0.14,
        boards=(Board("Prime", "XTKS", 0.5), Board("Standard", "XTKS", 0.35), Board("Growth", "XTKS", 0.15)),
        halt="zeros", dividend_months=(3, 9), dividend_near_month_end=True,
        splits=(2.0, 3.0, 5.0), reverse_splits=(0.1, 0.2), widest_move=0.135, money_decimals=1,
    ),
    "VN": Profile(
        currency="VND", units_per_usd=22_800.0, fx_volatility=0.02, fx_beta=0.05,
        price=28_000.0, market_value_usd=0.25e9, volatility=0.17,
        boards=(Board("HOSE", "XSTC", 1.0),),
        halt="flat", dividend_months=(5, 11), dividend_near_month_end=False,
        splits=(1.2, 1.5, 2.0), reverse_splits=(0.5,), widest_move=0.07, money_decimals=0,
    ),
}  # fmt: skip

#: Currencies that have a rate against the dollar.
CURRENCIES = tuple(profile.currency for region, profile in _PROFILES.items() if region != "US")


def profile(region: str) -> Profile:
    """The habits of ``region``; ConfigError on another name."""
    if region not in _PROFILES:
        raise ConfigError(f"The sample market has no region {region!r}.", hint=f"Choose one of {', '.join(REGIONS)}.")
    return _PROFILES[region]
