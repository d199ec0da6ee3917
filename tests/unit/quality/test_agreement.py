"""How far two providers agree: what counts as the same close, and what a change of source needs."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from workbench.quality import agreement, health

DAYS = [date(2024, 3, 4) + timedelta(days=n) for n in range(12)]


def bars(source, closes, *, volume=1000.0, adjusted="none", ticker="X"):
    return pl.DataFrame(
        {
            "ticker": ticker,
            "date": DAYS[: len(closes)],
            "close": [float(close) for close in closes],
            "volume": volume,
            "adjusted": adjusted,
            "source": source,
        }
    )


def verdict(ours, theirs):
    return agreement.verdicts(agreement.compare(bars("a", ours), bars("b", theirs))).to_dicts()


@pytest.mark.parametrize(
    ("ours", "theirs", "differing"),
    [
        (100.0, 100.49, False),  # half a per cent
        (100.0, 100.51, True),
        (0.50, 0.505, False),  # rounded to a cent
        (0.05, 0.055, True),  # a cent is too much of a penny stock
        (71_300, 71_400, False),
        (71_300, 713, True),
    ],
)
def test_closes_are_the_same_within_half_a_per_cent_or_a_rounding(ours, theirs, differing):
    (row,) = agreement.compare(bars("a", [ours]), bars("b", [theirs])).to_dicts()
    assert row["differing"] is differing
    assert row["difference"] == pytest.approx(abs(theirs / ours - 1))


def test_the_pair_is_named_in_one_order_and_rows_that_cannot_be_compared_are_none():
    ours, theirs = bars("kis", [10, 10, 10]), bars("akshare", [10, 0, 10])
    theirs = theirs.with_columns(
        adjusted=pl.when(pl.col("date") == DAYS[2]).then(pl.lit("split")).otherwise("adjusted")
    )
    (row,) = agreement.compare(ours, theirs).to_dicts()
    assert (row["provider_a"], row["provider_b"], row["date"]) == ("akshare", "kis", DAYS[0])


@pytest.mark.parametrize(
    ("count", "wrong", "agrees", "enough"),
    [(4, 0, False, False), (5, 0, True, True), (5, 1, False, True), (10, 1, True, True), (10, 2, False, True)],
)
def test_five_sessions_must_agree_and_one_in_ten_may_differ(count, wrong, agrees, enough):
    theirs = [100.0 * (50 if n < wrong else 1) for n in range(count)]
    (row,) = verdict([100.0] * count, theirs)
    assert (row["agrees"], row["enough"], row["common"], row["differing"]) == (agrees, enough, count, wrong)


@pytest.mark.parametrize(("volume", "other"), [(3000.0, False), (100_000.0, True), (10.0, True), (None, False)])
def test_volumes_in_other_units_are_told_from_those_of_other_venues(volume, other):
    theirs = bars("b", [10] * 6).with_columns(volume=pl.lit(volume, pl.Float64))
    (row,) = agreement.verdicts(agreement.compare(bars("a", [10] * 6), theirs)).to_dicts()
    assert row["other_volume"] is other
    assert row["agrees"] is not other


def seam(closes, new, *actions):
    ours = bars("a", closes).filter(~pl.col("date").is_in([DAYS[n] for n in new]))
    theirs = bars("b", closes).filter(pl.col("date").is_in([DAYS[n] for n in new]))
    frame = pl.DataFrame({"ticker": "X", "ex_date": list(actions)}, schema={"ticker": pl.String, "ex_date": pl.Date})
    return agreement.seams(ours, theirs, frame)["date"].to_list()


def test_moves_beside_new_bars_are_looked_at_and_others_are_not():
    assert seam([10, 10, 5, 5], [2, 3]) == [DAYS[2]]
    assert seam([10, 10, 5, 5], [2, 3], DAYS[2]) == []
    assert seam([10, 10, 5, 5], [0, 1]) == [DAYS[2]], "the new bars stand before the move"
    assert seam([10, 5, 5, 5], [3]) == [], "what stands is not judged again"
    assert seam([10, 10, 17, 17], [2, 3]) == [], "no more than a share may move"


def test_rows_are_counted_by_pair_and_day_and_never_say_less_than_before():
    two = pl.concat([agreement.compare(bars("a", [10, 10], ticker=t), bars("b", [10, 20], ticker=t)) for t in "XY"])
    rows = agreement.agreement_rows(two, "US").sort("date")
    assert rows.select("rows", "differing").rows() == [(2, 0), (2, 2)]
    assert agreement.agreement_rows(pl.concat([two, two]), "US").sort("date").equals(rows), "seen twice, counted once"
    fewer = agreement.agreement_rows(two.filter(pl.col("ticker") == "X"), "US")
    assert agreement.with_known(fewer, rows).sort("date").equals(rows)


def test_the_health_of_a_region_sums_pairs_up(tmp_path):
    from workbench.lake import Lake

    lake = Lake(tmp_path / "lake")
    compared = agreement.compare(bars("a", [10] * 4), bars("b", [10, 10, 10, 25]))
    lake.publish("agreement", agreement.agreement_rows(compared, "US"), region="US")
    (row,) = health(lake, "US").agreement.to_dicts()
    assert row == {
        "provider_a": "a",
        "provider_b": "b",
        "rows": 4,
        "differing": 1,
        "share": 0.25,
        "largest_difference": 1.5,
        "first": DAYS[0],
        "last": DAYS[3],
    }
