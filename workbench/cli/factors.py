"""Commands on factors: what there is, and what each one means."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click

from workbench.cli.output import echo_frame, echo_json

if TYPE_CHECKING:
    from workbench.factors import Factor


@click.command("factors", epilog="\b\nExample: wb factors momentum_12m_1m")
@click.argument("name", required=False)
@click.option("--family", help="Only factors of this family.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
def list_factors(name: str | None, family: str | None, as_json: bool) -> None:
    """List the factors with what they need, or explain one by NAME."""
    import polars as pl

    from workbench.errors import ConfigError
    from workbench.factors import registry

    if name is not None:
        _explain(registry.get(name))
        return
    known = [registry.get(one) for one in registry.names()]
    families = sorted({one.family for one in known})
    if family is not None and family not in families:
        raise ConfigError(f"There is no family {family!r}.", hint=f"Choose one of {', '.join(families)}.")
    rows = [
        {
            "factor": one.name,
            "family": one.family,
            "good": "high" if one.direction > 0 else "low",
            "sessions": one.lookback,
            "needs": ", ".join(one.needs),
            "source": one.source,
        }
        for one in sorted(known, key=lambda one: (one.family, one.name))
        if family in (None, one.family)
    ]
    if as_json:
        echo_json(rows)
    else:
        echo_frame(pl.DataFrame(rows).drop("source"), len(rows))


def _explain(factor: Factor) -> None:
    """Its documentation and declaration."""
    click.echo(f"{factor.name}: {inspect.getdoc(factor.function) or 'no documentation'}\n")
    click.echo(f"Family {factor.family}; a {'high' if factor.direction > 0 else 'low'} value is hoped to be good.")
    click.echo(f"Needs {', '.join(factor.needs)}, up to {factor.lookback} sessions back.")
    click.echo(f"Source: {factor.source or 'none'}")


COMMANDS = (list_factors,)
