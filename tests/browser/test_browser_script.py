"""What the page's script does: it sorts on true values, filters everything alike, and keeps its state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def trade_off(page: Any) -> Any:
    """Return the main table of the first host."""
    return page.get_by_role("group", name="The trade-off").first


def column(table: Any, title: str) -> list[str]:
    """Return the texts of a column, from the top."""
    return list(
        table.evaluate(
            """(group, title) => {
              const heads = [...group.querySelectorAll("th")];
              const place = heads.findIndex((one) => one.textContent.startsWith(title));
              const rows = [...group.querySelectorAll("tbody tr")];
              return rows.map((row) => row.cells[place].childNodes[0].textContent);
            }""",
            title,
        )
    )


def test_a_column_is_sorted_by_its_values_up_down_and_back(two_hosts: Path, look: Open) -> None:
    page = look(two_hosts)
    table = trade_off(page)
    before = column(table, "Inference p50")
    head = table.get_by_role("columnheader", name="Inference p50")
    head.get_by_role("button").click()
    assert column(table, "Inference p50") == sorted(before, key=float)
    assert head.get_attribute("aria-sort") == "ascending"
    assert page.get_by_role("status").inner_text() == "Sorted by Inference p50, ascending."
    head.get_by_role("button").click()
    assert column(table, "Inference p50") == sorted(before, key=float, reverse=True)
    head.get_by_role("button").click()
    assert column(table, "Inference p50") == before and head.get_attribute("aria-sort") is None


def test_minus_signs_are_sorted_as_numbers_and_missing_figures_come_last(two_hosts: Path, look: Open) -> None:
    table = trade_off(look(two_hosts))
    button = table.get_by_role("columnheader", name="mAP difference").get_by_role("button")
    for _ in range(2):
        button.click()
        shown = column(table, "mAP difference")
        assert shown[-2:] == ["–", "–"]
    known = [float(text.replace("−", "-")) for text in shown[:-2]]
    assert known == sorted(known, reverse=True) and known[-1] < 0


def test_a_filter_holds_for_tables_points_and_answers_alike(two_hosts: Path, look: Open) -> None:
    page = look(two_hosts)
    page.get_by_label("int8", exact=True).check()
    page.get_by_label("qat", exact=True).check()
    assert precisions(page, "tr[data-precision]:visible") == {"int8", "qat"}
    assert precisions(page, "svg [data-tip]:visible") == {"int8", "qat"}
    assert page.locator("svg [data-with*='/fp32/']:visible").count() == 0
    assert page.locator("details[data-case*='/fp32/']:visible").count() == 0
    assert page.get_by_role("status").inner_text().startswith("8 of 21 cases are shown")
    page.get_by_label("pi5", exact=True).check()
    assert (
        page.locator(".answer:visible").count() == 1
        and "on pi5" in page.locator(".answer:visible").inner_text()
    )
    assert page.locator("h2", has_text="shapes on local").last.is_hidden()
    page.get_by_role("button", name="Show all").click()
    assert page.locator(".filtered").count() == 0


def precisions(page: Any, selector: str) -> set[str]:
    """Return the precisions of all elements that a selector finds."""
    return set(page.locator(selector).evaluate_all("all => all.map((one) => one.dataset.precision)"))


def test_what_was_filtered_and_sorted_stands_in_the_address(two_hosts: Path, look: Open) -> None:
    page = look(two_hosts)
    page.get_by_label("litert", exact=True).check()
    trade_off(page).get_by_role("columnheader", name="File").first.get_by_role("button").click()
    state = page.evaluate("location.hash")
    assert "runtime=litert" in state and "sort=" in state
    other = look(two_hosts, hash_=state)
    assert other.get_by_label("litert", exact=True).is_checked()
    files = column(trade_off(other), "File")
    assert files == sorted(files, key=float)
    assert set(column(trade_off(other), "File")) == set(column(trade_off(page), "File"))


@pytest.mark.parametrize(
    "state",
    [
        "#sort=99.1.up&sort=0.99.up&sort=0.0.sideways&sort=x",
        "#host=%3Cimg%20src=x%3E&runtime=none",
        "#answers",
        "#%",
    ],
)
def test_an_address_that_fits_no_page_does_no_harm(two_hosts: Path, look: Open, state: str) -> None:
    page = look(two_hosts, hash_=state)
    assert page.locator("form.filters").is_visible()


def test_links_within_the_page_keep_the_filter(two_hosts: Path, look: Open) -> None:
    page = look(two_hosts, hash_="#precision=int8")
    page.get_by_role("link", name="Where the figures come from").click()
    assert page.evaluate("location.hash") == "#precision=int8"
    assert page.evaluate("document.activeElement.id") == "provenance"


def test_a_point_says_what_it_is_under_the_pointer_and_at_the_focus(two_hosts: Path, look: Open) -> None:
    page = look(two_hosts)
    chart = page.locator("svg.chart").first
    chart.scroll_into_view_if_needed()
    box = chart.locator("[data-tip*='fp16 on onnx']").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "fp16 on onnxruntime: 60.4 [58.2, 62.6] points of mAP" in page.locator(".tip").inner_text()
    assert page.locator("tr.lit").count() >= 1
    page.mouse.move(2, 2)
    assert page.locator(".tip").is_hidden()
    stop = chart.locator("[tabindex='0']")
    assert stop.count() == 1, "a chart is one stop of the tab key"
    stop.focus()
    first = page.locator(".tip").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator(".tip").is_visible() and page.locator(".tip").inner_text() != first
    page.keyboard.press("Escape")
    assert page.locator(".tip").is_hidden()


def test_everything_can_be_reached_by_the_keyboard(two_hosts: Path, look: Open) -> None:
    page = look(two_hosts)
    page.get_by_label("int8", exact=True).focus()
    page.keyboard.press("Space")
    assert page.get_by_label("int8", exact=True).is_checked()
    trade_off(page).get_by_role("columnheader", name="Runtime").get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert "sort=" in page.evaluate("location.hash")
