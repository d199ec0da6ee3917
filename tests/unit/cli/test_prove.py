"""wb prove: a table and an exit code."""

from __future__ import annotations

import json

from click.testing import CliRunner

from workbench import factors
from workbench.cli import cli
from workbench.errors import ConfigError
from workbench.factors import registry


def wb(*arguments: str):
    return CliRunner().invoke(cli, ("prove", *arguments))


def test_help_has_an_example():
    shown = wb("--help")
    assert shown.exit_code == 0
    assert "Example: wb prove momentum_12m_1m --region KR" in shown.output


def test_a_causal_factor_ends_with_0(tiny_lake):
    shown = wb("reversal_1m", "--region", "KR", "--cuts", "1", "--tickers", "20")
    assert shown.exit_code == 0, shown.output
    assert "reversal_1m" in shown.output
    assert "Causal: KR, " in shown.output


def test_a_finding_ends_with_1_and_names_what_moved(tiny_lake):
    def looks_ahead(close):
        import numpy as np

        out = np.full_like(close, np.nan)
        out[:-5] = close[5:] / close[:-5] - 1.0
        return out

    with registry.registered(factors.Factor("looks_ahead", looks_ahead, "test", 5, ("close",), 1, "")):
        shown = wb("looks_ahead", "--region", "KR", "--cuts", "1", "--tickers", "20")
        told = json.loads(wb("looks_ahead", "--region", "KR", "--cuts", "1", "--tickers", "20", "--json").stdout)
    assert shown.exit_code == 1
    assert "moved by ohlcv.open/high/low/close" in shown.output
    assert "Not causal" in shown.output
    assert told[0]["causal"] is False
    assert told[0]["target"] == "looks_ahead"


def test_an_unknown_name_is_told(tiny_lake):
    shown = wb("momentum_12", "--region", "KR")
    assert shown.exit_code == 1
    assert isinstance(shown.exception, ConfigError)
    assert "momentum_12m_1m" in shown.exception.hint
