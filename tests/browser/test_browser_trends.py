"""The page of a suite's history in a real browser: readable by everybody, and its runs can be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Open

from bench.core.trend import Step, Trend, TrendPoint
from bench.report.trends.page import render_history

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TEXTS = (Path(__file__).parent / "texts.js").read_text(encoding="utf-8")
VALUES = (2.0e7, 2.01e7, 1.99e7, 2.2e7, 2.21e7, 2.19e7, 1.8e7, 1.81e7)
STEPS = (Step(3, 3, 3, 0.1, 0.08, 0.12, True, True), Step(6, 6, 6, -0.18, -0.2, -0.16, True, False))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of two cases, one of them with steps."""
    points = tuple(
        TrendPoint(
            f"run{day}", value, value * 0.99, value * 1.01, f"{day:02}abcdefabcdef", False, f"2026-11-0{day}"
        )
        for day, value in enumerate(VALUES, 1)
    )
    trends = [
        Trend("m/int8/litert/t1@pi5", "latency_p50_ns", points, STEPS),
        Trend("m/fp32/litert/t1@pi5", "latency_p50_ns", points[:3], (), num_needed=10),
    ]
    path = tmp_path_factory.mktemp("history") / "history.html"
    path.write_text(render_history("pi", trends), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("width", "scheme"), [(360, "dark"), (800, "light"), (1400, "light"), (1400, "dark")]
)
def test_a_page_of_history_is_readable_by_everybody(
    history: Path, look: Open, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_core_python.sync_playwright").Axe()
    page = look(history, width, scheme)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate(TEXTS) == []
    assert [found["id"] for found in axe.run(page)["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_run_tells_its_figures_to_pointer_and_keyboard(history: Path, look: Open) -> None:
    page = look(history)
    page.locator("svg.trend [data-tip]").nth(3).hover()
    assert shown(page).startswith("2026-11-04: 22.0 ms [21.8 ms, 22.2 ms], 04abcdefab")
    page.locator("svg.trend [data-tip]").first.focus()
    page.keyboard.press("ArrowRight")
    assert shown(page).startswith("2026-11-02: 20.1 ms")


def test_the_filter_leaves_the_pictures_of_the_cases_that_fit(history: Path, look: Open) -> None:
    page = look(history, hash_="#precision=fp32")
    assert page.locator("figure:visible").count() == 1
    assert "too few runs" in page.locator("figure:visible").inner_text()


def shown(page: Any) -> str:
    """Return the words beside the point that is looked at."""
    return str(page.locator(".tip").inner_text())
