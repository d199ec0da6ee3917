"""Stand-ins for figures that a source does not have, made of past filings alone and named as what they are."""

from __future__ import annotations

import math
from itertools import groupby
from operator import itemgetter
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import polars as pl

#: Earnings a share are filed to the cent: below this the quotient is off by more than a tenth.
SMALLEST_EPS = 0.05
#: Bounds of a believable count of shares.
FEWEST, MOST = 1_000_000.0, 50_000_000_000.0
#: How far an estimate may lie from the median of the ones before it, as a ratio either way.
BAND = 1.5
#: Estimates before it that an estimate is compared with.
COMPARED = 5
IMPLIED = "implied by net income / diluted EPS"

_FILING = ("region", "ticker", "period_end", "period", "filing_id", "available_date", "vintage")


def implied_shares(filings: pl.DataFrame, splits: pl.DataFrame | None = None) -> pl.DataFrame:
    """Shares outstanding as implied by filed earnings: net income over diluted earnings a share.

    A proxy for sources without share counts: the diluted weighted average of the period, not the count of
    a day, and total net income where the filing has no other.

    Parameters
    ----------
    filings : polars.DataFrame
        Rows of the table ``fundamentals``; the items ``net_income`` and ``eps_diluted`` of one filing and
        period are divided.
    splits : polars.DataFrame, optional
        Rows of the table ``actions``; splits, bonus issues and consolidations put earlier estimates on the
        shares of the later ones before they are compared.

    Returns
    -------
    polars.DataFrame
        Rows of the table ``shares`` with ``basis`` "weighted", by ticker and day: a count holds from its
        ``available_date`` until the next row.

    Notes
    -----
    Timing: a row depends on filings of its own ``available_date`` and before, and on splits up to it.

    Estimates with less than 0.05 earnings a share, with earnings and earnings a share of different signs,
    or outside one million to 50 billion shares are dropped. One that is more than 1.5 times, or less than
    1 / 1.5 of, the median of up to five believed before it waits: it is dropped unless the very next
    estimate agrees with it (a new level), so that a slip of units does not move a market value.
    """
    import polars as pl

    pairs = (
        filings.lazy()
        .filter(pl.col("item").is_in(["net_income", "eps_diluted"]))
        .group_by(_FILING)
        .agg(
            income=pl.col("value").filter(pl.col("item") == "net_income").first(),
            eps=pl.col("value").filter(pl.col("item") == "eps_diluted").first(),
        )
        .filter(pl.col("eps").abs() >= SMALLEST_EPS)
        .with_columns(count=pl.col("income") / pl.col("eps"))
        .filter(pl.col("count").is_between(FEWEST, MOST))
        .sort("region", "ticker", "available_date", "period_end", pl.col("vintage").fill_null(0), "filing_id", "period")
        .select("region", "ticker", "available_date", "period_end", "count")
        .collect()
    )
    taken = _splits(splits)
    kept = [
        (*company, *row)
        for company, rows in groupby(pairs.iter_rows(), key=itemgetter(0, 1))
        for row in _believed([row[2:] for row in rows], taken.get(company, ()))
    ]
    schema = {
        "region": pl.String,
        "ticker": pl.String,
        "date": pl.Date,
        "available_date": pl.Date,
        "shares_outstanding": pl.Float64,
    }
    frame = pl.DataFrame(kept, schema=schema, orient="row")
    # Of two filings of one period and day the later one stands.
    frame = frame.unique(["region", "ticker", "date", "available_date"], keep="last", maintain_order=True)
    return frame.with_columns(basis=pl.lit("weighted"), source=pl.lit(IMPLIED))


def _splits(actions: pl.DataFrame | None) -> dict[tuple[str, str], list[tuple[date, float]]]:
    import polars as pl

    if actions is None:
        return {}
    kinds = ("split", "bonus", "consolidation")
    rows = actions.filter(pl.col("kind").is_in(kinds) & (pl.col("value") > 0)).sort("region", "ticker", "ex_date")
    found: dict[tuple[str, str], list[tuple[date, float]]] = {}
    for region, ticker, day, ratio in rows.select("region", "ticker", "ex_date", "value").iter_rows():
        found.setdefault((region, ticker), []).append((day, ratio))
    return found


def _believed(
    estimates: Sequence[tuple[date, date, float]], splits: Sequence[tuple[date, float]]
) -> list[tuple[date, date, float]]:
    """The (period_end, available_date, count) of one company that are believed, in order."""
    past: list[tuple[date, float]] = []
    waiting: tuple[date, float] | None = None
    kept = []
    for known, period_end, count in estimates:
        usual = median(_restated(one, known, splits) for one in past[-COMPARED:]) if past else count
        if _near(count, usual):
            past.append((known, count))
        elif waiting is not None and _near(count, _restated(waiting, known, splits)):
            past = [waiting, (known, count)]
        else:
            waiting = (known, count)
            continue
        waiting = None
        kept.append((period_end, known, count))
    return kept


def _restated(estimate: tuple[date, float], day: date, splits: Sequence[tuple[date, float]]) -> float:
    """An earlier count on the shares of a later day."""
    made, count = estimate
    return count * math.prod(ratio for ex_date, ratio in splits if made < ex_date <= day)


def _near(count: float, usual: float) -> bool:
    return usual / BAND <= count <= usual * BAND
