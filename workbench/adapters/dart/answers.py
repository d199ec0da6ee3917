"""What was answered about filings, kept in the state folder: a filing never changes, and calls are few a day.

An answer is kept under the version it was asked for: the receipt number of the newest filing of the report,
or a day for what changes by itself. Asking for another version asks the service.
"""

from __future__ import annotations

import gzip
import json
import os
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workbench import settings
from workbench.adapters.dart.dates import received
from workbench.adapters.dart.errors import TooMany

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from workbench.adapters.dart.client import Service

    Rows = list[dict[str, Any]]

#: All lines of one report and basis; the main lines of one company, and of up to 100.
FULL, MAIN, MAIN_OF_MANY = "fnlttSinglAcntAll", "fnlttSinglAcnt", "fnlttMultiAcnt"
_UNREAD = frozenset({"corp_code", "corp_name", "corp_cls", "stock_code", "sj_nm", "fs_nm", "bsns_year"})
#: Days after its receipt in which statements of a filing may still be missing because they are being processed.
SETTLING = timedelta(days=30)


class Answers:
    """Asks the service once for each version of an answer."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.folder = settings.load().state / "dart" / "answers"

    def kept(self, corp: str, name: str, version: str, ask: Callable[[], Any], *, keep_nothing: bool = True) -> Any:
        """The answer ``name`` of a company in this version.

        Parameters
        ----------
        corp : str
            Code of the company.
        name : str
            Of the answer, with what distinguishes it.
        version : str
            A kept answer of another version is replaced.
        ask : callable
            Asks the service; what it returns must be JSON.
        keep_nothing : bool
            Whether None is an answer that will not change.
        """
        path = self._path(corp, name)
        found = _read(path)
        if found is not None and found["version"] == version:
            return found["answer"]
        answer = ask()
        if answer is not None or keep_nothing:
            _write(path, {"version": version, "answer": answer})
        return answer

    def report(self, service: str, corp: str, year: int, code: str, version: str, basis: str = "") -> Rows | None:
        """Rows of one service about one report, None where it has none.

        Parameters
        ----------
        service : str
            Such as ``fnlttSinglAcntAll``.
        corp, year, code
            The report.
        version : str
            Receipt number of its newest filing; empty where no list tells it: then it is asked once a month.
        basis : str
            ``CFS`` or ``OFS`` for full statements.
        """
        params = {"corp_code": corp, "bsns_year": str(year), "reprt_code": code}
        params |= {"fs_div": basis} if basis else {}
        settled, kept_as = self._settled(version), version or self._month()
        name = "-".join(part for part in (service, str(year), code, basis) if part)

        def ask() -> Rows | None:
            return _slim(self.service.rows(service, **params))

        rows: Rows | None = self.kept(corp, name, kept_as, ask, keep_nothing=settled)
        return rows

    def main_accounts(self, versions: Mapping[str, str], year: int, code: str) -> dict[str, Rows]:
        """Main accounts of one report of several companies, by company; those without are left out.

        Parameters
        ----------
        versions : mapping of str to str
            Receipt number of the newest filing by company, empty where no list tells it; at most 100.
        year, code
            The report.
        """
        found: dict[str, Rows] = {}
        wanted = []
        for corp, version in versions.items():
            kept = _read(self._path(corp, f"{MAIN}-{year}-{code}"))
            if kept is None or kept["version"] != (version or self._month()):
                wanted.append(corp)
            elif kept["answer"]:
                found[corp] = kept["answer"]
        answered = self._asked(wanted, year, code)
        for corp in wanted:
            rows, version = _slim(answered.get(corp)), versions[corp]
            if rows or self._settled(version):
                content = {"version": version or self._month(), "answer": rows}
                _write(self._path(corp, f"{MAIN}-{year}-{code}"), content)
            if rows:
                found[corp] = rows
        return found

    def _asked(self, corps: list[str], year: int, code: str) -> dict[str, Rows]:
        """One request for several companies, which the service may ask to be split."""
        report = {"bsns_year": str(year), "reprt_code": code}
        if len(corps) < 2:
            alone = {corp: self.service.rows(MAIN, corp_code=corp, **report) for corp in corps}
            return {corp: rows for corp, rows in alone.items() if rows}
        try:
            rows = self.service.rows(MAIN_OF_MANY, corp_code=",".join(corps), **report)
        except TooMany:
            half = len(corps) // 2
            return self._asked(corps[:half], year, code) | self._asked(corps[half:], year, code)
        by_corp: dict[str, Rows] = {}
        for row in rows or []:
            by_corp.setdefault(str(row.get("corp_code")), []).append(row)
        return by_corp

    def _settled(self, version: str) -> bool:
        """Whether an answer without rows will stay so; without a version it holds for a month."""
        return not version or received(version) + SETTLING <= self.service.today()

    def _month(self) -> str:
        return f"{self.service.today():%Y-%m}"

    def _path(self, corp: str, name: str) -> Path:
        return self.folder / corp[-2:] / corp / f"{name}.gz"


def _slim(rows: Rows | None) -> Rows | None:
    """Without what nobody here reads: names, and changes in equity, which repeat every account by component."""
    if rows is None:
        return None
    return [
        {name: value for name, value in row.items() if name not in _UNREAD}
        for row in rows
        if row.get("sj_div") != "SCE"
    ]


def _read(path: Path) -> dict[str, Any] | None:
    """A kept answer; a file that is cut or foreign is none."""
    try:
        found = json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError):
        return None
    return found if isinstance(found, dict) and {"version", "answer"} <= set(found) else None


def _write(path: Path, content: dict[str, Any]) -> None:
    """Written aside and renamed: another process reads the whole file or the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    aside.write_bytes(gzip.compress(json.dumps(content, ensure_ascii=False).encode(), 6, mtime=0))
    aside.replace(path)
