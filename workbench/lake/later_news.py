"""What might be published after a moment: restatements, splits, delistings, other sectors, other members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import markets
from workbench.lake.altering import DAY, Rule, items, listed, star, union

if TYPE_CHECKING:
    from collections.abc import Callable


def revised(name: str, select: str, rule: Rule, stored: Callable[[str], str]) -> str:
    """What was published later of what had been known, and what happened later to those who were there."""
    last = rule.last(name) if name in DAY else ""
    key = ("region", "ticker")
    if name == "fundamentals":
        days = f"1 + CAST(15 * {rule.chance('filed', *key)} AS INTEGER)"
        restated = (
            f"SELECT * REPLACE ({last} + {days} AS available_date, filing_id || '~restated' AS filing_id, "
            f"coalesce(vintage, 1) + 1 AS vintage, value * -3.7 AS value) FROM ({select}) "
            f"WHERE available_date <= {last} AND available_date > {last} - 1200 AND {items(rule)}"
        )
        return union(select, restated)
    if name == "shares":
        recount = (
            f"SELECT * REPLACE ({last} + 2 AS available_date, shares_outstanding * 2.9 AS shares_outstanding) "
            f"FROM ({select}) WHERE available_date <= {last} AND date > {last} - 400"
        )
        newer = (
            f"SELECT * REPLACE ({last} + 1 AS date, {last} + 3 AS available_date, "
            f"shares_outstanding * 1.7 AS shares_outstanding) FROM ({select}) WHERE available_date <= {last} "
            "QUALIFY row_number() OVER (PARTITION BY region, ticker ORDER BY date DESC, available_date DESC) = 1"
        )
        return union(select, recount, newer)
    if name == "actions":
        return union(select, *_later_actions(rule, stored("ohlcv")))
    if name == "tickers":
        ended = _later_ends(select, rule) if rule.touches("tickers.delisted_date") else select
        return union(ended, _later_listing(select, rule)) if rule.touches("tickers.listed_date") else ended
    if name == "attributes":
        return _later_sectors(select, rule, last)
    if name == "memberships":
        return _later_members(select, rule, stored("tickers"))
    return select


def _later_actions(rule: Rule, bars: str) -> list[str]:
    """A split and a dividend of every code; no split where the provider would rescale its prices for it."""
    last = rule.known()
    recent = (
        f"SELECT region, ticker, max_by(close, date) AS close, max_by(adjusted, date) AS adjusted FROM ({bars}) "
        f"WHERE timeframe = 'D' AND date <= {last} AND date > {last} - 40 GROUP BY region, ticker"
    )
    row = (
        "SELECT region, ticker, {day} AS ex_date, {kind} AS kind, {value} AS value, NULL AS currency, "
        "'what if' AS source"
    )
    days = f"{last} + 1 + CAST(4 * {rule.chance('{}', 'region', 'ticker')} AS INTEGER)"
    added = []
    if rule.touches("actions.split"):
        split = row.format(day=days.format("split"), kind="'split'", value="3.0")
        added.append(f"{split} FROM ({recent}) WHERE adjusted = 'none'")
    if rule.touches("actions.dividend"):
        paid = row.format(day=days.format("paid"), kind="'dividend'", value="0.08 * close")
        added.append(f"{paid} FROM ({recent}) WHERE close > 0")
    return added


def _later_ends(select: str, rule: Rule) -> str:
    """Half of the listings end soon after the moment, and those that did end later do not."""
    last, chance = rule.last("tickers"), rule.chance("ends", "region", "ticker", "spell")
    there = f"coalesce(listed_date <= {last}, true) AND coalesce(delisted_date > {last}, true)"
    ends = f"({there} AND {chance} < 0.5)"
    other = {
        "delisted_date": f"{last} + 2 + CAST(60 * {chance} AS INTEGER)",
        "delisting_reason": "'bankruptcy'",
        "successor": "NULL",
    }
    moved = {
        column: f"CASE WHEN {ends} THEN {value} WHEN {there} THEN NULL ELSE {column} END"
        for column, value in other.items()
    }
    return star(select, moved)


def _later_listing(select: str, rule: Rule) -> str:
    """One more company a region, listed soon after the moment."""
    listing = (
        f"ticker || 'W' AS ticker, {rule.last('tickers')} + 20 AS listed_date, NULL AS delisted_date, "
        "NULL AS delisting_reason, NULL AS successor, 1 AS spell"
    )
    first = "QUALIFY row_number() OVER (PARTITION BY region ORDER BY ticker, spell) = 1"
    return f"SELECT * REPLACE ({listing}) FROM ({select}) WHERE ticker IS NOT NULL {first}"


def _later_sectors(select: str, rule: Rule, last: str) -> str:
    """Every sector changes within days of the moment."""
    change = f"{last} + CAST(4 * {rule.chance('sector', 'region', 'ticker')} AS INTEGER)"
    held = f"(kind = 'sector' AND coalesce(valid_from <= {last}, true) AND coalesce(valid_to > {last}, true))"
    names = markets.sectors.GICS
    other = f"list_element([{listed(names)}], 1 + CAST(hash({rule.seed}, region, ticker) % {len(names)} AS INTEGER))"
    moved = star(select, {"valid_to": f"CASE WHEN {held} THEN {change} ELSE valid_to END"})
    changed = f"{change} + 1 AS valid_from, NULL AS valid_to, {other} AS value"
    new = f"SELECT * REPLACE ({changed}) FROM ({select}) WHERE {held}"
    return union(moved, new)


def _later_members(select: str, rule: Rule, listings: str) -> str:
    """Half of the members of an index leave it, and all codes of their regions enter it."""
    last, chance = rule.last("memberships"), rule.chance("member", '"index"', "ticker")
    held = f"(coalesce(valid_from <= {last}, true) AND coalesce(valid_to > {last}, true) AND {chance} < 0.5)"
    moved = star(select, {"valid_to": f"CASE WHEN {held} THEN {last} + 1 ELSE valid_to END"})
    regions = (
        f"""SELECT DISTINCT "index", split_part(ticker, ':', 1) AS region FROM ({select}) WHERE ticker LIKE '__:%'"""
    )
    new = (
        f"""SELECT r."index", r.region || ':' || t.ticker AS ticker, {rule.known("r.region")} + 3 AS valid_from, """
        f"NULL AS valid_to, 'what if' AS source FROM ({regions}) AS r "
        f"JOIN (SELECT DISTINCT region, ticker FROM ({listings})) AS t ON r.region = t.region"
    )
    return union(moved, new)
