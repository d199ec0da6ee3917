"""Listings put together: which rows of two listings are the same company's stay on the list.

A code may have been several companies' in turn. Providers number their spells each in its own way, so rows are
matched by issuer, name and dates, and numbered by time.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench import markets
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Row = dict[str, Any]

#: Two listings that say different days of one delisting, and a listing that lags behind one, differ by less.
LAG = timedelta(days=31)
#: What ends a spell; a null there says that it has not ended, and is not filled.
ENDING = ("delisted_date", "delisting_reason", "successor")
_COLUMNS = list(TABLES["tickers"].columns)
_FILLED = [name for name in _COLUMNS if name not in ("region", "ticker", "spell", *ENDING)]
#: Words of names that providers write, leave out or abbreviate each in its own way.
_FORMS = re.compile(
    r"\b(inc|incorporated|corp|corporation|co|company|ltd|limited|plc|ag|sa|nv|the|class [a-z]|cl [a-z]|adr|ads|"
    r"common stock|ordinary shares?|common shares?|holdings?|group)\b"
)


def plain_name(name: str | None) -> str:
    """A company's name without forms, signs and case; empty where nothing is left."""
    return re.sub(r"\W+", "", _FORMS.sub(" ", re.sub(r"[^\w\s]", " ", (name or "").casefold())))


def together(listings: Iterable[pl.DataFrame], day: date) -> pl.DataFrame:
    """The listings of several providers on one day as one, in the columns of ``tickers``.

    Parameters
    ----------
    listings : iterable of polars.DataFrame
        In the order of the providers: values of an earlier one stand, later ones fill nulls and add spells.
    day : date
        Of the listings.
    """
    frames = list(listings)
    if not frames:
        return TABLES["tickers"].empty()
    merged = frames[0]
    for further in frames[1:]:
        merged = _unite(merged, further, lambda held, offered: _merge(held, offered, day))
    return merged


def against(
    held: pl.DataFrame, offered: pl.DataFrame, ranks: Mapping[str, int], bars: Mapping[str, date], day: date
) -> pl.DataFrame:
    """New listings in the numbering of the spells that a lake holds.

    Parameters
    ----------
    held : polars.DataFrame
        Rows of ``tickers`` in the lake.
    offered : polars.DataFrame
        New rows, of one provider or of :func:`together`.
    ranks : mapping of str to int
        Place of each provider in the order: the values of an earlier one stand.
    bars : mapping of str to date
        Day of each ticker's last bar.
    day : date
        Of the new rows.

    Returns
    -------
    polars.DataFrame
        Rows to publish. A code that comes back as another company is a new spell; one that is missing in
        ``offered`` has no row.
    """
    return _unite(held, offered, lambda old, new: _succeed(old, new, ranks, bars, day), ranks=ranks).join(
        offered.select("ticker").unique(), on="ticker", how="semi"
    )


def _unite(
    held: pl.DataFrame, offered: pl.DataFrame, settle: Any, ranks: Mapping[str, int] | None = None
) -> pl.DataFrame:
    """Plain cases at once, the others ticker by ticker with ``settle``."""
    plain = _plain(held, offered)
    simple = offered.join(plain, on="ticker", how="semi")
    base = held.join(plain, on="ticker", how="semi")
    new = offered.join(held, on="ticker", how="anti")
    rest = held.join(offered, on="ticker", how="anti")
    done = _filled(base, simple, ranks)
    codes = pl.concat([plain, new.select("ticker"), rest.select("ticker")]).unique()
    ours = held.join(codes, on="ticker", how="anti").partition_by("ticker", as_dict=True, maintain_order=True)
    theirs = offered.join(codes, on="ticker", how="anti").partition_by("ticker", as_dict=True, maintain_order=True)
    rows = [row for code, frame in ours.items() for row in settle(frame.to_dicts(), theirs[code].to_dicts())]
    settled = pl.DataFrame(rows, schema=dict(TABLES["tickers"].columns), orient="row")
    return pl.concat([frame.select(_COLUMNS) for frame in (done, new, rest, settled)]).sort("ticker", "spell")


def _plain(held: pl.DataFrame, offered: pl.DataFrame) -> pl.DataFrame:
    """Tickers whose spells are numbered alike on both sides, with nothing reopened or re-used."""
    key = ["ticker", "spell"]
    both = held.join(offered, on=key, how="full", coalesce=True, suffix="_new")
    one_sided = pl.col("source").is_null() | pl.col("source_new").is_null()
    reopened = pl.col("delisted_date").is_not_null() & pl.col("delisted_date_new").is_null()
    ended = pl.col("delisted_date").is_null() & pl.col("delisted_date_new").is_not_null()
    started = pl.col("listed_date") != pl.col("listed_date_new")
    other = (pl.col("issuer_id") != pl.col("issuer_id_new")) & started.fill_null(True)
    odd = both.filter(one_sided | reopened | ended | other.fill_null(False))
    shared = held.join(offered, on="ticker", how="semi").select("ticker").unique()
    return shared.join(odd.select("ticker"), on="ticker", how="anti")


