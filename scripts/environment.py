"""Write environment.yml from pyproject.toml, so that conda users get the same versions."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def render() -> str:
    """The text of environment.yml for the pins in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    pins = [*project["dependencies"], *extras["akshare"], *extras["xgboost"], *extras["test"]]
    lines = [
        "name: spock-workbench",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        "  - python>=3.11,<3.14",
        "  - pip",
        "  - pip:",
        *(f"      - {pin}" for pin in sorted(pins, key=str.lower)),
        "      - --editable .",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "environment.yml").write_text(render())
