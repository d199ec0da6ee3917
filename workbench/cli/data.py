"""Commands on the lake: import, sql, versions, rollback, health, compact."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.output import echo_frame, echo_json
from workbench.cli.progress import progress, waiting

if TYPE_CHECKING:
    import polars as pl

    from workbench.lake import Snapshot

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")


@click.command("import", epilog="\b\nExample: wb import params/collection/files_example.yaml --root ~/prices")
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--root", type=click.Path(path_type=Path), required=True, help="Folder that the spec's files lie in.")
@_JSON
def import_files(spec: Path, root: Path, as_json: bool) -> None:
    """Import your own CSV or Parquet files, mapped by a short YAML.

    Prices, exchange rates, statements, share counts, actions, lists of tickers, sectors, index levels and members.
    """
    from workbench import collect
    from workbench.lake import Lake

    with progress() as show:
        imported = collect.import_files(Lake(), spec, root, progress=show)
    if as_json:
        echo_json(imported.to_dict())
        imported.raise_for_nothing()
        return
    click.echo(
        f"{imported.rows_in:,} rows in = {imported.published:,} published + "
        f"{imported.quarantined:,} quarantined + {imported.superseded:,} superseded, in {imported.seconds:.1f} s"
    )
    click.echo(
        f"Of those published: {imported.inserted:,} inserted, {imported.unchanged:,} unchanged, "
        f"{imported.revised:,} revised"
    )
    click.echo("By table: " + (", ".join(f"{rows:,} {name}" for name, rows in imported.tables.items()) or "none"))
    if imported.cells:
        click.echo("Numbers: " + ", ".join(f"{count:,} {name}" for name, count in imported.cells.items()))
    if imported.by_reason.height:
        echo_frame(imported.by_reason)
    for note in imported.notes:
        click.echo(f"Note: {note}")
    imported.raise_for_nothing()


@click.command(
    epilog='\b\nExample: wb sql "SELECT region, count(*) AS bars FROM ohlcv GROUP BY region ORDER BY region"'
)
@click.argument("query", required=False)
@click.option("--script", is_flag=True, help="Print the tables and views as SQL for any DuckDB client.")
@click.option("--at", "moment", help="Read the lake as it was at this moment (ISO date or instant).")
@click.option("--rows", default=50, show_default=True, help="Rows to show on a terminal.")
@_JSON
def sql(query: str | None, script: bool, moment: str | None, rows: int, as_json: bool) -> None:
    """Query every table and view of the lake with DuckDB SQL."""
    from workbench.lake import Lake

    lake = Lake()
    if moment:
        lake = lake.at(moment)
    if script:
        click.echo(lake.script())
        return
    if not query:
        raise click.UsageError("Give a query, or --script.")
    with waiting("Asking the lake"):
        frame = lake.sql(query)
    if as_json:
        echo_json(frame.to_dicts())
    else:
        echo_frame(frame, rows)


@click.command(epilog="\b\nExample: wb versions ohlcv")
@click.argument("table", required=False)
@click.option("--rows", default=30, show_default=True, help="Newest versions to show.")
@_JSON
def versions(table: str | None, rows: int, as_json: bool) -> None:
    """List the versions of the lake's tables, newest first."""
    from workbench.lake import Lake

    frame = Lake().versions(table).sort("timestamp", descending=True)
    if as_json:
        echo_json(frame.to_dicts())
    else:
        echo_frame(frame.head(rows), rows)


@click.command(epilog="\b\nExample: wb rollback --region US --to 2026-11-01T06:00:00+00:00")
@click.option("--region", required=True, help="The region to roll back; the others stay untouched.")
@click.option("--to", "moment", required=True, help="An instant (ISO), or the id of a run whose snapshot to restore.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rollback(region: str, moment: str, yes: bool) -> None:
    """Bring one region back to an earlier moment, as new versions of its tables."""
    from workbench import markets
    from workbench.lake import Lake

    (code,) = markets.check_regions([region])
    lake = Lake()
    # A moment that is none is told before a person is asked.
    target = lake.at(_moment(moment)).snapshot()
    if not yes:
        click.confirm(f"Roll {code} back to {moment} in {lake.root}?", abort=True)
    with waiting(f"Rolling {code} back"):
        restored = lake.rollback(code, target)
    for table, published in restored.items():
        click.echo(f"{table}: version {published.version}")
    click.echo(f"{code} is as it was at {moment}; the versions before this stay readable.")


def _moment(text: str) -> str | Snapshot:
    """A snapshot where the text names a run, else the text itself."""
    from workbench import runs, settings
    from workbench.runs.pinning import of_card

    if (settings.load().reports / text / "run.json").is_file():
        return of_card(runs.load(text).card) or text
    return text


@click.command(epilog="\b\nExample: wb health KR --json")
@click.argument("regions", nargs=-1)
@_JSON
def health(regions: tuple[str, ...], as_json: bool) -> None:
    """Show counts and examples of what is missing, suspended, quarantined or revised."""
    from workbench import markets, quality
    from workbench.lake import Lake
    from workbench.settings import REGIONS

    lake = Lake()
    found: dict[str, dict[str, pl.DataFrame]] = {}
    for region in markets.check_regions(regions or REGIONS):
        with waiting(f"Examining {region}"):
            found[region] = quality.health(lake, region).frames()
    if as_json:
        echo_json({region: {name: f.to_dicts() for name, f in frames.items()} for region, frames in found.items()})
        return
    for region, frames in found.items():
        if all(frame.is_empty() for frame in frames.values()):
            click.echo(f"\n{region}: nothing in the lake: {quality.way_in(lake, region)}")
            continue
        for name, frame in frames.items():
            click.echo(f"\n{region}: {name}")
            echo_frame(frame) if frame.height else click.echo("none")


@click.command(epilog="\b\nExample: wb compact --vacuum")
@click.option("--vacuum", is_flag=True, help="Also delete files that neither the present nor a kept run names.")
def compact(vacuum: bool) -> None:
    """Merge the lake's small files and restore their sorting."""
    from workbench import runs
    from workbench.lake import Lake

    lake = Lake()
    with waiting("Merging files"):
        lake.compact()
    click.echo(f"{lake.root} is compact.")
    if vacuum:
        with waiting("Deleting files that nothing names"):
            deleted = lake.vacuum(keep=runs.kept_snapshots())
        click.echo(f"{len(deleted)} files deleted; every kept run stays replayable.")


COMMANDS = (import_files, sql, versions, rollback, health, compact)
