"""The gallery on the page and in Markdown: each photo once, boxes told apart by line, names stay text."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

from fake_gallery import fake_gallery, fake_photo, fake_sight
from fake_records import hostile_records, quickstart_records

from bench.report.building import build_report
from bench.report.gallery.html import MOST_OPEN, render_gallery
from bench.report.gallery.markdown import gallery_blocks
from bench.report.gallery.model import Gallery, Mark
from bench.report.gallery.overlay import draw_overlay
from bench.report.gallery.style import STYLE
from bench.report.html.page import render_page
from bench.report.labels import keys_of
from bench.report.markdown import escape, render_markdown
from bench.report.palette import color_of
from bench.report.table import Keys

KEYS = [
    Keys("m/int8/litert/t1@local", "local", "litert", "int8", "1"),
    Keys("b", "local", "litert", "int4", "1"),
]
SVG = "{http://www.w3.org/2000/svg}"


def parsed(html: str) -> ElementTree.Element:
    """Return HTML of the gallery as a tree; it is written so that XML reads it too."""
    plain = html.replace("<!DOCTYPE html>", "").replace("&nbsp;", " ")
    plain = re.sub(r"<(input\b[^>]*)>", r"<\1/>", plain)
    plain = re.sub(r" (checked|open|data-keyed)(?=[ >/])", r' \1=""', plain)
    return ElementTree.fromstring(plain)


def test_each_photo_is_there_once_and_every_picture_refers_to_one() -> None:
    gallery = fake_gallery(KEYS)
    tree = parsed(render_gallery(gallery))
    photos = {image.get("id"): image.get("href", "") for image in tree.iter("image")}
    assert list(photos) == ["photo-1", "photo-2", "photo-3"]
    for photo in gallery.photos:
        kind, data = photos[f"photo-{photo.image}"].split(",")
        assert kind == "data:image/jpeg;base64" and base64.b64decode(data) == photo.jpeg
    used = [use.get("href", "").removeprefix("#") for use in tree.iter("use")]
    assert used == ["photo-1", "photo-2", "photo-1", "photo-3"]


def test_a_variant_is_found_by_the_filters_and_has_its_colour() -> None:
    exhibits = [
        one for one in parsed(render_gallery(fake_gallery(KEYS))).iter("details") if one.get("data-host")
    ]
    assert [one.get("data-precision") for one in exhibits] == ["int8", "int4"]
    assert [one.get("style") for one in exhibits] == [
        f"--variant:{color_of(name)}" for name in ("int8", "int4")
    ]


def test_who_cannot_see_a_picture_reads_what_changed() -> None:
    tree = parsed(render_gallery(fake_gallery(KEYS[:1])))
    figure = next(tree.iter("figure"))
    (svg,) = figure.iter("svg")
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "Photo 000001.jpg: 1 lost, 1 new false alarm"
    said = " ".join("".join(figure.itertext()).split())
    assert "1lost: cat – no box on it" in said and "2new false alarm: cat – nothing there (0.70)" in said
    assert "and 3 more changes" in "".join(tree.itertext())


def test_owners_differ_by_line_and_not_by_colour_alone() -> None:
    rules = {
        owner: re.search(rf"\.{owner} \.l {{([^}}]*)}}", STYLE) for owner in ("truth", "base", "variant")
    }
    dashes = {
        owner: (re.findall(r"dasharray: ([^;]*);", rule[1]) or ["solid"])[0]
        for owner, rule in rules.items()
        if rule is not None
    }
    assert len(set(dashes.values())) == 3 and dashes["truth"] == "solid"


def test_what_changed_is_drawn_apart_from_what_did_not() -> None:
    svg = ElementTree.fromstring(draw_overlay(fake_photo(1), fake_sight(1).marks, "a photo"))
    layers = {group.get("class"): [path.get("class") for path in group] for group in svg if group.tag == "g"}
    assert layers["truth"] == layers["base"] == layers["variant"] == ["c s", "l s", "c", "l"]
    truth = next(group for group in svg if group.get("class") == "truth")
    assert [path.get("d") for path in truth] == ["M200 100h60v60h-60z"] * 2 + ["M40 40h100v80h-100z"] * 2
    assert [text.text for text in svg.iter("text")] == ["1", "2"]


def test_small_photos_are_drawn_as_wide_as_others() -> None:
    svg = ElementTree.fromstring(
        draw_overlay(fake_photo(1, (64, 48)), (Mark("truth", (8, 8, 16, 16), 1, True),), "")
    )
    assert svg.get("viewBox") == "0 0 320 240"
    assert next(svg.iter("use")).get("transform") == "scale(5.0000)"
    assert next(svg.iter("path")).get("d") == "M40 40h80v80h-80z"


def test_numbers_lie_within_the_picture_and_not_on_each_other() -> None:
    marks = tuple(Mark("truth", (-500.0, -1e30, 1e30, 1e30), number, True) for number in range(1, 60))
    svg = ElementTree.fromstring(draw_overlay(fake_photo(1), marks, ""))
    places = [(float(one.get("cx", "")), float(one.get("cy", ""))) for one in svg.iter("circle")]
    assert 6 <= len(places) < 60 and all(0 < x < 320 and 0 < y < 240 for x, y in places)
    assert all(
        abs(a[0] - b[0]) + abs(a[1] - b[1]) >= 18 for at, a in enumerate(places) for b in places[at + 1 :]
    )
    assert "e+" not in "".join(path.get("d", "") for path in svg.iter("path"))


def test_of_many_variants_the_first_are_open() -> None:
    keys = [replace(KEYS[0], case=str(number)) for number in range(MOST_OPEN + 3)]
    html = render_gallery(fake_gallery(keys))
    assert len(re.findall(r'<details class="exhibit" open', html)) == MOST_OPEN


def test_a_gallery_without_photos_says_why_and_shows_no_controls() -> None:
    gallery = fake_gallery(KEYS)
    bare = Gallery(tuple(replace(one, sights=()) for one in gallery.exhibits), (), ("No photos: <gone>.",))
    html = render_gallery(bare)
    assert "No photos: &lt;gone&gt;." in html and "<input" not in html and "<image" not in html
    assert "Of 10 objects, fp32 finds 9" in html


def test_the_words_stand_in_markdown_too() -> None:
    blocks = gallery_blocks(fake_gallery(KEYS[:1], "c|a*t"), escape)
    text = "\n\n".join(blocks)
    assert "**int8 on litert, beside fp32.** Of 10 objects, fp32 finds 9 and int8 8" in text
    assert "- 000001.jpg: lost: c\\|a\\*t – no box on it; new false alarm: c\\|a\\*t" in text
    assert text.endswith("and 3 more changes")


def test_hostile_names_stay_text() -> None:
    script = "</svg><script>alert(1)</script>\"' onload=x `|` \x1b[31m\u202e"
    records = hostile_records()
    gallery = fake_gallery([keys_of(record) for record in records], script)
    photos = tuple(replace(photo, name=script) for photo in gallery.photos)
    exhibits = tuple(replace(one, title=script, findings=(script,), note=script) for one in gallery.exhibits)
    report = replace(build_report(records), gallery=Gallery(exhibits, photos, (script,)))
    for text in (render_page(report, {}), render_markdown(report, {})):
        assert "<script>alert" not in text and "\x1b" not in text and "\u202e" not in text
        assert "alert" in text


def test_a_report_holds_its_gallery_and_none_without() -> None:
    report = build_report(quickstart_records())
    shown = replace(report, gallery=fake_gallery([keys_of(quickstart_records()[3])]))
    page = render_page(shown, {})
    assert page.count("data:image/jpeg") == 2 and 'id="show-truth"' in page and STYLE in page
    assert "int8 on litert, beside fp32" in render_markdown(shown, {})
    assert "data:image/jpeg" not in render_page(report, {})
