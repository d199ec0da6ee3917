"""The command ``wb``: what a person types and a schedule calls.

Only click is imported here; each command loads what it needs when it runs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from workbench import __version__
from workbench.cli import data, factors, notebooks, providers, proving

if TYPE_CHECKING:
    from types import TracebackType


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, prog_name="wb")
def cli(debug: bool) -> None:
    """Spock Workbench: from raw exchange data to a trusted result, in six markets.

    Start with `wb demo`, then open `wb lab`.
    """
    if not debug:
        sys.excepthook = _one_sentence


for command in (*data.COMMANDS, *factors.COMMANDS, *proving.COMMANDS, *notebooks.COMMANDS, *providers.COMMANDS):
    cli.add_command(command)


def _one_sentence(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """Print an error as one sentence with its next action."""
    from workbench.errors import WorkbenchError

    if isinstance(error, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
    elif isinstance(error, WorkbenchError):
        click.echo(f"Error: {error}", err=True)
    else:
        click.echo(f"Error: {kind.__name__}: {error} Run `wb --debug ...` for the traceback.", err=True)


def main() -> None:
    """Entry point of the command ``wb``."""
    cli(prog_name="wb")
