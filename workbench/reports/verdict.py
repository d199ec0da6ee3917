"""The block on top of a tear sheet: does the score work, where, and what does it cost."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from workbench.reports.blocks import STYLE as BLOCKS
from workbench.reports.numbers import shown
from workbench.reports.theme import REGION_COLOURS

if TYPE_CHECKING:
    from workbench.research import Tearsheet

STYLE = """<style>
.wb-verdict{margin:4px 0 14px;overflow-x:auto}
.wb-verdict .s{font-size:17px;font-weight:650;margin:0 0 8px}
.wb-verdict table{border-collapse:separate;border-spacing:0 6px;width:100%;max-width:1060px;
font-variant-numeric:tabular-nums}
.wb-verdict th{font-weight:500;color:#616e7c;font-size:12px;text-align:right;padding:0 14px;white-space:nowrap}
.wb-verdict td{text-align:right;padding:9px 14px;background:#fff;border-top:1px solid #e4e7eb;
border-bottom:1px solid #e4e7eb;font-size:16px;white-space:nowrap}
.wb-verdict td:last-child{border-right:1px solid #e4e7eb;border-radius:0 8px 8px 0}
.wb-verdict td:first-child{font-weight:650;border-left:7px solid;border-radius:8px 0 0 8px}
.wb-verdict td i{width:9px;height:9px;border-radius:50%;display:inline-block;margin-right:7px}
.wb-verdict td b{font-weight:650}.wb-verdict td small{color:#616e7c;font-size:12px}
.wb-verdict .h{color:#616e7c;font-size:12px;margin:2px 0 0}
</style>"""

#: Ground and letters of a verdict; those of no verdict are grey.
_COLOURS = {
    "works": ("#2E7D4F", "#22623D"),
    "costs too much": ("#C98A1B", "#8A5A00"),
    "works in reverse": ("#C98A1B", "#8A5A00"),
    "earns no spread": ("#C98A1B", "#8A5A00"),
    "does not work": ("#B2443C", "#96352E"),
}
_GREY = ("#9AA5B1", "#52606D")


def show(sheet: Tearsheet) -> None:
    """Show a line a region (verdict, information coefficient, spread before and after costs) and the notes.

    Parameters
    ----------
    sheet : Tearsheet
        Of ``wb.research.tearsheet``.
    """
    from IPython.display import HTML, display

    display(HTML(render(sheet)))


def render(sheet: Tearsheet) -> str:
    """The block as HTML."""
    heads = ("", "", "mean rank IC", "t, fixed-b", "periods", "spread a year", "costs a year", "left a year")
    head = "".join(f"<th>{text}</th>" for text in heads)
    rows = "".join(_row(row) for row in sheet.verdict.iter_rows(named=True))
    count = sheet.quantiles["quantile"].n_unique()
    under = (
        f"{sheet.holding} sessions ahead and held; spread: top minus bottom of {count} quantiles, 1 of money on each "
        "side; works: t beyond its 5 % bound (in small) and something left after costs."
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in sheet.notes)
    return (
        f'{BLOCKS}{STYLE}<div class="wb wb-verdict"><div class="s">{escape(sheet.sentence)}</div>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f'<div class="h">{escape(under)}</div><ul class="wb-notes">{notes}</ul></div>'
    )


def _row(row: dict[str, Any]) -> str:
    edge, ink = _COLOURS.get(row["verdict"], _GREY)
    dot = f'<i style="background:{REGION_COLOURS.get(row["region"], _GREY[0])}"></i>'
    t = shown(row["t"], ".1f")
    if row["t"] is not None:
        t = f"<b>{t}</b>{escape(row['stars'])} <small>±{row['critical']:.1f}</small>"
    cells = (
        f"<b>{shown(row['mean_ic'], '+.3f')}</b>",
        t,
        shown(row["periods"], ",d"),
        shown(row["gross"], "+.1%"),
        shown(row["cost"], ".1%"),
        f"<b>{shown(row['net'], '+.1%')}</b>",
    )
    left = "text-align:left"  # in the cells: the page aligns all cells of tables
    first = f'<td style="{left};border-left-color:{edge}">{dot}{escape(row["region"])}</td>'
    word = f'<td style="{left}"><b style="color:{ink}">{escape(row["verdict"])}</b></td>'
    return f"<tr>{first}{word}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
