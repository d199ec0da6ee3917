"""The trading days of Korea as the service knows them: asked at most once a day, and kept."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from workbench import settings
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workbench.adapters.kis.client import KisClient

_HOLIDAYS = ("domestic-stock/v1/quotations/chk-holiday", "CTCA0903R")


def holidays(client: KisClient, start: date) -> dict[date, bool]:
    """Whether the Korean market is open, by day: one call, at most once a day.

    Parameters
    ----------
    client : KisClient
        Of the real service; paper does not offer it.
    start : date
        First day wanted; the answer holds some 24 days.

    Returns
    -------
    dict of date to bool
        All days that have been learnt so far, earlier answers included; a second call of a day gives those. A day
        is open where ``opnd_yn`` says so: other flags are Y on Saturdays.

    Raises
    ------
    NotOffered
        By the paper service.
    ProviderError
        As :meth:`KisClient.get`.
    """
    path = settings.load().state / "kis" / "holidays.json"
    kept = _kept(path)
    today = client.now().astimezone(ZoneInfo("Asia/Seoul")).date().isoformat()
    known = {date.fromisoformat(day): bool(is_open) for day, is_open in kept.get("days", {}).items()}
    if kept.get("asked") == today:
        return known
    known |= _open_days(client.get(*_HOLIDAYS, {"BASS_DT": f"{start:%Y%m%d}", "CTX_AREA_NK": "", "CTX_AREA_FK": ""}))
    days = {day.isoformat(): is_open for day, is_open in sorted(known.items())}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({"asked": today, "days": days}), encoding="utf-8")
    beside.replace(path)
    return known


def _open_days(body: Mapping[str, Any]) -> dict[date, bool]:
    rows = body.get("output", [])
    try:
        return {
            datetime.strptime(str(row["bass_dt"]).strip(), "%Y%m%d").date(): str(row["opnd_yn"]).strip() == "Y"
            for row in rows
            if any(str(value).strip() for value in row.values())
        }
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise ShapeChanged(
            f"kis answered for the holidays with a list that does not read: {error!r}.",
            hint="Look at the broker's notices; if its format changed, the adapter must be adapted.",
            provider="kis",
        ) from error


def _kept(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
