"""The page in a real browser: nothing on the console, no text on another, and readable by everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTHS = (360, 800, 1400)
TEXTS = (Path(__file__).parent / "texts.js").read_text(encoding="utf-8")
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("are_open", [False, True], ids=["folded", "open"])
def test_no_text_is_cut_or_lies_on_another(two_hosts: Path, look: Open, width: int, are_open: bool) -> None:
    page = look(two_hosts, width)
    if are_open:
        page.evaluate(OPEN_ALL)
    assert page.evaluate(TEXTS) == []


@pytest.mark.parametrize("width", [360, 1400])
def test_hostile_names_are_neither_run_nor_do_they_break_the_page(
    hostile: Path, look: Open, width: int
) -> None:
    page = look(hostile, width)
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (
        page.locator("script").count() == 1
        and page.locator("main iframe, main a:not([href^='#'])").count() == 0
    )


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1400, "light")])
def test_an_accessibility_check_finds_nothing(one_host: Path, look: Open, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_core_python.sync_playwright").Axe()
    page = look(one_host, width, scheme)
    page.evaluate(OPEN_ALL)
    assert findings(axe.run(page)) == []


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1400, "dark")])
def test_a_page_of_verdicts_is_readable_too(verdicts: Path, look: Open, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_core_python.sync_playwright").Axe()
    page = look(verdicts, width, scheme)
    assert page.evaluate(TEXTS) == [] and findings(axe.run(page)) == []
    page.get_by_label("int8", exact=True).check()
    assert page.locator("tr[data-case]:visible").count() == 1


def test_the_checks_would_find_a_text_too_pale_and_texts_on_each_other(one_host: Path, look: Open) -> None:
    axe = pytest.importorskip("axe_core_python.sync_playwright").Axe()
    page = look(one_host)
    page.evaluate("document.querySelector('header .soft').style.color = '#ddd'")
    page.evaluate("document.querySelector('h1').style.marginBottom = '-2rem'")
    found = findings(axe.run(page, context="header", options={"runOnly": ["color-contrast"]}))
    assert len(found) == 1 and found[0].startswith("color-contrast: <p")
    assert any(words.startswith("quickstart | ") for words in page.evaluate(TEXTS))
    chart = "document.querySelector('svg.chart')"
    page.evaluate(f"for (const one of {chart}.querySelectorAll('text')) one.setAttribute('y', '100')")
    assert any("fp32 | " in words or " | fp32" in words for words in page.evaluate(TEXTS))


def findings(result: dict[str, Any]) -> list[str]:
    return [
        f"{found['id']}: {node['html'][:160]}" for found in result["violations"] for node in found["nodes"]
    ]


def test_without_a_script_the_page_is_complete(two_hosts: Path, look: Open) -> None:
    page = look(two_hosts, java_script_enabled=False)
    assert page.locator("form").count() == 0
    table = page.get_by_role("group", name="The trade-off").first
    assert table.locator("tbody tr:visible").count() == 10
    fold = page.locator("details", has_text="Accuracy in full").first
    fold.locator("summary").click()
    assert fold.locator("table").is_visible()
    assert page.locator("svg.chart title").first.text_content()


def test_paper_shows_what_is_folded_and_no_controls(two_hosts: Path, look: Open) -> None:
    page = look(two_hosts)
    before = page.locator("details[open]").count()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not(.case):not([open])").count() == 0
    assert not page.locator(".filters").is_visible() and not page.locator("nav").is_visible()
    page.set_viewport_size({"width": 1032, "height": 700})
    widths = "[...document.querySelectorAll('table')].map((one) => one.scrollWidth)"
    assert max(page.evaluate(widths)) <= 1032, "tables fit a landscape A4 page within its margins"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == before


def test_printed_tables_repeat_their_heads_with_words(two_hosts: Path, look: Open) -> None:
    """A head that stands again on the next sheet leaves out whatever is a box of its own: no buttons."""
    page = look(two_hosts)
    page.emulate_media(media="print")
    shown = (
        "[...new Set([...document.querySelectorAll('th button')].map((b) => getComputedStyle(b).display))]"
    )
    assert page.evaluate(shown) == ["contents"]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_reasons_of_verdicts_fit_the_page(verdicts: Path, look: Open, width: int) -> None:
    page = look(verdicts, width)
    assert page.evaluate(TEXTS) == []
    wide = (
        "[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth).length"
    )
    assert width < 1400 or page.evaluate(wide) == 0
