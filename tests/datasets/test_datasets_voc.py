"""Pascal VOC annotations: what is read from them, and what wrong ones are answered with."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from photo_folders import photo_bytes, voc_xml, write

from bench.core.suite import CocoData
from bench.datasets.hashes import HashCache
from bench.datasets.instances import Instances
from bench.datasets.normal_form import normal_form
from bench.datasets.voc import VocSource
from bench.datasets.voc_xml import parse_xml
from bench.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data set of two photos, 40 x 20."""
    for name in ("a", "b"):
        write(tmp_path / "JPEGImages" / f"{name}.jpg", photo_bytes(40, 20, ord(name)))
    write(tmp_path / "Annotations" / "a.xml", voc_xml("a.jpg", (40, 20), "dog 1 1 40 20", "cat 11 6 20 15 1"))
    write(tmp_path / "Annotations" / "b.xml", voc_xml("b.jpg", (40, 20)))
    return tmp_path


def data_of(folder: Path, names: str = "", **options: str) -> CocoData:
    places = str(folder / "JPEGImages"), str(folder / "Annotations")
    return CocoData(*places, format="voc", names=names, options=options)


def read(data: CocoData) -> Instances:
    return VocSource(data).read(Path("unused"))


def error_of(data: CocoData) -> str:
    with pytest.raises(DataError) as caught:
        read(data)
    return str(caught.value)


def test_pixel_indexes_from_1_become_edges_from_0_so_that_the_last_pixel_is_inside(folder: Path) -> None:
    found = read(data_of(folder))
    boxes = [one.box for one in found.photos[0].objects]
    # Indexes 1 to 40 are all 40 columns; 11 to 20 are ten of them, behind the first ten.
    assert boxes == [(0, 0, 40, 20), (10, 5, 10, 10)]
    assert [(photo.id, photo.file_name, photo.width, photo.height) for photo in found.photos] == [
        (1, "a.jpg", 40, 20), (2, "b.jpg", 40, 20),
    ]  # fmt: skip


def test_corners_are_taken_as_they_are_fractions_too(folder: Path) -> None:
    write(folder / "Annotations" / "b.xml", voc_xml("b.jpg", (40, 20), "cat 0 0.5 40 19.25"))
    boxes = [
        one.box for photo in read(data_of(folder, coordinates="corners")).photos for one in photo.objects
    ]
    assert boxes == [(1, 1, 39, 19), (11, 6, 9, 9), (0, 0.5, 40, 18.75)]


def test_classes_are_numbered_by_the_alphabet_or_by_a_file(folder: Path, tmp_path: Path) -> None:
    assert read(data_of(folder)).categories == {1: "cat", 2: "dog"}
    names = write(tmp_path / "names.txt", "dog\nbird\ncat\n")
    found = read(data_of(folder, str(names)))
    assert found.categories == {1: "dog", 2: "bird", 3: "cat"}
    assert [one.category for one in found.photos[0].objects] == [1, 3]
    write(names, "dog\ncats\n")
    file = folder / "Annotations" / "a.xml"
    assert error_of(data_of(folder, str(names))) == f"{file}:10: unknown class 'cat', did you mean 'cats'?"


def test_difficult_objects_are_ignored_as_voc_does_unless_they_are_to_count(folder: Path) -> None:
    found = read(data_of(folder))
    assert [one.is_crowd for one in found.photos[0].objects] == [False, True]
    assert found.notes == ("1 objects marked difficult are ignored, as VOC does; they are crowds",)
    counted = read(data_of(folder, difficult="count"))
    assert not any(one.is_crowd for one in counted.photos[0].objects) and not counted.notes


def test_pycocotools_excuses_a_detection_on_a_difficult_object(folder: Path, tmp_path: Path) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    form = normal_form(data_of(folder), tmp_path / "cache", HashCache(tmp_path / "cache"))
    truth = COCO(str(form.annotations))
    detections = [
        {"image_id": 1, "category_id": 2, "bbox": [0, 0, 40, 20], "score": 0.5},
        {"image_id": 1, "category_id": 1, "bbox": [10, 5, 10, 10], "score": 0.9},
    ]
    scored = COCOeval(truth, truth.loadRes(detections), "bbox")
    scored.evaluate()
    scored.accumulate()
    scored.summarize()
    # The dog is found; the cat is difficult: no target, so its class has no AP, and its detection no harm.
    assert scored.stats[0] == pytest.approx(1)


def test_a_missing_size_is_taken_from_the_photo_as_it_is_shown(folder: Path) -> None:
    write(folder / "JPEGImages" / "b.jpg", photo_bytes(40, 20, orientation=8))
    for size in (None, (0, 0)):
        write(folder / "Annotations" / "b.xml", voc_xml("b.jpg", size))
        photo = read(data_of(folder)).photos[1]
        assert (photo.width, photo.height) == (20, 40)


@pytest.mark.parametrize("name", ["b.jpg", "b", "C:\\photos\\b.jpg", "/home/x/b.jpg", "old.jpg", ""])
def test_the_photo_is_found_by_its_name_or_by_that_of_the_file(folder: Path, name: str) -> None:
    write(folder / "Annotations" / "b.xml", voc_xml(name, (40, 20)))
    assert read(data_of(folder)).photos[1].file_name == "b.jpg"


