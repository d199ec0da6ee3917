"""The leak prover on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.output import echo_frame, echo_json
from workbench.cli.progress import waiting

if TYPE_CHECKING:
    import polars as pl

    from workbench.studies import Proof


@click.command(epilog="\b\nExample: wb prove momentum_12m_1m --region KR")
@click.argument("target")
@click.option(
    "--region", "regions", multiple=True, help="Region to look at; may be repeated. All of the lake without it."
)
@click.option("--lake", type=click.Path(path_type=Path), help="Folder of the lake, by default that of the settings.")
@click.option("--date", "dates", multiple=True, help="Day at whose close the future is altered; may be repeated.")
@click.option("--cuts", default=3, show_default=True, help="How many days are chosen where none is named.")
@click.option("--tickers", default=200, show_default=True, help="How many codes a region are looked at.")
@click.option("--seed", default=0, show_default=True, help="Of the scrambled values and of the choice of codes.")
@click.option("--json", "as_json", is_flag=True, help="Print the certificates as JSON for a script.")
def prove(
    target: str,
    regions: tuple[str, ...],
    lake: Path | None,
    dates: tuple[str, ...],
    cuts: int,
    tickers: int,
    seed: int,
    as_json: bool,
) -> None:
    """Prove that TARGET uses nothing that was not known at its time.

    TARGET is a factor, a factor set, a strategy, `layered`, `technicals`, or `all`. It is built again from the lake
    with the future cut off, scrambled and revised; whatever stood may not move. Ends with 1 where something did.
    """
    from workbench import studies
    from workbench.lake import Lake

    with waiting(f"Proving {target}"):
        proof = studies.prove(
            target, Lake(lake), regions or None, dates=dates or None, cuts=cuts, tickers=tickers, seed=seed
        )
    if as_json:
        echo_json([one.to_dict() for one in proof.certificates])
    else:
        _show(proof)
    click.get_current_context().exit(0 if proof.causal else 1)


def _show(proof: Proof) -> None:
    """A line for each target, then what was found, then what was looked at."""
    echo_frame(_table(proof), rows=100)
    for finding in proof.findings:
        click.echo(f"- {finding}")
    one = proof.certificate
    left_out = f", {one.left_out:,} left out (adjusted by their provider for later splits)" if one.left_out else ""
    click.echo(
        f"{'Causal' if proof.causal else 'Not causal'}: {' '.join(one.regions)}, {one.tickers:,} codes{left_out}, "
        f"values from {one.start} to {one.end}, cut at the closes of {', '.join(one.cuts)}; {', '.join(one.worlds)}; "
        f"snapshot {one.snapshot}; {proof.seconds:.0f} s."
    )


def _table(proof: Proof) -> pl.DataFrame:
    import polars as pl

    rows = [
        {
            "target": one.target,
            "kind": one.kind,
            "causal": "yes" if one.causal else "NO" if one.examined else "no values",
            "values": one.values,
            "without values": ", ".join(one.without),
            "certificate": one.key[:8],
        }
        for one in proof.certificates
    ]
    return pl.DataFrame(rows)


COMMANDS = (prove,)
