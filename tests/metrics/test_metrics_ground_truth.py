"""Annotation files are read, and wrong ones refused with the file, the entry and what was expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from coco_synthetic import make_truth_of, write_annotations

from bench.errors import DataError
from bench.metrics.ground_truth import read_ground_truth


@pytest.fixture
def truth() -> dict[str, Any]:
    return make_truth_of(
        [(9, 7, [1, 2, 30, 40], 0), (4, 3, [5, 6, 7, 8], 1), (9, 3, [0, 0, 2, 2], 0)], [9, 4], [7, 3]
    )


def test_objects_are_columns_by_image_with_original_ids(tmp_path: Path, truth: dict[str, Any]) -> None:
    read = read_ground_truth(write_annotations(tmp_path, truth), [9, 4])
    assert read.image_ids.tolist() == [4, 9]
    assert read.category_ids.tolist() == [3, 7]
    assert read.id.tolist() == [2, 1, 3]
    assert read.image.tolist() == [0, 1, 1]
    assert read.category.tolist() == [0, 1, 0]
    assert read.box[0].tolist() == [5, 6, 7, 8]
    assert read.area.tolist() == [56, 1200, 4]
    assert read.is_crowd.tolist() == [True, False, False]


def test_only_chosen_images_are_kept_and_one_without_objects_may_be(
    tmp_path: Path, truth: dict[str, Any]
) -> None:
    truth["images"].append({"id": 50})
    read = read_ground_truth(write_annotations(tmp_path, truth), [50, 4])
    assert read.image_ids.tolist() == [4, 50]
    assert read.id.tolist() == [2]


def test_area_is_taken_from_the_file_and_else_from_the_box(tmp_path: Path, truth: dict[str, Any]) -> None:
    truth["annotations"][0]["area"] = 600.5
    del truth["annotations"][2]["area"], truth["annotations"][2]["iscrowd"]
    read = read_ground_truth(write_annotations(tmp_path, truth), [9, 4])
    assert read.area.tolist() == [56, 600.5, 4]
    assert not read.is_crowd[2]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("image_id", 77, r"annotations\[1\] \(id 2\): image_id is 77, which `images` does not list"),
        ("image_id", "4", r"image_id is '4', which `images`"),
        ("category_id", 5, r"annotations\[1\] \(id 2\): category_id is 5, which `categories` does not list"),
        ("bbox", [1, 2, -3, 4], r"bbox is \[1, 2, -3, 4\], expected \[x, y, width, height\]"),
        ("bbox", [1, 2, 3], r"bbox is \[1, 2, 3\]"),
        ("bbox", [1, 2, float("nan"), 4], r"bbox is \[1, 2, nan, 4\]"),
        ("bbox", None, "bbox is None"),
        ("iscrowd", 2, "iscrowd is 2, expected 0 or 1"),
        ("area", "big", "area is 'big', expected finite square pixels"),
        ("id", 1, r"annotations\[1\].id 1 occurs twice"),
        ("id", None, r"annotations\[1\].id is None, expected a whole number"),
    ],
)
def test_a_wrong_annotation_is_named(
    tmp_path: Path, truth: dict[str, Any], key: str, value: Any, message: str
) -> None:
    truth["annotations"][1][key] = value
    path = write_annotations(tmp_path, truth)
    with pytest.raises(DataError, match=message) as caught:
        read_ground_truth(path, [9, 4])
    assert str(path) in str(caught.value)


def test_an_image_that_the_file_does_not_list_is_an_error(tmp_path: Path, truth: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="image 8 is to be evaluated, but `images` does not list it"):
        read_ground_truth(write_annotations(tmp_path, truth), [9, 8])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as COCO annotations"),
        ("[]", "got a JSON list, expected an object"),
        ('{"annotations": [], "images": []}', "`categories` is NoneType, expected a list"),
        ('{"images": [3]}', r"images\[0\].id is None"),
    ],
)
def test_a_file_that_is_no_coco_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "labels.json"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_ground_truth(path, [])
    with pytest.raises(DataError, match=r"missing\.json: cannot be read"):
        read_ground_truth(tmp_path / "missing.json", [])
