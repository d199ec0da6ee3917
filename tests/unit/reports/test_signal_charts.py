"""Charts of signals show the numbers they are given."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from workbench.reports import charts
from workbench.signals import SignalRules

DAY = date(2025, 12, 30)


@pytest.fixture
def rows() -> pl.DataFrame:
    layers = [
        '{"regime":{"breadth":15.0},"timing":{"macd":60.0}}',
        '{"timing":{"macd":40.0}}',
        '{"timing":{"macd":55.0}}',
    ]
    return pl.DataFrame(
        {
            "region": ["KR", "KR", "VN"],
            "ticker": ["KR:005930", "KR:000660", "VN:FPT"],
            "name": ["A long name of a company in Seoul", None, "FPT"],
            "date": [DAY] * 3,
            "set": ["layered"] * 3,
            "score": [75.0, 40.0, 55.0],
            "signal": ["BUY", "AVOID", "WATCH"],
            "confidence": [1.0, 0.0, None],
            "layers": layers,
        }
    )


def test_the_bars_of_a_name_end_at_its_score(rows) -> None:
    figure = charts.buy_list(rows, SignalRules.model_validate({"regions": {"VN": {"buy": 80, "watch": 60}}}))
    bars = [trace for trace in figure.data if trace.type == "bar" and trace.xaxis == "x"]
    assert {bar.name: list(bar.x) for bar in bars} == {"regime": [15.0, 0], "timing": [60.0, 40.0]}
    marks = next(trace for trace in figure.data if trace.type == "scatter")
    assert list(marks.x) == [75.0, 40.0]
    assert "75" in marks.text[0]
    assert "BUY" in marks.text[0]
    # Each region's own thresholds stand as lines in its own part.
    lines = {(shape.xref, shape.x0) for shape in figure.layout.shapes}
    assert lines == {("x", 70.0), ("x", 50.0), ("x2", 80.0), ("x2", 60.0)}
    assert "1 BUY, 0 WATCH, 1 AVOID" in figure.layout.annotations[0].text


def test_points_of_a_factor_set_lie_around_the_average(rows) -> None:
    text = '{"base":{"average":50.0},"value":{"roe":-10.0},"momentum":{"momentum_12m_1m":35.0}}'
    figure = charts.buy_list(rows.with_columns(layers=pl.lit(text)), SignalRules())
    net = next(trace for trace in figure.data if trace.name == "score")
    assert list(net.x) == [25.0, -10.0]
    assert not [trace for trace in figure.data if trace.name == "base"]
    assert figure.layout.xaxis.ticktext[list(figure.layout.xaxis.tickvals).index(0)] == "50"


def test_insufficient_rates_are_hollow_and_have_no_colour() -> None:
    frame = pl.DataFrame(
        {
            "region": ["KR", "US", "KR", "US"],
            "set": ["s"] * 4,
            "kind": ["BUY", "BUY", "timing.macd", "timing.macd"],
            "signals": [10, 900, 10, 900],
            "periods": [3, 60, 3, 60],
            "hits": [6, 500, 6, 500],
            "hit_rate": [0.6, 0.556, 0.6, 0.556],
            "low": [0.3, 0.51, 0.3, 0.51],
            "high": [0.85, 0.6, 0.85, 0.6],
            "horizon": [21] * 4,
            "verdict": ["insufficient", "above half"] * 2,
        }
    )
    buy = charts.hit_rates(frame).data[0]
    assert list(buy.marker.symbol) == ["circle-open", "circle"]
    assert buy.error_y.array[1] == pytest.approx(0.044)
    heat = charts.hit_rates_of_parts(frame).data[0]
    assert [list(row) for row in heat.z] == [[None, 0.556]]
    assert [list(row) for row in heat.text] == [["–", "56% •"]]


def test_history_regimes_coverage_and_correlation() -> None:
    days = [date(2025, 1, 2), date(2025, 1, 3), date(2025, 2, 3)]
    history = pl.DataFrame({"region": ["KR"] * 3, "date": days, "buy": [2, 4, 9]})
    assert list(charts.signal_history(history).data[0].y) == [3.0, 9.0]
    regime = pl.DataFrame({"region": ["KR"], "date": [DAY], "regime": [61.4], "breadth": [None]})
    assert list(charts.regimes(regime).data[0].text[0]) == ["61", "–"]
    pairs = pl.DataFrame({"region_a": ["KR"], "region_b": ["US"], "daily": [0.2], "weekly": [0.5], "lead_lag": [0.6]})
    assert [trace.z[0][1] for trace in charts.cross_region(pairs).data] == [0.2, 0.5, 0.6]
    share = pl.DataFrame({"factor": ["roe"], "region": ["KR"], "coverage": [0.9]})
    assert list(charts.factor_coverage(share).data[0].text[0]) == ["90%"]
