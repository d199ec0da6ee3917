"""What a reader of a panel must know about the data behind it, in sentences."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from workbench.lake import adjust, sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from workbench.lake.axes import Axes, Column
    from workbench.lake.store import Lake

#: A column whose bars end this long before its market's last bar has ended, not paused.
_SILENCE = timedelta(days=60)
#: A market of this many tickers over this many days without one end holds survivors only.
_MANY, _LONG = 100, timedelta(days=365)


def notes(lake: Lake, axes: Axes, wanted: str, broken: NDArray[np.bool_]) -> list[str]:
    """Sentences about kinds of adjustment, listings, ends and breaks of a panel's columns.

    Parameters
    ----------
    wanted : str
        Kind of adjustment that was asked for.
    broken : (T, N) bool array
        See :func:`workbench.lake.breaks.breaks`.
    """
    regions = tuple(axes.sessions)
    paying = _paying(lake, regions) if wanted == "total" else set(regions)
    found = _kinds(axes.columns, wanted, paying)
    for region in regions:
        own = [one for one in axes.columns if one.region == region]
        found += [*_dividends(own, region, wanted, paying), *_ends(own, region, axes)]
    return [*found, *_listings(axes.columns), *_breaks(axes, broken)]


def _paying(lake: Lake, regions: Sequence[str]) -> set[str]:
    """Regions of which the lake has any dividend."""
    text = """SELECT DISTINCT region FROM actions
              WHERE region IN (SELECT unnest($regions)) AND kind IN (SELECT unnest($kinds))"""
    found = sql.query(lake, text, {"regions": list(regions), "kinds": list(adjust.CASH)})
    return set(found["region"].to_list())


def _kinds(columns: Sequence[Column], wanted: str, paying: set[str]) -> list[str]:
    found = []
    for kind in ("split", "total"):
        some = [one for one in columns if one.stored == kind]
        if not some:
            continue
        bare = kind == "split" and not any(one.region in paying for one in some)
        delivered = "total" if kind == "total" or (wanted == "total" and not bare) else "split"
        effect = f"asked for {wanted!r}, delivered {delivered!r}"
        found.append(f"{len(some)} tickers are stored adjusted ({kind}) by their provider; {effect}: {_listed(some)}.")
    mixed = [one for one in columns if one.mixed]
    if mixed:
        found.append(
            f"{len(mixed)} tickers have bars of more than one kind of adjustment; only those of the first bar's kind "
            f"are used: {_listed(mixed)}."
        )
    return found


def _dividends(own: Sequence[Column], region: str, wanted: str, paying: set[str]) -> list[str]:
    bare = [one for one in own if one.stored != "total"]
    if wanted != "total" or region in paying or len(bare) < _MANY:
        return []
    return [f"{region}: the lake has no dividends, so that total returns are price returns: too low."]


def _ends(own: Sequence[Column], region: str, axes: Axes) -> list[str]:
    """Bars that stop without a delisting, or a market in which nothing ever stops."""
    last = min(max(one.last for one in own), axes.dates[-1].item()) if own else None
    if last is None:
        return []
    gone = [one.delisted is not None and one.delisted <= last for one in own]
    silent = [one for one, ended in zip(own, gone, strict=True) if not ended and one.last < last - _SILENCE]
    if silent:
        return [
            f"{region}: the bars of {len(silent)} tickers end before {last - _SILENCE} without a delisting in the "
            "lake; what their holders got is not known, and a position in one stays at its last price: "
            f"{_listed(silent)}."
        ]
    first: date = axes.dates[axes.start].item()
    if not any(gone) and len(own) >= _MANY and last - first >= _LONG:
        return [
            f"{region}: not one of {len(own)} tickers ends between {first} and {last}: the data holds survivors only, "
            "and returns are too high."
        ]
    return []


def _listings(columns: Sequence[Column]) -> list[str]:
    some = [one for one in columns if not one.known]
    if not some:
        return []
    return [f"{len(some)} tickers are not in `tickers` and count as listed from their first bar on: {_listed(some)}."]


def _breaks(axes: Axes, broken: NDArray[np.bool_]) -> list[str]:
    count = int(broken.sum())
    if not count:
        return []
    columns = [axes.columns[number] for number in np.flatnonzero(broken.any(axis=0))]
    return [
        "Closes of more than five times the close before, or less than a fifth, that no action explains: "
        f"{count}. Factors, forward returns, optimizer and benchmark leave these moves out: {_listed(columns)}."
    ]


def _listed(columns: Sequence[Column]) -> str:
    labels = [one.label for one in columns]
    return ", ".join(labels[:5]) + (", …" if len(labels) > 5 else "")
