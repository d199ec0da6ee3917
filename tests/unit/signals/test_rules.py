"""The rules of signals, as written in params/signals."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from workbench.errors import ConfigError
from workbench.signals import SignalRules
from workbench.studies import parameters


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"thresholds": {"buy": 50, "watch": 50}}, "buy=50 must be above watch=50"),
        ({"thresholds": {"buy": 101}}, "less than or equal to 100"),
        ({"thresholds": {"watch": -1}}, "greater than or equal to 0"),
        ({"regions": {"XX": {}}}, "'XX', which is none of KR"),
        ({"layers": {"timing": {"weight": 1, "components": {"astrology": 1}}}}, "no component 'astrology'"),
        ({"layers": {"timing": {"weight": 1, "required": False, "components": {"macd": 1}}}}, "must be required"),
        ({"layers": {"timing": {"weight": 0, "components": {"macd": 1}}}}, "greater than 0"),
        ({"colour": "green"}, "Extra inputs"),
        ({"hits": {"horizon": 0}}, "greater than or equal to 1"),
    ],
)
def test_rules_that_break_a_bound_are_refused(content, said) -> None:
    with pytest.raises(ValidationError, match=said):
        SignalRules.model_validate(content)


def test_the_standard_file_holds_the_defaults() -> None:
    stored, built = parameters.load(SignalRules, "signals", "standard"), SignalRules()
    assert stored.thresholds == built.thresholds
    assert stored.layers.keys() == built.layers.keys()
    assert sum(rule.weight for rule in stored.layers.values()) == pytest.approx(1.0)
    assert {layer: set(rule.components) for layer, rule in stored.layers.items()} == {
        layer: set(rule.components) for layer, rule in built.layers.items()
    }


def test_a_wrong_file_names_file_field_and_value(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("thresholds: {buy: 40, watch: 60}\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml: thresholds.*buy=40 must be above watch=60"):
        parameters.load(SignalRules, "signals", path)


def test_a_region_has_its_own_thresholds() -> None:
    rules = SignalRules.model_validate({"regions": {"VN": {"buy": 80, "watch": 60}}})
    assert (rules.of("VN").buy, rules.of("KR").buy) == (80.0, 70.0)
