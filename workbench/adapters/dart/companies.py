"""Which company stands behind a stock code: the list of all companies, kept for a day in a compact form."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from workbench import settings
from workbench.adapters.dart.dates import days
from workbench.adapters.dart.errors import ZIP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from workbench.adapters.dart.answers import Answers
    from workbench.adapters.dart.client import Service
    from workbench.adapters.net import Reply

#: How long the list of companies is used (service guide: updated daily).
KEPT = timedelta(hours=24)
COMMON, PREFERRED = "common", "preferred"
_CORP = re.compile(r"\d{8}")
#: Last characters of preferred shares; the first one is that of a company's first class.
PREFERRED_ENDINGS = ("5", "7", "9", "K", "L", "M")


@dataclass(frozen=True)
class Security:
    """A stock code, and the company that files for it.

    Attributes
    ----------
    ticker : str
        Local exchange code.
    corp : str
        Code of the company, 8 digits.
    share_class : str
        ``common`` or ``preferred``.
    sole : bool
        Whether the code is the company's common share or its first preferred one. DART counts all preferred
        shares of a company together, so that a later class has no count of its own.
    """

    ticker: str
    corp: str
    share_class: str = COMMON
    sole: bool = True


@dataclass(frozen=True)
class Profile:
    """What ``company.json`` says: month of the year's end, and day of the foundation."""

    fiscal_month: int | None = None
    founded: date | None = None


class Companies:
    """Finds companies by stock code.

    Parameters
    ----------
    service : Service
        Asked for the list at most once in 24 hours.
    answers : Answers
        Keeps the profiles for a month.
    """

    def __init__(self, service: Service, answers: Answers) -> None:
        self._service, self._answers = service, answers
        self._found: dict[str, list[str]] | None = None

    def find(self, ticker: str, issuer_id: str | None = None) -> Security | None:
        """The company of a code; a preferred share has the company of its common share.

        Parameters
        ----------
        ticker : str
            Six characters. The last one is 0 for common shares, 5, 7, 9 or K, L, M for preferred ones.
        issuer_id : str or None
            Taken for the company's code where it has the form of one.
        """
        listed = self._list()
        base = f"{ticker[:5]}0"
        preferred = ticker not in listed and base in listed and ticker[5:] in PREFERRED_ENDINGS
        code = base if preferred else ticker
        if issuer_id and _CORP.fullmatch(issuer_id):
            corp = issuer_id
        elif code in listed:
            corp = self._newest(listed[code], code)
        else:
            return None
        if preferred:
            return Security(ticker, corp, PREFERRED, ticker[5:] == PREFERRED_ENDINGS[0])
        return Security(ticker, corp)

    def codes(self) -> tuple[str, ...]:
        """Stock codes of all companies, those of the past among them."""
        return tuple(sorted(self._list()))

    def profile(self, corp: str) -> Profile:
        """The profile of a company, empty where the service has none."""
        body = self._company(corp)
        closing, founded = str(body.get("acc_mt") or "").strip(), days(body.get("est_dt"))
        month = int(closing) if closing.isdigit() and 1 <= int(closing) <= 12 else None
        return Profile(month, min(founded, default=None))

    def _newest(self, corps: list[str], code: str) -> str:
        """Of several companies under one code the newest entry that says the code is its own."""
        if len(corps) == 1:
            return corps[0]
        own = (corp for corp in corps if str(self._company(corp).get("stock_code") or "").strip() == code)
        return next(own, corps[0])

    def _company(self, corp: str) -> dict[str, Any]:
        month = f"{self._service.today():%Y-%m}"
        body = self._answers.kept(corp, "company", month, lambda: self._service.page("company", corp_code=corp))
        return body or {}

    def _list(self) -> dict[str, list[str]]:
        """Company codes by stock code, the newest entry first."""
        if self._found is not None:
            return self._found
        path, now = settings.load().state / "dart" / "companies.json", self._service.now().timestamp()
        try:
            kept = json.loads(path.read_text("utf-8"))
            fresh = 0 <= now - kept["at"] < KEPT.total_seconds()
        except (OSError, ValueError, KeyError, TypeError):
            fresh = False
        if not fresh:
            kept = {"at": now, "companies": read(self._service.download("corpCode.xml"))}
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = path.with_name(f"{path.name}.{os.getpid()}")
            aside.write_text(json.dumps(kept), "utf-8")
            aside.replace(path)
        self._found = dict(kept["companies"])
        return self._found


def read(reply: Reply) -> dict[str, list[str]]:
    """Company codes by stock code from the downloaded archive, the newest entry first; unlisted ones left out.

    Raises
    ------
    ShapeChanged
        If the body is no ZIP, or holds no list of companies with stock codes.
    """
    if not reply.body.startswith(ZIP):
        raise reply.changed(f"no archive: {reply.text()[:80]!r}")
    entries: dict[str, list[tuple[str, str]]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
            for stock, modified, corp in _entries(archive):
                entries.setdefault(stock, []).append((modified, corp))
    except (zipfile.BadZipFile, ElementTree.ParseError, IndexError) as error:
        raise reply.changed(f"an archive that cannot be read ({type(error).__name__})") from error
    if not entries:
        raise reply.changed("a list of companies without stock codes")
    return {stock: _newest_first(found) for stock, found in entries.items()}


def _newest_first(found: list[tuple[str, str]]) -> list[str]:
    """Company codes by day of change; of one day the later entry of the file comes first."""
    ordered = sorted(enumerate(found), key=lambda one: (one[1][0], one[0]), reverse=True)
    return list(dict.fromkeys(corp for _, (_, corp) in ordered))


def _entries(archive: zipfile.ZipFile) -> Iterator[tuple[str, str, str]]:
    """Stock code, day of change and company code of each listed company, one element at a time."""
    with archive.open(archive.namelist()[0]) as member:
        parsed = ElementTree.iterparse(member, events=("start", "end"))
        _, root = next(parsed)
        for event, element in parsed:
            if event != "end" or element.tag != "list":
                continue
            stock = (element.findtext("stock_code") or "").strip()
            corp = (element.findtext("corp_code") or "").strip()
            if stock and _CORP.fullmatch(corp):
                yield stock, (element.findtext("modify_date") or "").strip(), corp
            root.clear()
