"""Commands that run notebooks: collect, run, replay, runs, demo, lab."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.output import echo_frame, echo_json
from workbench.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workbench.cli.progress import Progress
    from workbench.runs import Run, Step

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
_WORKERS = click.option("--workers", default=2, show_default=True, help="Notebooks to run side by side.")


@click.command(epilog="\b\nExample: wb collect KR US -p sample_size=tiny")
@click.argument("regions", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All six regions.")
@click.option("-f", "--params", "params_file", type=click.Path(path_type=Path), help="Parameters from a YAML file.")
@click.option("-p", "--parameter", "given", multiple=True, metavar="NAME=VALUE", help="One parameter; repeatable.")
@_WORKERS
@_JSON
def collect(
    regions: tuple[str, ...], every: bool, params_file: Path | None, given: tuple[str, ...], workers: int, as_json: bool
) -> None:
    """Collect what is missing of one or more regions into the lake."""
    from workbench import markets, runs
    from workbench.settings import REGIONS

    if not regions and not every:
        raise click.UsageError("Name regions, or say --all.")
    notebook = "notebooks/collection/collect_region.ipynb"
    codes = markets.check_regions(REGIONS if every else regions)
    shared = runs.parameters.parse(notebook, given)
    jobs = [runs.Job(notebook, {**shared, "region": region}, params_file=params_file) for region in codes]
    with progress() as show:
        finished = runs.run_many(jobs, workers=workers, progress=steps(show))
    _report(finished, as_json, said=[_unfinished(code, done) for code, done in zip(codes, finished, strict=True)])


@click.command(
    epilog="\b\nExample: wb run notebooks/backtests/backtest.ipynb -f params/backtests/kr.yaml -p start=2022-01-01"
)
@click.argument("notebook", type=click.Path(path_type=Path), required=False)
@click.option("-f", "--params", "params_file", type=click.Path(path_type=Path), help="Parameters from a YAML file.")
@click.option("-p", "--parameter", "given", multiple=True, metavar="NAME=VALUE", help="One parameter; repeatable.")
@click.option("--timeout", type=float, help="Time limit of the whole run, in seconds.")
@_JSON
def run(
    notebook: Path | None, params_file: Path | None, given: tuple[str, ...], timeout: float | None, as_json: bool
) -> None:
    """Run a parameterized notebook and keep it with its report, tables and card.

    The parameters file may name the notebook.
    """
    from workbench import runs
    from workbench.runs import params_file as files

    target = files.load(params_file).notebook if notebook is None and params_file else notebook
    if target is None:
        raise click.UsageError("Name a notebook, or a parameters file that names one.")
    values = runs.parameters.parse(target, given) if given else {}
    with progress() as show:
        done = runs.run(target, values, params_file=params_file, timeout=timeout, progress=steps(show))
    _report([done], as_json)


@click.command(epilog="\b\nExample: wb replay latest")
@click.argument("run_id")
@_JSON
def replay(run_id: str, as_json: bool) -> None:
    """Run again on the snapshot of a run's card and compare every table.

    RUN_ID is an id, its beginning or last part, or latest: the newest run that succeeded. The exit code is
    1 unless both succeeded and nothing differs.
    """
    from workbench import runs

    with progress() as show:
        replayed = runs.replay(run_id, progress=steps(show))
    if as_json:
        echo_json(
            {
                "run": replayed.run.id,
                "original": replayed.original.id,
                "identical": replayed.identical,
                "status": replayed.run.status,
                "error": replayed.run.error,
                "verdict": replayed.verdict,
                "notes": list(replayed.notes),
                "differences": replayed.differences.to_dicts(),
            }
        )
    else:
        for note in replayed.notes:
            click.echo(f"Note: {note}")
        if not replayed.differences.is_empty():
            echo_frame(replayed.differences)
        click.echo(replayed.verdict)
    sys.exit(0 if replayed.identical else 1)


@click.command("runs", epilog="\b\nExample: wb runs --json")
@click.option("--rows", type=click.IntRange(min=1), default=30, show_default=True, help="Newest runs to show.")
@_JSON
def runs_list(rows: int, as_json: bool) -> None:
    """List the runs, newest first."""
    import polars as pl

    from workbench import runs

    frame = runs.history()
    if as_json:
        echo_json(frame.head(rows).to_dicts())
        return
    compact = [_headline(json.loads(text)) for text in frame["headline"]]
    shown = frame.with_columns(pl.col("seconds").round(1), pl.Series("headline", compact, dtype=pl.String))
    echo_frame(shown.select("id", "status", "title", "seconds", "headline"), rows)


def _headline(numbers: dict[str, Any], width: int = 60) -> str:
    """The first headline numbers that fit, rounded as the reports round them."""
    from workbench.reports.blocks import number
    from workbench.reports.numbers import label

    text = ""
    for place, (name, value) in enumerate(numbers.items()):
        more = f"{', ' if text else ''}{label(name)} {number(name, value)}"
        if len(text) + len(more) > width - 5 and place:
            return f"{text}, ..."
        text += more
    return text


@click.command(epilog="\b\nExample: wb demo --size tiny")
@click.option("--size", type=click.Choice(["tiny", "demo"]), default="demo", show_default=True)
@_WORKERS
def demo(size: str, workers: int) -> None:
    """Make six-region reports on the embedded sample market, in a few minutes."""
    from workbench import runs, settings
    from workbench.cli.tour import stages

    finished: list[Run] = []
    with progress() as show:
        for jobs in stages(size):
            finished += runs.run_many(jobs, workers=workers, progress=steps(show))
    failed = [done for done in finished if done.status != "succeeded"]
    for done in failed:
        click.echo(f"{done.status}: {done.report}", err=True)
    click.echo(
        f"\n{len(finished) - len(failed)} of {len(finished)} reports made. The sample market is not real prices."
    )
    click.echo(f"Open {settings.load().reports / 'index.html'}")
    click.echo("Then: make lab (the guided tour in JupyterLab), or wb --help.")
    sys.exit(1 if failed else 0)


@click.command(
    epilog="\b\nExample: wb lab --port 8899\nWhat follows -- goes to JupyterLab: wb lab -- --ip=0.0.0.0",
)
@click.option("--port", default=8888, show_default=True)
@click.option("--browser/--no-browser", default=True, show_default=True)
@click.argument("jupyter", nargs=-1, type=click.UNPROCESSED)
def lab(port: int, browser: bool, jupyter: tuple[str, ...]) -> None:
    """Open JupyterLab on the guided tour."""
    from workbench import settings

    home = settings.load().home
    arguments = [
        f"--ServerApp.root_dir={home}",
        f"--port={port}",
        "--LabApp.default_url=/lab/tree/notebooks/start_here.ipynb",
        *([] if browser else ["--no-browser"]),
        *jupyter,
    ]
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *arguments])


def steps(show: Progress) -> Callable[[Step], None]:
    """Show the cells of each run as its progress, and how it ended where it did not succeed."""
    names: dict[str, str] = {}

    def on_step(step: Step) -> None:
        label = step.label or step.run_id
        if names.setdefault(label, step.run_id) != step.run_id:
            label = f"{label} ({step.run_id[-4:]})"
        if step.status in ("running", "succeeded"):
            show(label, step.cell, step.cells, step.stage)
        else:
            place = f" in {step.stage}" if step.stage else ""
            show(label, step.cells, step.cells, step.status.replace("_", " ") + place)

    return on_step


def _unfinished(region: str, done: Run) -> str:
    """One line on what a collection left incomplete, and why; empty where it left nothing."""
    import polars as pl

    folder = done.folder / "tables"
    if not all((folder / f"{name}.parquet").is_file() for name in ("summary", "providers")):
        return ""
    summary, providers = (pl.read_parquet(folder / f"{name}.parquet") for name in ("summary", "providers"))
    parts = []
    for status in ("failed", "incomplete"):
        tables = summary.filter(pl.col("status") == status)["table"]
        if len(tables):
            parts.append(f"{status}: {', '.join(tables)}")
    if not parts:
        return ""
    faulty = providers.filter(pl.col("status").is_in(["put aside", "failed"]) & (pl.col("note") != ""))
    named = [
        note if note.lower().startswith(name) else f"{name}: {note}" for name, note in faulty["provider", "note"].rows()
    ]
    why = named or summary.filter(pl.col("error") != "")["error"].unique(maintain_order=True).to_list()
    return f"{region}: {'; '.join(parts)} ({'; '.join([*why, f'see wb log {done.id}'])})"


def _report(finished: Sequence[Run], as_json: bool, said: Sequence[str] = ()) -> None:
    """Print what became of the runs, and what is to be said of each; the exit code is 1 when one did not succeed."""
    if as_json:
        more = [{"unfinished": line} for line in said] or [{} for _ in finished]
        echo_json([_summary(done) | one for done, one in zip(finished, more, strict=True)])
    else:
        for done, line in zip(finished, said or [""] * len(finished), strict=True):
            click.echo(f"{done.status}: {done.report}")
            if line:
                click.echo(f"  {line}")
            if done.error:
                click.echo(f"  {done.error}", err=True)
    sys.exit(0 if all(done.status == "succeeded" for done in finished) else 1)


def _summary(done: Run) -> dict[str, Any]:
    return {"id": done.id, "status": done.status, "report": str(done.report), "error": done.error}


COMMANDS = (demo, collect, run, replay, runs_list, lab)
