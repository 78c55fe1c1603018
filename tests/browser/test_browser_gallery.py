"""The gallery in a real browser: photos and boxes are seen, hidden and filtered, with a script or without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Open
from fake_gallery import fake_gallery
from fake_records import quickstart_records

from bench.report.building import build_report
from bench.report.html.page import render_page
from bench.report.labels import keys_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TEXTS = (Path(__file__).parent / "texts.js").read_text(encoding="utf-8")
WIDTHS = (360, 800, 1400)

# Mean colour of a picture's middle, as drawn: photos of the gallery are (90, 40 n, 120).
OUTLINES = ".sights figure:first-child .{} path"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report with a gallery of all its variants."""
    records = quickstart_records()
    keys = [keys_of(record) for record in records if record.sibling]
    report = replace(build_report(records), gallery=fake_gallery(keys, "a rather long name of a category"))
    path = tmp_path_factory.mktemp("gallery") / "report.html"
    path.write_text(render_page(report, {}), encoding="utf-8")
    return path


def test_photos_are_drawn_below_their_boxes(photos: Path, look: Open) -> None:
    from io import BytesIO

    from PIL import Image

    page = look(photos)
    picture = page.locator(".sights svg").first
    shown = Image.open(BytesIO(picture.screenshot())).convert("RGB")
    pixel = shown.getpixel((shown.width * 170 // 320, shown.height * 30 // 240))
    assert isinstance(pixel, tuple)
    assert all(abs(one - other) < 12 for one, other in zip(pixel, (90, 40, 120), strict=True))


@pytest.mark.parametrize("has_script", [True, False])
@pytest.mark.parametrize("owner", ["truth", "base", "variant"])
def test_boxes_are_hidden_and_shown_by_their_owner(
    owner: str, has_script: bool, photos: Path, look: Open
) -> None:
    page = look(photos, java_script_enabled=has_script)
    boxes = page.locator(OUTLINES.format(owner)).first
    assert boxes.is_visible()
    page.get_by_role("checkbox").and_(page.locator(f"#show-{owner}")).uncheck()
    assert not boxes.is_visible()
    others = {"truth", "base", "variant"} - {owner}
    assert all(page.locator(OUTLINES.format(other)).first.is_visible() for other in others)


def test_what_did_not_change_can_be_hidden(photos: Path, look: Open) -> None:
    page = look(photos)
    page.locator("#show-same").uncheck()
    assert not page.locator(".sights path.s").first.is_visible()
    assert page.locator(".sights path.c:not(.s)").first.is_visible()


def test_filters_leave_the_variants_that_fit(photos: Path, look: Open) -> None:
    page = look(photos, hash_="#precision=int8")
    exhibits = page.locator(".exhibit:visible")
    assert exhibits.count() == 2
    assert all("int8" in exhibits.nth(at).inner_text() for at in range(2))


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_of_the_gallery_is_cut_or_lies_on_another(width: int, photos: Path, look: Open) -> None:
    page = look(photos, width)
    page.evaluate("document.querySelectorAll('.gallery details').forEach((one) => { one.open = true; })")
    assert page.evaluate(TEXTS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_check_of_the_gallery_finds_nothing(scheme: str, photos: Path, look: Open) -> None:
    axe = pytest.importorskip("axe_core_python.sync_playwright").Axe()
    page = look(photos, scheme=scheme)
    page.evaluate("document.querySelectorAll('.gallery details').forEach((one) => { one.open = true; })")
    result: dict[str, Any] = axe.run(page, context=".gallery")
    assert [(found["id"], found["nodes"][0]["html"][:160]) for found in result["violations"]] == []
