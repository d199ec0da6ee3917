"""From a ticker to the CIK of its filer."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench import settings
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.adapters.base import Listing

#: How long EDGAR's list of tickers is used before it is asked for again.
KEPT = timedelta(hours=24)


class Companies:
    """CIKs by ticker: the one the listing names, else EDGAR's list of present tickers.

    Parameters
    ----------
    ask : callable
        Fetches ``company_tickers.json``, parsed.
    """

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask
        self._present: dict[str, int] | None = None

    def cik(self, ticker: str, listing: Listing) -> int | None:
        """The filer of a ticker, None where none is known.

        The list holds present tickers only. A delisted ticker is therefore never looked up there: today it
        may belong to another company.
        """
        issuer = (listing.issuer_id or "").upper().removeprefix("CIK")
        if issuer.isdigit() and len(issuer) <= 10:
            return int(issuer)
        if listing.delisted is not None:
            return None
        if self._present is None:
            self._present = self._load()
        return self._present.get(spelled(ticker))

    def _load(self) -> dict[str, int]:
        path = settings.load().state / "edgar" / "company_tickers.json"
        kept = _read(path)
        if kept is None:
            kept = _ciks(self._ask())
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f"{path.name}.{os.getpid()}")
            partial.write_text(json.dumps({"fetched": settings.now().isoformat(), "ciks": kept}))
            partial.replace(path)
        return kept


def spelled(ticker: str) -> str:
    """A ticker as EDGAR writes it: classes after a dash, ``BRK-B`` for ``BRK.B`` and ``BRK/B``."""
    return ticker.strip().upper().replace(".", "-").replace("/", "-").replace(" ", "-")


def _read(path: Path) -> dict[str, int] | None:
    """What was kept, None where there is nothing, or it is too old or no list."""
    try:
        found = json.loads(path.read_text())
        age = settings.now() - datetime.fromisoformat(found["fetched"])
        return dict(found["ciks"]) if timedelta(0) <= age < KEPT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _ciks(body: Any) -> dict[str, int]:
    try:
        return {spelled(row["ticker"]): int(row["cik_str"]) for row in body.values()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ShapeChanged(
            f"EDGAR's list of tickers has another shape: {type(error).__name__} at {error}.",
            hint="If its format changed, the adapter must be adapted.",
            provider="edgar",
        ) from error
