"""The details of cases in a real browser: their charts tell their figures, and filters hide them."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Open
from fake_records import quickstart_records
from test_report_trace import with_stages

from bench.report.building import build_report
from bench.report.detail.making import make_details
from bench.report.detail.model import Journal
from bench.report.html.page import render_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TEXTS = (Path(__file__).parent / "texts.js").read_text(encoding="utf-8")
CASES = "details.case"


def journal() -> Journal:
    """Return timed rounds of which the third does not count."""
    chance = random.Random(0)
    lines: list[dict[str, Any]] = [
        {
            "kind": "latency",
            "status": "ok",
            "valid": number != 3,
            "reason": "throttled",
            "started": f"{number:02}",
            "result": {"inference_ns": [chance.gauss(4.4e5, 1e4) for _ in range(50)]},
        }
        for number in range(1, 11)
    ]
    return Journal(lines)


@pytest.fixture(scope="module")
def details(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report of ten cases with their rounds."""
    records = [with_stages(record) for record in quickstart_records()]
    report = replace(build_report(records), details=make_details(records, lambda _: journal()))
    path = tmp_path_factory.mktemp("details") / "report.html"
    path.write_text(render_page(report, {}), encoding="utf-8")
    return path


def opened(page: Any) -> Any:
    """Open two cases, fp32 and a variant, and return the page."""
    page.evaluate(f"[...document.querySelectorAll('{CASES}')].slice(0, 2).forEach(one => one.open = true)")
    return page


def test_a_process_tells_its_figures_under_the_pointer_and_why_it_does_not_count(
    details: Path, look: Open
) -> None:
    page = opened(look(details))
    page.locator(f"{CASES}[open] .marks > g").nth(2).hover()
    told = page.locator(".tip").inner_text()
    assert told.startswith("Process 3: median 0.4") and told.endswith("Not counted: throttled")


def test_what_is_said_below_a_table_is_seen(details: Path, look: Open) -> None:
    page = opened(look(details))
    said = page.locator(f"{CASES}[open] figcaption")
    assert said.count() == 4
    assert all(said.nth(number).is_visible() for number in range(said.count()))


def test_a_filter_leaves_the_cases_that_fit(details: Path, look: Open) -> None:
    page = look(details)
    assert page.locator(CASES).count() == 10
    page.get_by_role("checkbox", name="int8").check()
    page.get_by_role("checkbox", name="litert").check()
    assert page.locator(f"{CASES}:visible").count() == 1


def test_a_part_of_a_bar_is_as_long_as_its_share(details: Path, look: Open) -> None:
    page = opened(look(details))
    parts = page.locator(f"{CASES}[open] svg.mini").first.locator("rect")
    widths = [parts.nth(number).bounding_box()["width"] for number in range(4)]
    assert widths[2] / widths[3] == pytest.approx(1.234 / 0.5, rel=0.03)


@pytest.mark.parametrize("width", [360, 800, 1400])
def test_no_text_of_the_details_is_cut_or_lies_on_another(width: int, details: Path, look: Open) -> None:
    page = opened(look(details, width))
    assert page.evaluate(TEXTS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_check_of_the_details_finds_nothing(scheme: str, details: Path, look: Open) -> None:
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="axe checks the page")
    found = axe.Axe().run(opened(look(details, 360, scheme)), context=f"{CASES}[open]")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
