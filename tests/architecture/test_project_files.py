"""Promises about the project's own files: pins, addresses, paths, workflow."""

import re
import runpy
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = [*PROJECT["dependencies"], *EXTRAS["akshare"], *EXTRAS["xgboost"], *EXTRAS["test"]]


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def locked() -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", LOCK, flags=re.M):
        versions.setdefault(name.lower().replace("_", "-"), set()).add(version)
    return versions


def test_lock_has_hashes_and_no_addresses():
    assert not re.search(r"https?://|--index|--find-links|file:", LOCK)
    entries = re.split(r"\n(?=[A-Za-z0-9])", LOCK.strip())
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("pin", PINS)
def test_every_pin_of_the_project_is_in_the_lock(pin):
    name, version = pin.split("==")
    assert locked()[name.lower().replace("_", "-")] == {version}


def test_conda_environment_agrees_with_the_project():
    render = runpy.run_path(str(ROOT / "scripts" / "environment.py"))["render"]
    text = (ROOT / "environment.yml").read_text()
    assert text == render(), "run: .venv/bin/python scripts/environment.py"
    assert {line.strip()[2:] for line in text.splitlines() if "==" in line} == set(PINS)
    assert PROJECT["requires-python"] in text.replace("python>=", ">=")


def test_workflow_runs_make_test_on_every_supported_python():
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert "run: make test" in text
    assert {"3.11", "3.12", "3.13"} <= set(re.findall(r'"(3\.\d+)"', text))
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_no_machine_paths_or_registries_in_project_files():
    pattern = re.compile(r"(?<![\w.~])/(?:work|root|home|Users)/\w|pypi\.org|files\.pythonhosted|registry\.npmjs")
    here = Path(__file__).resolve()
    found = []
    for path in tracked():
        if path == here or path.suffix in {".png", ".parquet"}:
            continue
        found += [f"{path.relative_to(ROOT)}: {hit}" for hit in pattern.findall(path.read_text(errors="replace"))]
    assert found == []


def test_tracked_files_are_small():
    assert [str(p) for p in tracked() if p.stat().st_size > 1_000_000] == []


def test_links_between_documents_resolve():
    broken = []
    for page in [path for path in tracked() if path.suffix == ".md"]:
        targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        broken += [f"{page.name}: {target}" for target in targets if not (page.parent / target).exists()]
    assert broken == []


def test_makefile_is_plain_posix():
    text = (ROOT / "Makefile").read_text()
    assert text.startswith(".POSIX:")
    assert not re.search(r":=|\$\(shell|\?=|ifeq|%:|\+=", text)
