"""What may be loaded by a light import; the layers themselves are checked by import-linter."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "pandas", "polars", "plotly", "bt", "ffn", "cvxpy", "pypfopt", "duckdb", "deltalake", "pyarrow", "numpy",
    "exchange_calendars", "papermill", "nbconvert", "nbclient", "IPython", "ipywidgets", "sklearn", "scipy",
    "requests", "yfinance", "akshare", "rich",
}  # fmt: skip


def loaded_by(code: str) -> set[str]:
    program = f"import sys, json\n{code}\nprint('\\n' + json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.strip().splitlines()[-1]))


HELP = """
from click.testing import CliRunner
from workbench.cli import cli
for arguments in (["--help"], *([name, "--help"] for name in cli.commands)):
    assert CliRunner().invoke(cli, arguments).exit_code == 0, arguments
"""


@pytest.mark.parametrize("code", ["import workbench", "import workbench.markets", "import workbench.reports", HELP])
def test_light_import_loads_nothing_heavy(code):
    assert loaded_by(code) & HEAVY == set()


def test_the_check_sees_a_heavy_import():
    assert "polars" in loaded_by("import workbench.schemas")


def test_every_public_name_resolves():
    import workbench

    for name in workbench.__all__:
        assert getattr(workbench, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = workbench.nothing