def _filled(held: pl.DataFrame, offered: pl.DataFrame, ranks: Mapping[str, int] | None) -> pl.DataFrame:
    """Offered rows over those that are held, or the other way round where the held provider comes first.

    Without ranks the held rows are an earlier provider's of the same day, and all they say stands.
    """
    both = held.join(offered, on=["ticker", "spell"], suffix="_new")
    keep = pl.lit(value=True) if ranks is None else _rank(ranks, "source") < _rank(ranks, "source_new")
    first = {name: pl.when(keep).then(name).otherwise(f"{name}_new") for name in _FILLED}
    second = {name: pl.when(keep).then(f"{name}_new").otherwise(name) for name in _FILLED}
    ending = [pl.col(name if ranks is None else f"{name}_new").alias(name) for name in ENDING]
    return both.select(
        "region", "ticker", "spell", *(pl.coalesce(first[name], second[name]).alias(name) for name in _FILLED), *ending
    )


def _rank(ranks: Mapping[str, int], column: str) -> pl.Expr:
    return pl.col(column).replace_strict(dict(ranks), default=len(ranks), return_dtype=pl.Int64)


def _merge(held: list[Row], offered: list[Row], day: date) -> list[Row]:
    """Rows of one code from two providers on one day."""
    rows, unused = [dict(row) for row in held], list(range(len(held)))
    for new in sorted(offered, key=_by_time, reverse=True):
        match = next((n for n in unused if _same(rows[n], new, None, day)), None)
        if match is None:
            rows.append(dict(new))
            continue
        unused.remove(match)
        rows[match] |= {name: new[name] for name in _FILLED if rows[match][name] is None}
        if rows[match]["delisted_date"] is None and _long_ago(new, day):
            # The first list still names a company that another provider has known to be gone for long.
            rows[match] |= {name: new[name] for name in ENDING}
    return _numbered(rows)


def _succeed(
    held: list[Row], offered: list[Row], ranks: Mapping[str, int], bars: Mapping[str, date], day: date
) -> list[Row]:
    """Rows of one code as the lake holds them, after a new listing."""
    rows, unused = [dict(row) for row in held], list(range(len(held)))
    for new in sorted(offered, key=_by_time, reverse=True):
        match = next((n for n in reversed(unused) if _same(rows[n], new, bars, day)), None)
        if match is None:
            rows.append(_began(rows, new, bars, day))
            continue
        unused.remove(match)
        old, last = rows[match], len(ranks)
        stands = ranks.get(old["source"], last) < ranks.get(new["source"], last)
        first, second = (old, new) if stands else (new, old)
        rows[match] = (
            old
            | {name: second[name] if first[name] is None else first[name] for name in _FILLED}
            | {name: new[name] for name in ENDING}
        )
    return _numbered(rows)


def _began(rows: list[Row], new: Row, bars: Mapping[str, date], day: date) -> Row:
    """A spell that the lake does not have; the one that it follows ends, if nobody has said so yet."""
    if new["delisted_date"] is not None:
        return dict(new)
    for row in rows:
        if row["delisted_date"] is None:
            last = bars.get(row["ticker"])
            end = markets.next_session(row["region"], last) if last else (new["listed_date"] or day)
            row |= {"delisted_date": end, "delisting_reason": "the code went to another company"}
    return new | {"listed_date": new["listed_date"] or (day if rows else None)}


def _same(held: Row, new: Row, bars: Mapping[str, date] | None, day: date) -> bool:
    """Whether a new row is the same stay on the list as one that is held; without bars, both are of one day."""
    ended, ends, begins = held["delisted_date"], new["delisted_date"], new["listed_date"]
    last = (bars or {}).get(held["ticker"])
    if bars is None and ended is None and ends is None:
        return True
    if _apart(held, new):
        return False
    if held["issuer_id"] and new["issuer_id"] and held["issuer_id"] != new["issuer_id"]:
        # A company that changes its holding goes on trading; one that follows on the code begins after the last bar.
        return ended is None and ends is None and not (begins and (last is None or begins > last))
    if ended is None and ends is None:
        return True
    if ended is not None and ends is not None:
        return abs(ended - ends) <= LAG or _one_name(held, new)
    if ended is None:
        return bool(ends >= (last or day) - LAG) or (bars is None and _one_name(held, new))
    known = bool(held["issuer_id"] and new["issuer_id"])
    return known or not held["name"] or not new["name"] or _one_name(held, new)


def _apart(held: Row, new: Row) -> bool:
    """One ended before the other began."""
    after = held["delisted_date"] and new["listed_date"] and new["listed_date"] >= held["delisted_date"]
    before = new["delisted_date"] and held["listed_date"] and new["delisted_date"] <= held["listed_date"]
    return bool(after or before)


def _long_ago(row: Row, day: date) -> bool:
    return row["delisted_date"] is not None and bool(row["delisted_date"] < day - LAG)


def _one_name(held: Row, new: Row) -> bool:
    name = plain_name(held["name"])
    return bool(name) and name == plain_name(new["name"])


def _by_time(row: Row) -> tuple[date, date]:
    return row["delisted_date"] or date.max, row["listed_date"] or date.min


def _numbered(rows: list[Row]) -> list[Row]:
    """Spells from 1 in the order of time; one that follows another begins when that one has ended at the earliest."""
    ordered = sorted(rows, key=_by_time)
    for number, row in enumerate(ordered):
        row["spell"] = number + 1
        if number and row["listed_date"] is None:
            row["listed_date"] = ordered[number - 1]["delisted_date"]
    return ordered
