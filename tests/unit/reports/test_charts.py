"""Charts say what they show, for which dates and in which units, in the colours of the regions."""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
import pytest

import workbench as wb
from workbench.reports import charts, theme, verdict


@pytest.fixture
def lake(tiny_lake):
    return wb.Lake(tiny_lake)


def text_of(figure):
    return json.dumps(json.loads(figure.to_json()))


def test_equity_stands_over_its_drawdown(lake):
    result = wb.backtest(wb.Strategy.load("momentum_top20"), lake, regions="KR")
    figure = charts.equity(result)
    first, last = result.equity["date"][0], result.equity["date"][-1]
    assert f"{first} to {last}" in figure.layout.title.text
    assert "momentum_top20" in figure.layout.title.text
    assert [trace.yaxis for trace in figure.data] == ["y", "y2", "y", "y2"]
    assert figure.data[0].line.color == theme.REGION_COLOURS["KR"]
    assert figure.data[0].y[0] == 1.0
    assert max(figure.data[1].y) == 0.0
    assert figure.layout.yaxis.title.text == "value of 1 KRW"
    bars = charts.costs(result)
    assert list(bars.data[0].x) == ["commission", "half spread", "tax"]
    assert sum(charts.turnover(result).data[0].y) == pytest.approx(result.equity["turnover"].sum())


@pytest.fixture
def sheet(lake):
    panel = lake.panel(["KR", "US"], fields=("open", "close", "volume"))
    return wb.research.tearsheet(wb.factors.compute(["momentum_12m_1m"], panel).composite, panel)


def test_a_tear_sheet_has_a_colour_a_region(sheet):
    regions = {"KR", "US"}
    for figure in (charts.information_coefficient(sheet, 21), charts.decay(sheet), charts.quantiles(sheet, 21)):
        assert {trace.name for trace in figure.data} == regions
        assert theme.REGION_COLOURS["US"] in text_of(figure)
        assert f"{sheet.start} to {sheet.end}" in figure.layout.title.text
        assert figure.layout.yaxis.title.text
    assert charts.coverage(sheet).layout.yaxis.tickformat == ".0%"
    assert {trace.name for trace in charts.stability(sheet).data} == regions


def test_an_interval_is_drawn_where_there_is_one(sheet):
    for trace, region in zip(charts.decay(sheet).data, sheet.regions, strict=True):
        rows = sheet.summary.filter(pl.col("region") == region)
        widths, marks = trace.error_y.array, trace.marker.symbol
        for row, width, mark in zip(rows.iter_rows(named=True), widths, marks, strict=True):
            if row["t_fixed_b"] is None:
                assert (width, mark) == (None, "circle-open")
            else:
                assert width == pytest.approx(abs(row["critical"] * row["mean_ic"] / row["t_fixed_b"]))
    assert {"circle-open", "circle"} <= {mark for trace in charts.decay(sheet).data for mark in trace.marker.symbol}


def test_money_is_shown_before_and_after_costs(sheet):
    for figure in (charts.long_short(sheet), charts.holding_periods(sheet)):
        assert [trace.name for trace in figure.data[:2]] == ["KR before costs", "KR after costs"]
    own = sheet.long_short.filter(pl.col("region") == "KR")
    before, after = charts.long_short(sheet).data[:2]
    assert before.y[-1] == pytest.approx(own["gross"].sum())
    assert after.y[-1] == pytest.approx(own["net"].sum())


def test_without_known_costs_only_the_gross_line_is_drawn(sheet):
    blind = replace(sheet, long_short=sheet.long_short.with_columns(net=pl.lit(None, pl.Float64)))
    assert {trace.name for trace in charts.long_short(blind).data} == {"KR before costs", "US before costs"}


def test_the_breakdown_has_a_panel_a_kind_and_leaves_none_empty(sheet):
    groups = [("sector", "Energy", 0.02, 3.0), ("size", "small", 0.01, None), ("year", "2024", 0.03, None)]
    rows = [(*group, 2.1, 30) for group in groups] + [("year", "2025", 0.5, None, None, 1)]
    names = ("by", "group", "mean_ic", "t", "critical", "periods")
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(region=pl.lit("KR"), names=pl.lit(20.0))
    sheet = replace(sheet, breakdown=frame)
    figure = charts.breakdown(sheet)
    assert figure.data[0].error_x.array[0] == pytest.approx(2.1 * 0.02 / 3.0)
    assert list(figure.data[2].y) == [0.0]  # a year of one period would set the scale of all others
    kinds = [note.text for note in figure.layout.annotations]
    assert kinds == ["by sector", "by size", "by year"]
    without = replace(sheet, breakdown=sheet.breakdown.filter(pl.col("by") == "year"))
    assert [note.text for note in charts.breakdown(without).layout.annotations] == ["by year"]
    assert charts.breakdown(replace(sheet, breakdown=sheet.breakdown.clear())).layout.title.text


def test_the_verdict_stands_on_top_in_its_colour(sheet):
    text = verdict.render(sheet)
    assert sheet.sentence in text
    for region, word in sheet.verdict.select("region", "verdict").iter_rows():
        assert f"{region}</td>" in text
        assert word in text
    works = replace(sheet, verdict=sheet.verdict.with_columns(verdict=pl.lit("works"), t=4.0, critical=2.1))
    assert "#2E7D4F" in verdict.render(works)
    assert "±2.1" in verdict.render(works)
    assert "No volume" not in text


def test_a_map_of_correlations_is_symmetric_and_bounded(lake):
    panel = lake.panel("KR", fields=("high", "low", "close"))
    found = wb.research.factor_correlation(wb.factors.compute(["momentum_12m_1m", "volatility_252d"], panel))
    figure = charts.correlation_map(found)
    assert figure.data[0].x == figure.data[0].y == found.names
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-1.0, 1.0)
    assert found.start in figure.layout.title.text


def test_an_allocation_shows_weight_beside_risk(lake):
    found = wb.studies.allocate("min_variance", lake, ["KR", "US"], "2025-06-30", constraints={"max_weight": 0.1})
    figure = charts.weights(found)
    assert len(figure.data) == 2
    assert str(found.at) in figure.layout.title.text
    assert sum(charts.region_weights(found).data[1].y) == pytest.approx(1.0)


def test_the_explorer_changes_its_chart_and_survives_as_json(lake):
    bars = lake.sql(
        "SELECT region || ':' || ticker AS ticker, 'KRW' AS currency, date, close, total_close FROM ohlcv_adjusted "
        "WHERE region = 'KR' AND ticker IN (SELECT DISTINCT ticker FROM ohlcv WHERE region = 'KR' ORDER BY 1 LIMIT 2) "
        "ORDER BY ticker, date"
    )
    choice, figure = charts.explorer(bars).children
    before = list(figure.data[0].y)
    choice.value = choice.options[1]
    assert list(figure.data[0].y) != before
    assert choice.options[1] in figure.layout.title.text
    assert isinstance(figure._widget_data[0]["y"], list)


def test_the_explorer_says_that_there_is_nothing_to_show(lake):
    with pytest.raises(wb.errors.DataError, match="no price to show"):
        charts.explorer(lake.sql("SELECT ticker, date, close FROM ohlcv WHERE false"))


def test_a_title_stands_clear_of_the_edge_whatever_the_height():
    """A share of the height cuts the letters of the lower charts."""
    title = theme.template().layout.title
    assert (title.y, title.yanchor) == (1.0, "top")
    assert title.pad.t >= 16


def test_a_chart_is_a_chart_though_its_module_has_the_same_name():
    for name in charts.__all__:
        assert callable(getattr(charts, name)), name
    assert callable(charts.equity)
