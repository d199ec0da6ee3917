"""What is true of a market on a day: codes, currency, calendar, taxes, fees, lots, ticks, limits, settlement.

Facts are dated tables with a source (``tables/*.csv``); a day before the first known row is an error,
never a guess. Importing this package loads no calendar library: that happens on the first question
about a session.
"""

from workbench.markets import sectors
from workbench.markets.calendar import (
    active_markets,
    close_time,
    first_known,
    is_confirmed,
    is_open,
    is_session,
    last_completed_session,
    last_known,
    next_close,
    next_session,
    open_time,
    previous_session,
    session_array,
    sessions,
)
from workbench.markets.codes import board_of, is_code, normalize_code
from workbench.markets.costs import TradingCosts, trading_costs
from workbench.markets.prices import price_limit, round_to_tick, tick_size
from workbench.markets.record import Market, check_board, check_regions, get
from workbench.markets.rules import KINDS, Rule, lot_size, minimum_order, rule

__all__ = [
    "KINDS",
    "Market",
    "Rule",
    "TradingCosts",
    "active_markets",
    "board_of",
    "check_board",
    "check_regions",
    "close_time",
    "first_known",
    "get",
    "is_code",
    "is_confirmed",
    "is_open",
    "is_session",
    "last_completed_session",
    "last_known",
    "lot_size",
    "minimum_order",
    "next_close",
    "next_session",
    "normalize_code",
    "open_time",
    "previous_session",
    "price_limit",
    "round_to_tick",
    "rule",
    "sectors",
    "session_array",
    "sessions",
    "tick_size",
    "trading_costs",
]
