"""Every file under params/ can be used: runs fit their notebook, strategies and factor sets load."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench import studies
from workbench.errors import ConfigError
from workbench.runs import parameters, params_file

ROOT = Path(__file__).resolve().parents[3] / "params"


@pytest.mark.parametrize("path", sorted((ROOT / "backtests").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_run_fits_its_notebook(path):
    told = params_file.load(path)
    assert told.notebook
    checked = parameters.check(told.notebook, told.parameters)
    assert studies.Strategy.load(checked["strategy"])


@pytest.mark.parametrize("path", sorted((ROOT / "runs").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_scheduled_run_fits_its_notebook(path):
    told = params_file.load(path)
    checked = parameters.check(told.notebook, told.parameters)
    for factor_set in {checked.get("factor_set", "layered"), checked.get("score_by", "layered")} - {"layered"}:
        assert studies.load_factor_set(factor_set)
    assert studies.load_rules(checked.get("rules", "standard"))


@pytest.mark.parametrize("path", sorted((ROOT / "strategies").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_strategy_is_named_like_its_file(path):
    assert studies.Strategy.load(path.stem).name == path.stem


@pytest.mark.parametrize("path", sorted((ROOT / "factors").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_factor_set_is_named_like_its_file(path):
    assert studies.load_factor_set(path.stem).name == path.stem


def test_a_misspelt_field_is_told_before_the_one_that_it_leaves_missing(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nfactrs: {roe: 1}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="factrs is no field") as caught:
        studies.load_factor_set(path)
    assert "factors" in str(caught.value)
