"""From a run folder to its gallery: which photos differ most, what changed on them, what is not there."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.metrics.matches import load_matches, save_matches
from bench.picturing import make_gallery
from bench.picturing.comparing import MOST_VARIANTS
from bench.report.gallery.model import Gallery, Sight
from bench.report.table import Keys

sys.path.insert(0, str(Path(__file__).parent))
from stored_run import BASE, Row, StoredRun


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredRun:
    """A data set with a run folder that holds no case yet."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    return StoredRun(tmp_path)


def gallery_of(stored: StoredRun, variant: list[Row], **changes: object) -> Gallery:
    """Return the gallery of FP32 and one variant."""
    records = [stored.case("fp32", BASE), stored.case("int8", variant, **changes)]
    gallery = make_gallery(records, stored.run, stored.info)
    assert gallery is not None
    return gallery


def said(sight: Sight) -> list[str]:
    """Return the changes of one photo in words."""
    return [f"{change.what}: {change.why}" for change in sight.changes]


def test_the_photo_that_lost_most_comes_first_and_equal_ones_are_not_shown(stored: StoredRun) -> None:
    variant: list[Row] = [
        (1, 7, 0.8, (200, 100, 100, 100)),  # the cat of photo 1 has no box any more: .9 lost
        (2, 1, 0.7, (50, 50, 60, 60)),
        (3, 7, 0.3, (10, 10, 50, 50)),  # below the threshold: .6 - .3 lost
        (4, 1, 0.95, (100, 100, 50, 50)),  # nothing there
        (4, 1, 0.55, (300, 100, 50, 50)),  # nothing there, and next to the threshold
    ]
    gallery = gallery_of(stored, variant)
    (exhibit,) = gallery.exhibits
    assert exhibit.title == "int8 on litert, beside fp32"
    assert exhibit.brief == "2 lost, 0 gained, 2 new false alarms, 0 gone"
    assert exhibit.findings[0] == "Of 4 objects, fp32 finds 4 and int8 2: 2 lost, 0 gained."
    assert exhibit.findings[2] == "On 2 of 4 photos no object is lost or gained."
    assert [sight.image for sight in exhibit.sights] == [1, 4, 3]
    assert said(exhibit.sights[0]) == ["lost: cat: no box on it"]
    assert said(exhibit.sights[1]) == [
        "new false alarm: 2 \N{MULTIPLICATION SIGN} cat: nothing there (0.95, 0.55)",
    ]
    assert said(exhibit.sights[2]) == ["lost: dog <b>: score 0.60 fell to 0.30, below 0.55"]
    assert [photo.image for photo in gallery.photos] == [1, 4, 3]
    assert not gallery.notes


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ((1, 7, 0.85, (22, 22, 80, 80)), "taken for dog <b> (0.85)"),
        ((1, 1, 0.85, (60, 20, 80, 80)), "its box overlaps by 0.33, 0.50 is needed (0.85)"),
        ((1, 1, 0.85, (47, 20, 80, 80)), "its box overlaps by 0.49, 0.50 is needed (0.85)"),
        ((1, 1, 0.85, (300, 220, 20, 20)), "no box on it"),
    ],
)
def test_why_an_object_was_lost(row: Row, why: str, stored: StoredRun) -> None:
    sight = gallery_of(stored, [row, *BASE[1:]]).exhibits[0].sights[0]
    assert said(sight)[0] == f"lost: cat: {why}"
    owners = {mark.owner for mark in sight.marks if mark.number == 1}
    is_told = why != "no box on it"
    # The box that explains the loss belongs to it and is no change of its own.
    assert owners == ({"truth", "base", "variant"} if is_told else {"truth", "base"})
    assert len(sight.changes) == (1 if is_told else 2)


def test_changes_without_words_are_drawn_as_changed(stored: StoredRun) -> None:
    for name in range(10, 18):
        stored.add_category(name)
    junk: list[Row] = [
        (4, 10 + number, 0.99 - number / 100, (40 * number, 10, 30, 30)) for number in range(8)
    ]
    gallery = make_gallery(
        [stored.case("fp32", [*junk, *BASE]), stored.case("int8", BASE)], stored.run, stored.info
    )
    assert gallery is not None
    (sight,) = gallery.exhibits[0].sights
    assert sight.summary == "8 false alarms gone"
    assert len(sight.changes) == 6 and sight.num_left_out == 2
    changed = [mark for mark in sight.marks if mark.is_changed]
    assert [mark.number for mark in changed] == [1, 2, 3, 4, 5, 6, 0, 0]


