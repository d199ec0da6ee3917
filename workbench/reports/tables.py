"""Frames as tables that can be read: numbers on the right, units and percentages as they should be."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from workbench.reports.numbers import default_format, label, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

#: Travels with every table, for frontends that do not have the page's style sheet.
STYLE = """<style>
.wb-table{border-collapse:collapse;font:13px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;
color:#1f2933;font-variant-numeric:tabular-nums;margin:0}
.wb-table caption{text-align:left;font-weight:600;font-size:14px;padding:0 0 6px;caption-side:top;
color:#1f2933;white-space:nowrap}
.wb-table th,.wb-table td{padding:4px 12px;border:0;border-bottom:1px solid #e4e7eb;white-space:nowrap;text-align:left}
.wb-table th{color:#52606d;font-weight:600;border-bottom:1px solid #9aa5b1;background:#fff}
.wb-table .n{text-align:right}.wb-table .w{white-space:normal;min-width:16em;max-width:44em}
.wb-table tbody tr:hover{background:#f5f7fa}
.wb-scroll{overflow-x:auto;margin:4px 0 12px}.wb-note{color:#616e7c;font-size:12px;margin:4px 0}
</style>"""

_LONG_TEXT = 48
#: A first column of this name holds names of quantities, and each row has the format of its own.
_QUANTITIES = ("statistic", "step")


def to_polars(frame: Any) -> pl.DataFrame:
    """Return a polars or pandas frame, or a mapping of columns, as a polars frame.

    The index of a pandas frame becomes columns, unless it only counts the rows.
    """
    import polars as pl

    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.Series):
        return frame.to_frame()
    if hasattr(frame, "to_frame") and not hasattr(frame, "columns"):
        frame = frame.to_frame()
    if hasattr(frame, "reset_index"):
        counts_rows = type(frame.index).__name__ == "RangeIndex" and frame.index.name is None
        frame = frame if counts_rows else frame.reset_index()
        converted: pl.DataFrame = pl.from_pandas(frame.rename(columns=str))
        return converted
    return pl.DataFrame(frame)


def render(frame: pl.DataFrame, *, title: str | None, formats: Mapping[str, str] | None, rows: int) -> str:
    """Return the first rows of a frame as an HTML table.

    Parameters
    ----------
    frame : polars.DataFrame
    title : str or None
        Caption.
    formats : mapping of str to str
        Format specification a column, such as ``{"cagr": ".2%"}``; the usual one by default.
    rows : int
        How many rows are shown; a line below says how many there are.
    """
    wanted = dict(formats or {})
    shown_rows = frame.head(rows)
    names = shown_rows[frame.columns[0]].to_list() if frame.columns and frame.columns[0] in _QUANTITIES else None
    columns = [_column(shown_rows[name], wanted.get(name) or default_format(name), names) for name in frame.columns]
    if names is not None:
        columns[0] = ("", [escape(label(name)) for name in names])
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    head = "".join(
        f"<th{_class(kind)}>{escape(label(name))}</th>" for name, (kind, _) in zip(frame.columns, columns, strict=True)
    )
    cells = zip(*(texts for _, texts in columns), strict=True) if columns else iter(())
    kinds = [_class(kind) for kind, _ in columns]
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{text}</td>" for kind, text in zip(kinds, row, strict=True)) + "</tr>"
        for row in cells
    )
    note = ""
    if frame.height > rows:
        note = f'<div class="wb-note">The first {rows:,} of {frame.height:,} rows.</div>'
    elif frame.is_empty():
        note = '<div class="wb-note">No rows.</div>'
    return (
        f'{STYLE}<div class="wb-scroll"><table class="wb-table">{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>{note}</div>"
    )


def _column(values: pl.Series, spec: str | None, names: list[str] | None) -> tuple[str, list[str]]:
    """Kind of a column (number, wide text, text) and its cells as escaped HTML; ``names`` are those of its rows."""
    numeric = values.dtype.is_numeric()
    if numeric and names is not None:
        specs: list[str | None] = [spec or default_format(name) or ",.3f" for name in names]
    else:
        usual = _spec_of(values) if spec is None and values.dtype.is_float() else spec
        specs = [usual if numeric else None] * len(values)
    texts = [escape(shown(value, own)) for value, own in zip(values.to_list(), specs, strict=True)]
    if numeric:
        return "n", texts
    return ("w" if any(len(text) > _LONG_TEXT for text in texts) else ""), texts


def _spec_of(values: pl.Series) -> str | None:
    """One format for a whole column of floats, so that its decimals stand below each other."""
    finite = values.filter(values.is_finite()).abs().drop_nulls()
    largest = finite.max() if finite.len() else None
    if not isinstance(largest, float) or largest == 0:
        return None
    if largest >= 1e15 or largest < 1e-4:
        return ".3e"
    if largest >= 1e5 or (largest >= 100 and bool((finite == finite.round(0)).all())):
        return ",.0f"
    return ",.2f" if largest >= 100 else (",.3f" if largest >= 1 else ",.4f")


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
