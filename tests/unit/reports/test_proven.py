"""The strip of a certificate: verdict, what was looked at, what was found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from workbench import reports
from workbench.reports import proven

CERTIFICATE: dict[str, Any] = {
    "target": "momentum_12m_1m",
    "kind": "factor",
    "causal": True,
    "examined": True,
    "code": "c0de",
    "parameters": "",
    "workbench": "feed",
    "regions": ("KR", "US"),
    "snapshot": "5ea1",
    "start": "2024-07-08",
    "end": "2025-12-30",
    "cuts": ("2025-02-03 KR",),
    "worlds": ("cut off", "scrambled", "revised"),
    "tickers": 40,
    "left_out": 3,
    "values": 12345,
    "without": (),
    "timing": "close",
    "tolerance": 0.0,
    "seed": 0,
    "made_at": "2026-01-05T09:00:00+00:00",
    "version": "0.1.0",
    "prover": "1",
    "findings": (),
    "key": "0123456789abcdef",
}


def test_a_proven_result_says_on_what_it_was_proven() -> None:
    html = proven.render(CERTIFICATE)
    for told in ("Proven causal", "factor momentum_12m_1m on KR US", "by a bit", "2025-02-03 KR", "12,345", "01234567"):
        assert told in html
    assert "3 codes left out" in html
    assert "by 1e-12 of its size" in proven.render({**CERTIFICATE, "tolerance": 1e-12})


def test_what_was_found_is_listed_and_cannot_write_into_the_page() -> None:
    html = proven.render({**CERTIFICATE, "causal": False, "findings": ("close of <b>KR:1</b> moved",)})
    assert "Not causal" in html
    assert "<li>close of &lt;b&gt;KR:1&lt;/b&gt; moved</li>" in html
    assert "Nothing that stood moved" not in html


def test_without_a_certificate_it_is_unproven() -> None:
    assert "Unproven" in proven.render(None)
    assert "Unproven" in proven.render({**CERTIFICATE, "causal": False, "examined": False})


def test_a_run_keeps_the_certificate(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("IPython.display.display", lambda content, **_: shown.append(content.data))
    monkeypatch.setenv("WORKBENCH_RUN_DIR", str(tmp_path))
    reports.certificate(CERTIFICATE)
    reports.certificate(None)
    assert "Proven causal" in shown[0]
    assert "Unproven" in shown[1]
    kept = json.loads((tmp_path / "certificate-01234567.json").read_text(encoding="utf-8"))
    assert kept["values"] == 12345
