"""Charts say what they show, for which dates and in which units, in the colours of the regions."""

from __future__ import annotations

import json

import pytest

import workbench as wb
from workbench.reports import charts, theme


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


def test_a_tear_sheet_has_a_colour_a_region(lake):
    regions = ["KR", "US"]
    panel = lake.panel(regions, fields=("close",))
    sheet = wb.research.tearsheet(wb.factors.compute(["momentum_12m_1m"], panel).composite, panel)
    for figure in (charts.information_coefficient(sheet, 21), charts.decay(sheet), charts.quantiles(sheet, 21)):
        assert {trace.name for trace in figure.data} == set(regions)
        assert theme.REGION_COLOURS["US"] in text_of(figure)
        assert f"{sheet.start} to {sheet.end}" in figure.layout.title.text
        assert figure.layout.yaxis.title.text
    assert charts.coverage(sheet).layout.yaxis.tickformat == ".0%"


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
