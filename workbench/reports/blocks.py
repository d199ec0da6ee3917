"""Small pieces of HTML: the banner of a report, its headline numbers, its run card."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from workbench.reports.numbers import default_format, label, shown
from workbench.reports.theme import REGION_COLOURS

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE_WARNING = "Sample market: not real prices"

#: Travels with the pieces, for frontends that do not have the page's style sheet.
STYLE = """<style>
.wb{font:14px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#1f2933;margin:4px 0 14px}
.wb-sample{background:#fff4d6;border:1px solid #e9c46a;border-radius:6px;padding:8px 14px;font-weight:600;color:#6b4a00;
margin-bottom:12px}.wb-sample span{font-weight:400}
.wb-title{font-size:22px;font-weight:650;line-height:1.3;margin:0 0 6px}
.wb-meta{color:#52606d;font-size:13px;display:flex;flex-wrap:wrap;gap:4px 18px;align-items:center}
.wb-region{display:inline-flex;align-items:center;gap:5px;margin-right:8px;font-weight:600}
.wb-region i{width:9px;height:9px;border-radius:50%;display:inline-block}
.wb-notes{margin:8px 0 0;padding-left:18px;color:#52606d;font-size:13px}
.wb-numbers{display:flex;flex-wrap:wrap;gap:10px}
.wb-number{border:1px solid #e4e7eb;border-radius:8px;padding:8px 16px;min-width:92px;background:#fff}
.wb-number b{display:block;font-size:20px;font-weight:600;font-variant-numeric:tabular-nums;line-height:1.35}
.wb-number span{color:#616e7c;font-size:12px}
.wb-card{border:1px solid #e4e7eb;border-radius:8px;background:#fafbfc;padding:12px 16px;font-size:13px}
.wb-card dl{display:grid;grid-template-columns:max-content 1fr;gap:3px 18px;margin:0}
.wb-card dt{color:#616e7c;font-weight:400}.wb-card dd{margin:0;overflow-wrap:anywhere}
.wb-card code{font-size:12px;background:none;padding:0}
.wb-card summary{cursor:pointer;color:#52606d}
</style>"""


def header(
    title: str,
    *,
    sources: tuple[str, ...],
    regions: tuple[str, ...],
    dates: tuple[Any, Any] | None,
    notes: tuple[str, ...],
) -> str:
    """Return the banner of a report; ``sources`` decides whether the sample market is announced."""
    meta = []
    if regions:
        meta.append("<span>" + "".join(_region(region) for region in regions) + "</span>")
    if dates is not None and any(dates):
        meta.append(f"<span>{escape(_period(*dates))}</span>")
    if sources:
        meta.append(f"<span>Source: {escape(', '.join(sources))}</span>")
    lines = "".join(f"<li>{escape(str(note))}</li>" for note in notes)
    return (
        f'{STYLE}<div class="wb">{_sample(sources)}<div class="wb-title">{escape(title)}</div>'
        f'<div class="wb-meta">{"".join(meta)}</div>{f"<ul class=wb-notes>{lines}</ul>" if lines else ""}</div>'
    )


def headline(values: Mapping[str, Any]) -> str:
    """Return the numbers as a row of tiles."""
    tiles = "".join(
        f'<div class="wb-number"><b>{escape(number(name, value))}</b><span>{escape(label(name))}</span></div>'
        for name, value in values.items()
    )
    return f'{STYLE}<div class="wb wb-numbers">{tiles}</div>'


def run_card(card: Mapping[str, Any]) -> str:
    """Return the card of a run as a list of what made its numbers."""
    packages = ", ".join(f"{name} {version}" for name, version in card.get("packages", {}).items())
    rows = [
        ("Run", _code(card["id"])),
        ("Notebook", escape(str(card["notebook"]))),
        ("Parameters", _parameters(card.get("parameters", {}))),
        ("Lake", _lake(card.get("lake", {}))),
        ("Code", _commit(card.get("code", {}))),
        ("Seed", escape(str(card.get("seed")))),
        ("Started", escape(moment(card.get("started")))),
        ("Python", escape(f"{card.get('python')} on {card.get('platform')}")),
    ]
    if card.get("replay_of"):
        rows.insert(1, ("Replay of", _code(card["replay_of"])))
    body = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    versions = f"<details><summary>Package versions</summary>{escape(packages)}</details>" if packages else ""
    return f'{STYLE}<div class="wb wb-card"><dl>{body}</dl>{versions}</div>'


def no_run() -> str:
    """Return what stands in place of a card outside of a run."""
    import platform

    from workbench import __version__

    text = f"Not a recorded run: workbench {__version__}, Python {platform.python_version()}."
    return f'{STYLE}<div class="wb wb-card">{escape(text)} A run card is made by <code>wb run</code>.</div>'


def number(name: str, value: Any) -> str:
    """Return a headline number as text, in the format that its name suggests."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return shown(value, default_format(name) if is_number else None)


def moment(text: object) -> str:
    """Return an ISO instant as ``2026-11-20 13:05:01 UTC``."""
    whole = str(text or "")
    return f"{whole[:10]} {whole[11:19]} UTC" if len(whole) >= 19 else whole


def _period(start: Any, end: Any) -> str:
    """Two days, or years, as a text; an open end is left out."""
    first, last = (str(day) if isinstance(day, int) else shown(day) for day in (start, end))
    if not start:
        return f"to {last}"
    return f"{first} to {last}" if end else f"from {first}"


def _sample(sources: tuple[str, ...]) -> str:
    if "sample" not in sources:
        return ""
    mixed = "" if sources == ("sample",) else " <span>(mixed with other sources)</span>"
    return f'<div class="wb-sample">{SAMPLE_WARNING}{mixed}</div>'


def _region(region: str) -> str:
    colour = REGION_COLOURS.get(region, "#9aa5b1")
    return f'<span class="wb-region"><i style="background:{colour}"></i>{escape(region)}</span>'


def _parameters(parameters: Mapping[str, Any]) -> str:
    listing = ", ".join(f"{name} = {value!r}" for name, value in parameters.items())
    return _code(listing) if listing else "none"


def _lake(lake: Mapping[str, Any]) -> str:
    if not lake:
        return "not used"
    if lake.get("mode") == "write":
        after = lake.get("after")
        end = f", after {_snapshot(after)}" if after else ""
        return f"written by this run: before {_snapshot(lake.get('before'))}{end}"
    return f"pinned to {_snapshot(lake.get('snapshot'))}"


def _snapshot(snapshot: Mapping[str, Any] | None) -> str:
    if not snapshot:
        return "no snapshot"
    tables = len(snapshot.get("versions", {}))
    return f"snapshot {_code(str(snapshot.get('id')))} of {moment(snapshot.get('taken_at'))} ({tables} tables)"


def _commit(code: Mapping[str, Any]) -> str:
    if not code.get("commit"):
        return "not a git checkout"
    return _code(code["commit"][:12]) + (" with local changes" if code.get("dirty") else "")


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