def test_equal_changes_are_told_as_one(stored: StoredRun) -> None:
    equal: list[Row] = [(4, 1, 0.95, (40 * number, 100, 30, 30)) for number in range(4)]
    gallery = make_gallery(
        [stored.case("fp32", [*equal, *BASE]), stored.case("int8", BASE)], stored.run, stored.info
    )
    assert gallery is not None
    (sight,) = gallery.exhibits[0].sights
    assert said(sight) == [
        "false alarm gone: 4 \N{MULTIPLICATION SIGN} cat: nothing there (0.95, 0.95, 0.95, …)"
    ]
    assert [mark.number for mark in sight.marks if mark.is_changed] == [1, 1, 1, 1]


def test_what_only_the_variant_finds_is_gained(stored: StoredRun) -> None:
    base = [row for row in BASE if row[0] != 2] + [(2, 7, 0.7, (50, 50, 60, 60))]
    records = [stored.case("fp32", base), stored.case("int8", BASE)]
    gallery = make_gallery(records, stored.run, stored.info)
    assert gallery is not None
    (sight,) = gallery.exhibits[0].sights
    assert said(sight) == ["gained: cat: with fp32: taken for dog <b> (0.70)"]
    assert sight.changes[0].is_good


def test_boxes_lie_on_the_small_photo_as_on_the_large_one(stored: StoredRun) -> None:
    gallery = gallery_of(stored, BASE[1:])
    (photo,), (sight,) = gallery.photos, gallery.exhibits[0].sights
    assert (photo.width, photo.height) == (320, 240)
    lost = [mark for mark in sight.marks if mark.number == 1]
    assert {mark.owner for mark in lost} == {"truth", "base"}
    assert all(mark.box == pytest.approx((16, 16, 64, 64)) for mark in lost)


def test_scores_that_all_shrank_lose_nothing_but_the_threshold_is_told(stored: StoredRun) -> None:
    shrunk: list[Row] = [(image, category, score / 2, box) for image, category, score, box in BASE]
    (exhibit,) = gallery_of(stored, shrunk).exhibits
    assert not exhibit.sights and exhibit.note == "No photo differs enough to be shown."
    assert exhibit.findings[0].endswith("0 lost, 0 gained.")
    assert exhibit.findings[-1] == (
        "With fp32's threshold of 0.60, int8 would find 4 objects fewer and raise as many false alarms: its "
        "scores are lower, so tune the threshold anew."
    )


def test_variants_that_find_the_very_same_stand_together(stored: StoredRun) -> None:
    records = [
        stored.case("fp32", BASE),
        stored.case("int8", BASE[1:]),
        stored.case("int8", BASE[1:], case="m/int8/litert/t4@local", threads=4),
    ]
    gallery = make_gallery(records, stored.run, stored.info)
    assert gallery is not None
    (exhibit,) = gallery.exhibits
    assert exhibit.title == "int8 on litert, 1 thread = int8 on litert, 4 threads, beside fp32"
    assert exhibit.keys == Keys("", "local", "litert", "int8", "")


def test_a_photo_that_was_changed_is_not_shown(stored: StoredRun) -> None:
    records = [stored.case("fp32", BASE), stored.case("int8", BASE[1:])]
    Image.new("RGB", (400, 300)).save(stored.photos / "001.jpg")
    gallery = make_gallery(records, stored.run, stored.info)
    assert gallery is not None and not gallery.photos
    assert gallery.notes == (
        "No photos are shown: photos or annotations are not those of the run: they were changed since.",
    )
    assert gallery.exhibits[0].brief.startswith("1 lost")


def test_photos_that_are_gone_are_told_and_the_figures_stay(stored: StoredRun) -> None:
    records = [stored.case("fp32", BASE), stored.case("int8", BASE[1:])]
    (stored.photos / "001.jpg").unlink()
    gallery = make_gallery(records, stored.run, stored.info)
    assert gallery is not None and not gallery.photos
    assert "1 of 4 images are missing (001.jpg)" in gallery.notes[0]
    assert gallery.exhibits[0].findings[0].endswith("1 lost, 0 gained.")


