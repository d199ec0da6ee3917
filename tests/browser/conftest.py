"""A headless Chromium that resolves no host, and what it noticed on each page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


@dataclass
class Visit:
    """A page that was opened, and what went wrong on it."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: Path) -> None:
        """Open a file and wait until its charts are drawn."""
        self.page.goto(path.as_uri())
        drawn = "[...document.querySelectorAll('.wb-plot')].every(e => e.querySelector('.main-svg, canvas'))"
        self.page.wait_for_function(drawn, timeout=60_000)

    def chart_sizes(self) -> list[tuple[float, float]]:
        """Width and height of what was drawn, one a chart."""
        script = """[...document.querySelectorAll('.wb-plot')].map(place => {
            const box = place.querySelector('.main-svg, canvas').getBoundingClientRect();
            return [box.width, box.height]; })"""
        return [(float(width), float(height)) for width, height in self.page.evaluate(script)]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Visit]:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    seen = Visit(page)
    page.on("console", lambda message: seen.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("request", lambda request: seen.requests.append(request.url))
    yield seen
    page.close()