def test_a_list_chooses_files_and_its_second_column_is_left_out(folder: Path) -> None:
    chosen = write(folder / "ImageSets" / "Main" / "val.txt", "b  1\n\n")
    write(folder / "Annotations" / "b.xml", voc_xml("b.jpg", None, "cat 1 1 2 2"))
    assert [photo.file_name for photo in read(data_of(folder, list=str(chosen))).photos] == ["b.jpg"]
    write(chosen, "b\nc\n../Annotations/a\n")
    assert error_of(data_of(folder, list=str(chosen))).splitlines()[0] == (
        f"{chosen}: lists c, but there is no {folder / 'Annotations' / 'c.xml'}"
    )


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (voc_xml("b.jpg", (40, 20), "cat 0 1 5 5"), ":6: object cat: got 0, 1, 5, 5, expected pixel indexes from 1; "
         "choose the coordinates `corners` for edges in pixels from 0"),
        (voc_xml("b.jpg", (40, 20), "cat 1 1 5.5 5"), ":6: object cat: got 1, 1, 5.5, 5, expected pixel indexes from 1; "
         "choose the coordinates `corners` for edges in pixels from 0"),
        (voc_xml("b.jpg", (40, 20), "cat 5 1 4 5"), ":6: object cat: xmax or ymax is less than xmin or ymin"),
        (voc_xml("b.jpg", (40, 20), "cat 1 1 x 5"), ":6: bndbox.xmax: got 'x', expected a number"),
        (voc_xml("b.jpg", (40, 20), "cat 1 1 nan 5"), ":6: bndbox.xmax: got 'nan', expected a number"),
        ("<annotation><object>\n<name>x</name></object></annotation>",
         ":1: object x: no <bndbox>, expected xmin, ymin, xmax and ymax in one"),
        ("<annotation>\n<object></object></annotation>", ":2: an object has no <name>"),
        ("<coco/>", ":1: got <coco>, expected <annotation> of a Pascal VOC file"),
        ("<annotation>\n<size>", ":2: not readable as XML (no element found: line 2, column 6)"),
        ("", ":1: not readable as XML (no element found: line 1, column 0)"),
        ('<?xml version="1.0" encoding="klingon"?><annotation/>', ": not readable as XML (unknown encoding: klingon)"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_named_with_its_line(folder: Path, content: str, error: str) -> None:
    file = write(folder / "Annotations" / "b.xml", content)
    assert error_of(data_of(folder)) == f"{file}{error}"


BILLION_LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE annotation [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<annotation><filename>&b;</filename></annotation>
"""
OUTSIDE = """<!DOCTYPE annotation [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<annotation><filename>&x;</filename></annotation>
"""


@pytest.mark.parametrize(
    ("content", "line"), [(BILLION_LAUGHS, 2), (OUTSIDE, 1), ("<!DOCTYPE annotation>\n<annotation/>", 1)]
)
def test_a_document_type_is_refused_before_anything_expands(folder: Path, content: str, line: int) -> None:
    file = write(folder / "Annotations" / "b.xml", content)
    assert error_of(data_of(folder)) == (
        f"{file}:{line}: got a document type declaration (annotation), expected none: remove it"
    )


def test_an_undeclared_entity_is_an_error_and_deep_nesting_none(tmp_path: Path) -> None:
    file = write(tmp_path / "x.xml", "<annotation>&x;</annotation>")
    with pytest.raises(DataError, match="not readable as XML"):
        parse_xml(file)
    write(file, "<annotation>" + "<a>" * 20_000 + "</a>" * 20_000 + "</annotation>")
    assert parse_xml(file).tag == "annotation"


def test_all_wrong_files_are_told_together(folder: Path) -> None:
    write(folder / "Annotations" / "a.xml", "<x/>")
    write(folder / "Annotations" / "b.xml", voc_xml("gone.png", (1, 1)))
    write(folder / "Annotations" / "c.xml", voc_xml("gone.png", (1, 1)))
    lines = error_of(data_of(folder)).splitlines()
    assert len(lines) == 2 and lines[1].endswith(
        f"c.xml: its photo gone.png is not in {folder / 'JPEGImages'}"
    )


def test_two_files_for_one_photo_are_refused(folder: Path) -> None:
    file = write(folder / "Annotations" / "c.xml", voc_xml("a.jpg", (40, 20)))
    assert error_of(data_of(folder)) == (
        f"{file}: annotates a.jpg, as {folder / 'Annotations' / 'a.xml'} does: remove one"
    )


def test_a_photo_without_a_file_is_left_out_and_told(folder: Path) -> None:
    write(folder / "JPEGImages" / "z.jpg", photo_bytes(8, 8))
    found = read(data_of(folder))
    assert len(found.photos) == 2 and "photos without annotations are left out: z.jpg" in found.notes


@pytest.mark.parametrize("change", [{"coordinates": "corners"}, {"difficult": "count"}])
def test_options_are_part_of_what_the_normal_form_is_kept_under(
    folder: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    cache = tmp_path / "cache"
    forms = {normal_form(data_of(folder, **o), cache, HashCache(cache)).annotations for o in ({}, change, {})}
    assert len(forms) == 2
