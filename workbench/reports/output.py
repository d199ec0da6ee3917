"""What the cells of a notebook call to show something."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench import secrets, settings
from workbench.errors import ConfigError
from workbench.reports import blocks, proven, tables
from workbench.reports.numbers import plain, six_digits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: Rows of a frame that a digest prints.
DIGEST_ROWS = 12


def header(
    title: str,
    *,
    lake: Any = None,
    regions: Iterable[str] = (),
    dates: tuple[Any, Any] | None = None,
    notes: Iterable[str] = (),
) -> None:
    """Show what a report is about, and on top whether its prices are real; the index takes the title over.

    Parameters
    ----------
    title : str
    lake : Lake, optional
        Asked for the sources of its prices; the sample market is announced.
    regions : iterable of str
        Regions the report covers; all of the lake by default.
    dates : tuple of (start, end), optional
        First and last date, either may be None.
    notes : iterable of str
        What a reader must know, one line each.
    """
    asked = (regions,) if isinstance(regions, str) else tuple(regions)
    _keep("heading.json", {"title": title})
    _html(blocks.header(title, sources=_sources(lake, asked), regions=asked, dates=dates, notes=tuple(notes)))


def table(
    frame: Any,
    name: str,
    title: str | None = None,
    formats: Mapping[str, str] | None = None,
    rows: int = 40,
    *,
    volatile: Iterable[str] = (),
) -> None:
    """Show a frame as a table; inside a run also save all of it as ``tables/<name>.parquet``.

    Parameters
    ----------
    frame : polars or pandas DataFrame
        Fractions stay fractions; ``formats`` or the column's name makes percentages of them.
    name : str
        File name of the table, letters, digits and ``_-``; compared under this name in a replay.
    title : str, optional
        Caption.
    formats : mapping of str to str, optional
        Format specification a column, as in ``{"cagr": ".2%", "adv_krw": ",.0f"}``.
    rows : int
        How many rows are shown.
    volatile : iterable of str
        Columns that are not compared in a replay: seconds, memory, moments of the clock.

    Raises
    ------
    ConfigError
        The name cannot be a file name, or a volatile column is not in the frame.
    """
    data = tables.to_polars(frame)
    if not name.replace("_", "").replace("-", "").isalnum():
        raise ConfigError(f"{name!r} cannot name a table.", hint="Use letters, digits, '_' and '-'.")
    unknown = sorted(set(volatile) - set(data.columns))
    if unknown:
        raise ConfigError(
            f"The table {name!r} has no column {unknown[0]!r}.", hint=f"Its columns are {', '.join(data.columns)}."
        )
    folder = _run_folder("tables")
    if folder is not None:
        notes = {"title": secrets.cleaned(title or ""), "volatile": json.dumps(sorted(map(secrets.cleaned, volatile)))}
        _without_secrets(data).write_parquet(folder / f"{name}.parquet", metadata=notes)
    _html(tables.render(data, title=title, formats=formats, rows=rows))


def chart(figure: Any, name: str) -> None:
    """Show a plotly figure in the house theme.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    name : str
        What the chart is called when it is downloaded as an image.
    """
    from IPython.display import display

    from workbench.reports import theme

    content = json.loads(theme.apply(figure).to_json())
    content["config"] = {"displaylogo": False, "responsive": True, "toImageButtonOptions": {"filename": name}}
    bundle = {"application/vnd.plotly.v1+json": content, "text/plain": f"Chart: {name}"}
    display(bundle, raw=True)


def headline(**numbers: Any) -> None:
    """Show the few numbers that sum up a report; inside a run they stand in the index too.

    Parameters
    ----------
    **numbers
        Numbers or short texts by name. Fractions are shown as percentages when the name says so
        (``cagr``, ``max_drawdown``, ``turnover``); a name that ends in ``seconds`` is not compared in
        a replay.
    """
    values: dict[str, Any] = plain(numbers)
    _keep("headline.json", values)
    _html(blocks.headline(values))


def certificate(found: Any) -> None:
    """Show what the leak prover says of the target of a report; its verdict stands in the run's folder too.

    Parameters
    ----------
    found : Certificate, mapping or None
        From ``wb.studies.certificate(target, lake, regions)``, or the ``certificate`` of a result; None says that
        nothing has been proven.
    """
    content = None if found is None else dict(found) if isinstance(found, Mapping) else found.to_dict()
    folder = settings.load().run_dir
    if folder is not None and content is not None:
        _write(folder / f"certificate-{content['key'][:8]}.json", content)
    _html(proven.render(content))


def digest(content: Any) -> None:
    """Print a small rounded digest, for cells marked ``# NBVAL_CHECK_OUTPUT``.

    Parameters
    ----------
    content : mapping or frame
        A mapping prints one line a name; a frame its column names, its first twelve rows and how many
        there are. Floats are rounded to six significant digits.
    """
    lines = _mapping_lines(content) if isinstance(content, Mapping) else _frame_lines(tables.to_polars(content))
    sys.stdout.write("\n".join(lines) + "\n")


def run_card() -> None:
    """Show what the run was made of: parameters, snapshot of the lake, commit, versions.

    Outside of a run it shows the versions of Python and of the workbench.
    """
    folder = settings.load().run_dir
    path = None if folder is None else folder / "run.json"
    if path is None or not path.is_file():
        _html(blocks.no_run())
        return
    _html(blocks.run_card(json.loads(path.read_text(encoding="utf-8"))))


def progress(stage: str, done: int, total: int) -> None:
    """Tell whoever started this run how far a long cell is; outside of a run nothing happens.

    Parameters
    ----------
    stage : str
        What is under way.
    done, total : int
        How much of it is done, and how much there is.
    """
    folder = settings.load().run_dir
    if folder is not None:
        _write(folder / "progress.json", {"stage": stage, "done": done, "total": total})


def _keep(name: str, values: Mapping[str, Any]) -> None:
    """Inside a run, add the values to a small file of its folder that the run card takes over."""
    folder = settings.load().run_dir
    if folder is None:
        return
    path = folder / name
    stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    _write(path, {**stored, **values})


def _write(path: Path, values: Mapping[str, Any]) -> None:
    text = json.dumps(values, indent=1, ensure_ascii=False)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(secrets.cleaned(text), encoding="utf-8")
    temporary.replace(path)


def _sources(lake: Any, regions: tuple[str, ...]) -> tuple[str, ...]:
    if lake is None:
        return ()
    if not regions:
        return tuple(lake.sources())
    return tuple(sorted({source for region in regions for source in lake.sources(region)}))


def _mapping_lines(content: Mapping[str, Any]) -> list[str]:
    width = max((len(str(name)) for name in content), default=0)
    return [f"{name!s:<{width}}  {six_digits(plain(value))}" for name, value in content.items()]


def _frame_lines(frame: Any) -> list[str]:
    lines = [" | ".join(frame.columns)]
    lines += [" | ".join(six_digits(value) for value in row) for row in frame.head(DIGEST_ROWS).iter_rows()]
    return [*lines, f"({frame.height} rows)"]


def _run_folder(name: str) -> Path | None:
    run_dir = settings.load().run_dir
    if run_dir is None:
        return None
    folder = run_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _without_secrets(frame: Any) -> Any:
    """The frame with values of secrets taken out of its texts, nested and binary ones included, and its names."""
    import polars as pl

    if not secrets.any_known():
        return frame
    return pl.DataFrame([_clean_column(column).alias(secrets.cleaned(column.name)) for column in frame])


def _clean_column(column: Any) -> Any:
    import polars as pl

    kind = column.dtype
    if kind.is_nested() or kind in (pl.String, pl.Binary):
        return pl.Series(column.name, [_cleaned(value) for value in column.to_list()], kind, strict=False)
    if kind in (pl.Categorical, pl.Enum):
        texts = pl.Series(column.name, [_cleaned(value) for value in column.to_list()], pl.String)
        return column if texts.equals(column.cast(pl.String)) else texts
    return column


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return secrets.cleaned(value)
    if isinstance(value, bytes):
        return secrets.cleaned(value.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    if isinstance(value, dict):
        return {name: _cleaned(item) for name, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value


def _html(text: str) -> None:
    from IPython.display import HTML, display

    display(HTML(text))
