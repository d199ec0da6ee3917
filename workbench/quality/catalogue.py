"""Every check on prices and rates, in one table: code, what it means, and its bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

#: Relative slack of the range checks: adjusted prices are rounded after their bar was checked by the
#: exchange, so open and close may stand beyond high and low by the rounding of a float, not by more.
RANGE_TOLERANCE = 1e-6

#: A close beyond this multiple of the row's own high (or below low by it) is on another scale.
SCALE_FACTOR = 2.0

#: A day on which at least this share of the rows (and this many) have nothing but zeros is a fault of
#: the source, not of the stocks. The worst real day has 38 % zeros, an ordinary one none.
ZERO_MARKET_SHARE = 0.20
ZERO_MARKET_ROWS = 20

#: A close is compared with the one before only when that is at most this many calendar days old.
JUMP_REACH_DAYS = 10

#: The first days after a listing have no limit in several markets and are not judged.
LISTING_DAYS = 10

#: A spike comes back within this many bars.
SPIKE_BARS = 3

#: A lasting move beyond this multiple is another unit, or a consolidation that nobody announced.
SHIFT_FACTOR = 50.0

#: FX: a fix this far (as a fraction) from the one before is an error of the source.
FX_JUMP = 0.20


@dataclass(frozen=True)
class Check:
    """One line of the catalogue.

    Attributes
    ----------
    code : str
        Stands in ``quarantine.reasons``.
    meaning : str
        What is wrong with the row, in one sentence.
    bound : str
        When exactly the check fires.
    """

    code: str
    meaning: str
    bound: str


CHECKS: tuple[Check, ...] = (
    Check("missing_price", "The close, or a part of open, high and low, is absent.", "null or NaN"),
    Check("non_positive", "A price is zero or negative.", "price <= 0; a halt with a carried close is no error"),
    Check("negative_volume", "The volume is negative.", "volume < 0"),
    Check("high_below_low", "The high stands below the low.", f"high < low x (1 - {RANGE_TOLERANCE:g})"),
    Check("close_outside_range", "The close stands outside low and high.", f"relative {RANGE_TOLERANCE:g}"),
    Check("open_outside_range", "The open stands outside low and high.", f"relative {RANGE_TOLERANCE:g}"),
    Check(
        "scale_mismatch",
        "Close and range are on different scales (one was restated for a split).",
        f"close > {SCALE_FACTOR:g} x high or close < low / {SCALE_FACTOR:g}",
    ),
    Check("closed_day", "The market was closed on this day.", "no session of the region's calendar"),
    Check(
        "zero_market",
        "Much of the market is zeros, or empty, on this day.",
        f"at least {ZERO_MARKET_ROWS} rows and {ZERO_MARKET_SHARE:.0%} of the day; marks those rows only",
    ),
    Check("duplicate_conflict", "The same day twice with different values.", "both rows, none is believed"),
    Check(
        "spike",
        "The close leaves its level and comes back: a bad print.",
        f"beyond the region's bound, back within it after at most {SPIKE_BARS} bars",
    ),
    Check(
        "jump",
        "The close moves to another level without an action that explains it; the first bar there is marked.",
        f"beyond the region's bound from a bar at most {JUMP_REACH_DAYS} days old; not after a suspension and "
        f"not in the first {LISTING_DAYS} days after a listing",
    ),
    Check(
        "scale_shift",
        "The close moves to a level that no trading reaches (another unit, an action nobody announced), and stays.",
        f"beyond {SHIFT_FACTOR:g} times the last believed close, however old; every bar until the level is back or "
        "an action comes; not after a suspension and not in the first days after a listing",
    ),
    Check("mixed_adjustment", "The ticker has bars of another kind of adjustment.", "one kind a ticker"),
    Check("missing_value", "A column that the table requires is absent.", "null in a key or required column"),
    Check("unknown_value", "A column holds a word that the lake does not know.", "beyond the table's declared values"),
    Check("unknown_code", "The code does not have the form of the region's codes.", "the region's code pattern"),
    Check(
        "unknown_period",
        "Which period a number is of is not certain.",
        "the file's rules for periods do not place it, or its fiscal year is far from its end",
    ),
    Check("unknown_knowledge", "When a row became known is not certain.", "no day, or one that cannot be believed"),
    Check("known_too_early", "The row says that it was known before its period ended.", "known < period_end"),
    Check(
        "unconfirmed_action",
        "A restated close tells of an action that no price shows.",
        "beyond 20 %, and none of the next three opens moves by it",
    ),
    Check("fx_jump", "The rate leaves its level.", f"more than {FX_JUMP:.0%} from the last believed fix"),
)
CODES = frozenset(check.code for check in CHECKS)


def catalogue() -> pl.DataFrame:
    """The checks as a table.

    Returns
    -------
    polars.DataFrame
        Columns code, meaning, bound; one row a check.
    """
    import polars as pl

    return pl.DataFrame([{"code": c.code, "meaning": c.meaning, "bound": c.bound} for c in CHECKS])
