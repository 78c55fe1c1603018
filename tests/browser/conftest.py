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

from fake_gallery import fake_gallery
from fake_hosts import on_host
from fake_records import failed_record, fake_record, quickstart_records
from hostile_records import STRINGS, named

from bench.core.record import Record
from bench.core.verdict import Verdict
from bench.report import render_all
from bench.report.comparison.model import Compared, Comparison
from bench.report.comparison.writing import write_comparison
from bench.report.gallery.model import Gallery
from bench.report.labels import keys_of

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
    records = [*quickstart_records(), *on_host("pi5"), _failed()]
    variants = [keys_of(record) for record in records if record.precision in ("int8", "qat")]
    return _render(tmp_path_factory, records, gallery=fake_gallery(variants))


@pytest.fixture(scope="session")
def one_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small report: two cases on one host, and one that failed."""
    records = [fake_record("litert", "fp32"), fake_record("litert", "int8")]
    return _render(tmp_path_factory, [*records, _failed()], fake_gallery([keys_of(records[1])]))


@pytest.fixture(scope="session", params=["html", "long"])
def hostile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report whose names are markup or much too long, and run from right to left."""
    return _render(tmp_path_factory, named(STRINGS[request.param] + STRINGS["direction"]))


@pytest.fixture(scope="session")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a page of verdicts: slower, the same, and missing."""
    base: dict[str, Any] = {"is_relative": True, "tolerance": 0.02, "find": 0.05, "method": "exact ranks"}
    case = "m/{}/litert/t1@pi5".format
    found = (
        Verdict(case("int8"), "latency_p50_ns", "fail", "", 1e7, 1.2e7, 0.2, 0.18, 0.22, **base),
        Verdict(case("fp32"), "latency_p50_ns", "pass", "", 1e7, 1e7, 0.0, -0.01, 0.01, **base),
        Verdict(case("qat"), "map_50_95", "missing", "failed: killed by SIGILL"),
    )
    folder = tmp_path_factory.mktemp("verdicts")
    return write_comparison(Comparison("pi", Compared("main"), Compared("new"), found), folder)[0]


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


def _render(factory: pytest.TempPathFactory, records: list[Record], gallery: Gallery | None = None) -> Path:
    folder = factory.mktemp("page")
    info = {"suite": "quickstart", "versions": {"bench": "0.1.0"}}
    render_all(records, folder, info, forms=("html",), gallery=gallery)
    return folder / "report.html"
