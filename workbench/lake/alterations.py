"""How rows of each table are altered after a moment: cut off, scrambled, or revised by later news."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.lake import later_news
from workbench.lake.altering import DAY, Rule, items, replaced, star, table_of, touched_actions, union

if TYPE_CHECKING:
    from collections.abc import Callable

#: What is said of the end of a listing.
_ENDS = ("delisted_date", "delisting_reason", "successor")


def altered(name: str, select: str, rule: Rule, stored: Callable[[str], str]) -> str:
    """The SELECT of a table, altered by a rule.

    Parameters
    ----------
    name : str
        Of the table.
    select : str
        Its rows as they are stored.
    rule : Rule
    stored : callable
        Gives the same of another table.
    """
    if rule.only and not any(table_of(one) == name for one in rule.only):
        return select
    if rule.kind == "shifted" and name in ("tickers", "attributes", "memberships"):
        return select  # Neither begins nor ends at an hour.
    if name == "tickers" and rule.kind in ("cut off", "scrambled"):
        return _without_early_bars(select, rule, stored("ohlcv"))
    if rule.kind == "cut off":
        return _cut(name, select, rule)
    if rule.kind == "revised":
        return later_news.revised(name, select, rule, stored)
    return _scrambled(name, select, rule)


def _cut(name: str, select: str, rule: Rule) -> str:
    later = rule.later(name)
    if name == "tickers":
        ended = (
            f"coalesce(delisted_date > {rule.last(name)}, false)" if rule.touches("tickers.delisted_date") else "false"
        )
        open_ = ", ".join(f"CASE WHEN {ended} THEN NULL ELSE {column} END AS {column}" for column in _ENDS)
        gone = later if rule.touches("tickers.listed_date") else "false"
        return f"SELECT * REPLACE ({open_}) FROM ({select}) WHERE NOT {gone}"
    if name in ("attributes", "memberships"):
        end = f"CASE WHEN valid_to > {rule.last(name)} THEN NULL ELSE valid_to END AS valid_to"
        return f"SELECT * REPLACE ({end}) FROM ({select}) WHERE NOT {later}"
    if name == "gaps":
        return f'SELECT * REPLACE (least("end", {rule.last(name)}) AS "end") FROM ({select}) WHERE NOT {later}'
    if name == "fundamentals":
        later = f"({later} AND {items(rule)})"
    if name == "actions":
        later = f"({later} AND {touched_actions(rule)})"
    return f"SELECT * FROM ({select}) WHERE NOT {later}"


def _without_early_bars(select: str, rule: Rule, bars: str) -> str:
    """Listings, altered where no bar shows that they were known.

    A source may date a first listing after the code's first bars (a move between boards): that there was such
    a company is no news from the future then, and its row stays.
    """
    early = (
        f"SELECT DISTINCT region, ticker, 1 AS spell FROM ({bars}) WHERE date <= {rule.last('ohlcv')} AND ticker IN "
        f"(SELECT ticker FROM ({select}) WHERE listed_date > {rule.last('tickers')} AND spell = 1)"
    )
    others = f"SELECT t.* FROM ({select}) AS t ANTI JOIN ({early}) AS e USING (region, ticker, spell)"
    same = f"SELECT t.* FROM ({select}) AS t SEMI JOIN ({early}) AS e USING (region, ticker, spell)"
    change = _cut if rule.kind == "cut off" else _scrambled
    if rule.touches("tickers.delisted_date"):
        same = change("tickers", same, replace(rule, only=("tickers.delisted_date",)))
    return union(change("tickers", others, rule), same)


def _scrambled(name: str, select: str, rule: Rule) -> str:
    later = rule.later(name)
    key = {"fx": ("currency", "date"), "indexes": ('"index"', "date")}.get(
        name, ("region", "ticker", DAY.get(name, ""))
    )
    if name == "ohlcv":
        return _scrambled_bars(select, rule, later, key)
    if name in ("shares", "indexes", "fx"):
        column = {"shares": "shares_outstanding", "indexes": "level", "fx": "usd_per_unit"}[name]
        return replaced(select, {column: f"{column} * (0.4 + 2.0 * {rule.chance(name, *key)})"}, later)
    if name == "fundamentals":
        chance = rule.chance(name, *key, "period_end", "period", "item", "filing_id")
        return replaced(select, {"value": f"value * (3.0 * {chance} - 0.6)"}, f"({later} AND {items(rule)})")
    if name == "actions":
        value = f"value * (0.5 + {rule.chance(name, *key, 'kind')})"
        return replaced(select, {"value": value}, f"({later} AND {touched_actions(rule)})")
    if name == "tickers":
        return _earlier_listings(select, rule) if rule.kind == "past" else _scrambled_listings(select, rule)
    if name in ("attributes", "memberships"):
        return _scrambled_spans(name, select, rule, later)
    return _cut(name, select, rule) if rule.kind != "past" else select


def _scrambled_bars(select: str, rule: Rule, later: str, key: tuple[str, ...]) -> str:
    """Other prices and volumes; one bar in twenty is gone."""
    values: dict[str, str] = {}
    gone = ""
    if rule.touches("ohlcv.open/high/low/close"):
        level, side = f"(0.6 + {rule.chance('level', *key)})", rule.chance("side", *key)
        values = {
            "open": f"open * {level}",
            "high": f"high * {level} * (1.0 + 0.1 * {side})",
            "low": f"low * {level} * (1.0 - 0.1 * {side})",
            "close": f"close * {level} * (1.0 + 0.1 * ({side} - 0.5))",
        }
        gone = f" WHERE NOT ({later} AND {rule.chance('gone', *key)} < 0.05)"
    if rule.touches("ohlcv.volume/turnover"):
        traded = f"(0.2 + 3.0 * {rule.chance('volume', *key)})"
        values |= {"volume": f"volume * {traded}", "turnover": f"turnover * {traded}"}
    return replaced(select, values, later) + gone


def _scrambled_listings(select: str, rule: Rule) -> str:
    """Listings after the moment begin on other days, ends come on other days or not at all."""
    last, key = rule.last("tickers"), ("region", "ticker", "spell")
    moved = {}
    if rule.touches("tickers.listed_date"):
        shift = f"CAST(30 * {rule.chance('listed', *key)} AS INTEGER)"
        moved["listed_date"] = f"CASE WHEN listed_date > {last} THEN listed_date + {shift} ELSE listed_date END"
    if rule.touches("tickers.delisted_date"):
        chance = rule.chance("delisted", *key)
        other = f"CASE WHEN {chance} < 0.5 THEN NULL ELSE {last} + 1 + CAST(80 * {chance} AS INTEGER) END"
        moved["delisted_date"] = f"CASE WHEN delisted_date > {last} THEN {other} ELSE delisted_date END"
        moved["delisting_reason"] = f"CASE WHEN delisted_date > {last} THEN 'unknown' ELSE delisting_reason END"
    return star(select, moved)


def _earlier_listings(select: str, rule: Rule) -> str:
    """First listings up to the moment began up to a month before, so that an age of listing moves."""
    if not rule.touches("tickers.listed_date"):
        return select
    shift = f"1 + CAST(30 * {rule.chance('listed', 'region', 'ticker')} AS INTEGER)"
    return replaced(select, {"listed_date": f"listed_date - ({shift})"}, f"({rule.later('tickers')} AND spell = 1)")


def _scrambled_spans(name: str, select: str, rule: Rule, later: str) -> str:
    """Half of what begins after the moment is gone, the other half begins later; ends are forgotten."""
    key = ("ticker", "valid_from", "kind" if name == "attributes" else '"index"')
    chance = rule.chance(name, *key)
    if rule.kind == "past":
        return f"SELECT * FROM ({select}) WHERE NOT ({later} AND {chance} < 0.5)"
    moved = {
        "valid_from": f"CASE WHEN {later} THEN valid_from + CAST(60 * {chance} AS INTEGER) ELSE valid_from END",
        "valid_to": f"CASE WHEN valid_to > {rule.last(name)} THEN NULL ELSE valid_to END",
    }
    return f"SELECT * FROM ({star(select, moved)}) WHERE NOT ({later} AND {chance} < 0.5)"
