"""The command on providers: doctor."""

from __future__ import annotations

import sys

import click

from workbench.cli.output import echo_json
from workbench.cli.progress import waiting

_MARKS = {"works": "ok", "no key": "--", "not installed": "--"}


@click.command(epilog="\b\nExample: wb doctor kis edgar")
@click.argument("providers", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
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


COMMANDS = (doctor,)