def test_detections_that_are_gone_or_damaged_are_told_once(stored: StoredRun) -> None:
    records = [stored.case("fp32", BASE), stored.case("int8", BASE[1:]), stored.case("qat", BASE[2:])]
    for record in records[1:]:
        (stored.run / record.matches).unlink()
    gallery = make_gallery(records, stored.run, stored.info)
    assert gallery is not None and not gallery.exhibits
    assert gallery.notes == (
        "Nothing can be shown of int8 on litert, qat on litert: detections are not stored in the run folder.",
    )
    (stored.run / records[0].matches).write_bytes(b"damaged")
    (stored.run / records[1].matches).write_bytes(b"damaged")
    damaged = make_gallery(records, stored.run, stored.info)
    assert damaged is not None and "cannot be read as a matches file" in damaged.notes[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("row", np.array([10**6] * 3)),
        ("row", np.array([0])),
        ("image", np.array([0, 0, 9], np.int32)),
        ("candidate", np.array([0, -1, 2])),
        ("matched", np.full((3, 4, 10), 99, np.int32)),
        ("matched", np.zeros((3, 4, 0), np.int32)),
        ("truth_image", np.array([0, 0, 1, -2], np.int32)),
        ("truth_ignored", np.zeros(4, np.bool_)),
    ],
)
def test_match_data_that_contradict_themselves_are_told(name: str, value: Any, stored: StoredRun) -> None:
    records = [stored.case("fp32", BASE), stored.case("int8", BASE[1:])]
    path = stored.run / records[1].matches
    save_matches(replace(load_matches(path), **{name: value}), path)
    gallery = make_gallery(records, stored.run, stored.info)
    assert gallery is not None and "contradicts itself" in gallery.notes[0]


def test_a_sibling_that_finds_nothing_is_told(stored: StoredRun) -> None:
    records = [stored.case("fp32", []), stored.case("int8", BASE)]
    gallery = make_gallery(records, stored.run, stored.info)
    assert gallery is not None
    assert "finds no object at all" in gallery.notes[0]


def test_a_variant_that_finds_nothing_lost_everything(stored: StoredRun) -> None:
    (exhibit,) = gallery_of(stored, []).exhibits
    assert exhibit.brief == "4 lost, 0 gained, 0 new false alarms, 0 gone"
    assert [sight.image for sight in exhibit.sights] == [1, 2, 3]


def test_without_variants_there_is_no_gallery(stored: StoredRun) -> None:
    assert make_gallery([stored.case("fp32", BASE)], stored.run, stored.info) is None
    assert make_gallery([], stored.run, stored.info) is None


def test_of_many_variants_those_that_differ_most_are_looked_at(stored: StoredRun) -> None:
    records = [stored.case("fp32", BASE)]
    for number in range(MOST_VARIANTS + 2):
        rows: list[Row] = [(1, 1, 0.9 - number / 1000, (20, 20, 80, 80)), *BASE[2:]]
        case = f"m/int8-{number}/litert/t1@local"
        records.append(stored.case("int8", rows, -number / 1000, case=case))
    gallery = make_gallery(records, stored.run, stored.info)
    assert gallery is not None and len(gallery.exhibits) == MOST_VARIANTS
    assert gallery.notes == ("Variants whose mAP differs less are not looked at: 2 of them.",)
    assert not {"m/int8-0/litert/t1@local", "m/int8-1/litert/t1@local"} & {
        exhibit.keys.case for exhibit in gallery.exhibits
    }


def test_a_run_on_fewer_photos_finds_just_these(stored: StoredRun) -> None:
    stored.limit(2)
    (first, second) = stored.ids
    rows = [row for row in BASE if row[0] in stored.ids]
    kept = [row for row in rows if row[0] != first]
    records = [stored.case("fp32", rows), stored.case("int8", kept)]
    gallery = make_gallery(records, stored.run, {**stored.info, "overrides": {"limit": 2}})
    assert gallery is not None and not gallery.notes and first != second
    assert [photo.image for photo in gallery.photos] == [first]


def test_a_run_is_found_wherever_it_is_reported_from(
    stored: StoredRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert gallery_of(stored, BASE[1:]).photos
