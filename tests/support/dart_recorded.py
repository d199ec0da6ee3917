"""A local OpenDART that answers with recorded bodies, chosen by what was asked; else it has no data (013)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from local_server import Answer, Call, LocalServer

NO_DATA = Answer({"status": "013", "message": "조회된 데이타가 없습니다."})
_STATEMENTS = re.compile(r"(fnltt\w+|alotMatter)_(\d{8})_(\d{4})_(\d{5})(?:_(CFS|OFS))?")


class RecordedDart(LocalServer):
    """Serves the folder of recorded bodies.

    Parameters
    ----------
    folder : Path
        Of the bodies.
    always : str
        A body that every call gets, such as an error.
    """

    def __init__(self, folder: Path, *, always: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.folder, self.always = folder, always
        self.served: dict[str, int] = {}
        self._by_report: dict[tuple[str, ...], str] = {}
        for path in sorted(folder.glob("*.json")):
            found = _STATEMENTS.match(path.stem)
            if found:
                service, *report, basis = found.groups()
                # Of single rows the basis is not recorded; they are taken for consolidated ones.
                basis = basis or ("CFS" if service == "fnlttSinglAcntAll" else "")
                self._by_report[(service, *report, basis)] = path.name
        self._by_report["fnlttMultiAcnt", "00126380", "2023", "11011", ""] = "fnlttMultiAcnt_sample.json"
        self._by_report["stockTotqySttus", "00126380", "2023", "11011", ""] = "stockTotqySttus_sample.json"
        self._by_report["fnlttSinglIndx", "00126380", "2023", "11011", ""] = "fnlttSinglIndx_sample.json"

    def answer(self, call: Call) -> Answer:
        name = self.always or self._name(call)
        if not name:
            return NO_DATA
        self.served[name] = self.served.get(name, 0) + 1
        kind = "application/xml" if name.endswith(".xml") else "application/json;charset=UTF-8"
        return Answer((self.folder / name).read_bytes(), headers={"Content-Type": kind})

    def _name(self, call: Call) -> str:
        service, asked = call.path.rpartition("/")[2].partition(".")[0], call.query
        if service == "corpCode":
            return "corpCode.zip"
        if service in ("company", "list"):
            name = f"{service}_{asked['corp_code']}{'_page1' if service == 'list' else ''}.json"
            return name if (self.folder / name).exists() else ""
        report = (asked.get("bsns_year", ""), asked.get("reprt_code", ""), asked.get("fs_div", ""))
        # The main accounts of one company have the form of those of many.
        for name in (service, "fnlttSinglAcnt") if service == "fnlttMultiAcnt" else (service,):
            for corp in asked.get("corp_code", "").split(","):
                if (name, corp, *report) in self._by_report:
                    return self._by_report[name, corp, *report]
        return ""
