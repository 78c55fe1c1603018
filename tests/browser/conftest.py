"""A headless Chromium of the system, and pages to look at in it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "report"))

from fake_hosts import on_host
from fake_records import failed_record, hostile_records, quickstart_records

from bench.core.record import Record
from bench.report import render_all

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

Open = Callable[..., Any]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Yield a browser; skip where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"needs one of {', '.join(PROGRAMS)} on the PATH: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        # The sandbox cannot be had as root; the pages are ours.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def two_hosts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report over two hosts, with a case that failed."""
    return _render(tmp_path_factory, [*quickstart_records(), *on_host("pi5"), _failed()])


@pytest.fixture(scope="session")
def one_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report of one runtime on one host, with a case that failed."""
    records = [record for record in quickstart_records() if record.runtime == "litert"]
    return _render(tmp_path_factory, [*records, _failed()])


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report whose names are markup, scripts and much too long."""
    return _render(tmp_path_factory, hostile_records())


@pytest.fixture
def look(chromium: Any) -> Iterator[Open]:
    """Yield a function that opens a page; a word on its console or another address fails the test."""
    opened = []

    def opens(path: Path, width: int = 1400, scheme: str = "light", hash_: str = "", **settings: Any) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **settings
        )
        page, said = context.new_page(), []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on(
            "request", lambda request: request.url.startswith(("file:", "data:")) or said.append(request.url)
        )
        page.goto(path.as_uri() + hash_)
        opened.append((context, said))
        return page

    yield opens
    for context, said in opened:
        assert said == []
        context.close()


def _failed() -> Record:
    record = failed_record("onnxruntime")
    return replace(record, case=record.case.replace("int8", "int4"), precision="int4")


def _render(factory: pytest.TempPathFactory, records: list[Record]) -> Path:
    folder = factory.mktemp("page")
    render_all(records, folder, {"suite": "quickstart", "versions": {"bench": "0.1.0"}})
    return folder / "report.html"
