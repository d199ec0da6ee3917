"""Commands on providers: doctor, and the log of what happened with them."""

from __future__ import annotations

import sys

import click

from workbench.cli.output import echo_json
from workbench.cli.progress import waiting

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
_MARKS = {"works": "ok", "no key": "--", "not installed": "--"}
_LEVELS = ("info", "warning", "error")


@click.command(epilog="\b\nExample: wb doctor kis edgar")
@click.argument("providers", nargs=-1)
@_JSON
def doctor(providers: tuple[str, ...], as_json: bool) -> None:
    """Make one cheap request per provider: which keys are there, which work, and what to do.

    The exit code is 1 when a provider with its keys set does not work.
    """
    from workbench import collect

    with waiting("Asking the providers"):
        found = collect.doctor(providers or None)
    if as_json:
        echo_json(found.to_dicts())
    else:
        for row in found.to_dicts():
            click.echo(f"{_MARKS.get(row['status'], '!!')}  {row['provider']}: {row['status']} ({row['said']})")
            for name in ("regions", "keys", "limits", "action"):
                if row[name]:
                    click.echo(f"      {name}: {row[name]}")
    sys.exit(0 if set(found["status"]) <= set(_MARKS) else 1)


@click.command(epilog="\b\nExample: wb log --level warning")
@click.argument("run", required=False)
@click.option("--level", type=click.Choice(_LEVELS), default="info", show_default=True, help="This level and above.")
@click.option("--rows", type=click.IntRange(min=1), default=40, show_default=True, help="Newest lines to show.")
@_JSON
def log(run: str | None, level: str, rows: int, as_json: bool) -> None:
    """Show the log: what happened with providers, and what a person must do.

    RUN is the id of a run; its lines share that id.
    """
    from workbench import journal

    wanted = _LEVELS[_LEVELS.index(level) :]
    lines = [line for line in journal.read(run=run) if line["level"] in wanted][-rows:]
    if as_json:
        echo_json(lines)
        return
    for line in lines:
        known = ("at", "run", "process", "level", "event", "action")
        rest = ", ".join(f"{name}={value}" for name, value in line.items() if name not in known)
        click.echo(f"{line['at'][:19]} {line['level']:<7} {line['event']}: {rest} [{line['run']}]")
        if line.get("action"):
            click.echo(f"      do: {line['action']}")
    if not lines:
        click.echo("Nothing is in the log.")


COMMANDS = (doctor, log)
