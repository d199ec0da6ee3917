"""Where things are, what time it is, and secrets by reference.

Every setting comes from one environment variable, so that a notebook kernel, a scheduled run and a
test find the same lake without passing paths around.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workbench.errors import ConfigError

REGIONS = ("KR", "US", "CN", "HK", "JP", "VN")


@dataclass(frozen=True)
class Settings:
    """Folders of one installation.

    Attributes
    ----------
    home : Path
        The project folder, which holds ``notebooks/`` and ``params/`` (``WORKBENCH_HOME``).
    lake : Path
        Root of the lake (``WORKBENCH_LAKE``, default ``data/parquet`` below home).
    reports : Path
        One folder a run and the index (``WORKBENCH_REPORTS``, default ``reports`` below home).
    run_dir : Path or None
        Folder of the run this process executes (``WORKBENCH_RUN_DIR``), None outside a run.
    state : Path
        What processes share beside the lake: tokens, rate limits, downloaded lists, the log
        (``WORKBENCH_STATE``, default ``data/state`` below home).
    params : Path or None
        Strategies and factor sets that go before those of home (``WORKBENCH_PARAMS``): in a replay, the
        ones that its original loaded.
    """

    home: Path
    lake: Path
    reports: Path
    run_dir: Path | None
    params: Path | None
    state: Path


def load() -> Settings:
    """Read the settings from the environment, afresh at each call."""
    home = _home()
    run_dir, params = os.environ.get("WORKBENCH_RUN_DIR"), os.environ.get("WORKBENCH_PARAMS")
    return Settings(
        home=home,
        lake=_folder("WORKBENCH_LAKE", home / "data" / "parquet"),
        reports=_folder("WORKBENCH_REPORTS", home / "reports"),
        run_dir=Path(run_dir) if run_dir else None,
        params=Path(params) if params else None,
        state=_folder("WORKBENCH_STATE", home / "data" / "state"),
    )


def provider_url(name: str) -> str | None:
    """Where a provider is asked instead of its own address: ``WORKBENCH_URL_<NAME>``, for a proxy or a test."""
    return os.environ.get(f"WORKBENCH_URL_{name.upper()}") or None


def _folder(variable: str, default: Path) -> Path:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else default


def _home() -> Path:
    """The folder of ``WORKBENCH_HOME``, else the nearest parent that holds notebooks and params."""
    value = os.environ.get("WORKBENCH_HOME")
    if value:
        return Path(value).expanduser().resolve()
    here = Path.cwd().resolve()
    checkout = Path(__file__).resolve().parent.parent
    for folder in (here, *here.parents, checkout):
        if (folder / "notebooks").is_dir() and (folder / "params").is_dir():
            return folder
    return here


def now() -> datetime:
    """The clock of the workbench: UTC now, or the instant in ``WORKBENCH_NOW`` (tests and replays)."""
    return _instant("WORKBENCH_NOW") or datetime.now(UTC)


def run_started() -> datetime:
    """When the run of this process began (``WORKBENCH_STARTED``, set by the runner); outside a run, now."""
    return _instant("WORKBENCH_STARTED") or now()


def _instant(variable: str) -> datetime | None:
    value = os.environ.get(variable)
    if not value:
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as error:
        raise ConfigError(
            f"{variable}={value!r} is not an ISO instant.", hint="Write it as 2026-11-20T06:30:00+00:00."
        ) from error
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
