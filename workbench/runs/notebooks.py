"""Finding and reading notebooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbench import settings
from workbench.errors import ConfigError
from workbench.runs.suggestions import did_you_mean


def find(notebook: str | Path) -> Path:
    """Return the file of a notebook given by path (from here, the home folder or its notebooks) or by bare name.

    The ending ``.ipynb`` may be left out.

    Raises
    ------
    ConfigError
        No such notebook, or several of that name.
    """
    wanted = Path(notebook).expanduser()
    home = settings.load().home
    spelled = [wanted, wanted.with_name(f"{wanted.name}.ipynb")] if wanted.name else [wanted]
    for candidate in (folder / name for name in spelled for folder in (Path(), home, home / "notebooks")):
        if candidate.suffix == ".ipynb" and candidate.is_file():
            return candidate.resolve()
    known = sorted(path for path in (home / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    named = [path for path in known if path.stem == str(notebook)]
    if len(named) == 1:
        return named[0].resolve()
    names = [str(path.relative_to(home)) for path in named or known]
    if named:
        raise ConfigError(
            f"Several notebooks are called {str(notebook)!r}.", hint=f"Name one by path: {_listing(names)}."
        )
    raise ConfigError(
        f"There is no notebook {str(notebook)!r}.{did_you_mean(str(notebook), names)}",
        hint=f"The notebooks of this project are: {_listing(names)}.",
    )


def read(path: Path) -> dict[str, Any]:
    """Return the notebook as plain JSON.

    Raises
    ------
    ConfigError
        The file is no notebook in format 4.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(
            f"{path} is not a notebook: {error}.", hint="Open it in JupyterLab and save it again."
        ) from error
    if not isinstance(document, dict) or document.get("nbformat") != 4 or not isinstance(document.get("cells"), list):
        raise ConfigError(f"{path} is not a notebook in format 4.", hint="Open it in JupyterLab and save it again.")
    return document


def source(cell: dict[str, Any]) -> str:
    """Return the source of a cell as one text."""
    text = cell.get("source", "")
    return text if isinstance(text, str) else "".join(text)


def tags(cell: dict[str, Any]) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.get("metadata", {}).get("tags", []))


def title(document: dict[str, Any], default: str) -> str:
    """Return the first heading of the notebook."""
    for cell in document["cells"]:
        if cell.get("cell_type") == "markdown":
            for line in source(cell).splitlines():
                if line.startswith("# "):
                    return line[2:].strip()
    return default


def writes_lake(document: dict[str, Any]) -> bool:
    """Say whether the notebook publishes to the lake (its metadata says so), so that reads are not pinned."""
    return bool(document.get("metadata", {}).get("workbench", {}).get("lake") == "write")


def _listing(names: list[str]) -> str:
    return ", ".join(names) or "none"
