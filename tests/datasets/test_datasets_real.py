"""Real photos and annotations: the same boxes whichever format they come in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photo_folders import voc_xml, write
from tfrecord_files import photo_features, write_records

from bench.core.suite import CocoData
from bench.datasets.hashes import HashCache
from bench.datasets.normal_form import normal_form
from bench.datasets.photo_check import check_photos
from bench.datasets.prepare import prepare_data

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif("BENCH_REAL_DATA" not in os.environ, reason="BENCH_REAL_DATA names no folder"),
]


@pytest.fixture(scope="module")
def root() -> Path:
    return Path(os.environ["BENCH_REAL_DATA"])


@pytest.fixture(scope="module")
def coco(root: Path) -> dict[str, Any]:
    return json.loads((root / "instances.json").read_text())  # type: ignore[no-any-return]


def boxes_of(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return (image id, category id, box, crowd) of all objects, sorted."""
    return sorted(
        (one["image_id"], one["category_id"], one["bbox"], one["iscrowd"]) for one in document["annotations"]
    )


def read(data: CocoData, cache: Path) -> dict[str, Any]:
    return json.loads(normal_form(data, cache, HashCache(cache)).annotations.read_text())  # type: ignore[no-any-return]


def compare(found: dict[str, Any], coco: dict[str, Any], tolerance: float, with_crowds: bool = True) -> None:
    assert {one["id"]: (one["width"], one["height"]) for one in found["images"]} == {
        one["id"]: (one["width"], one["height"]) for one in coco["images"]
    }
    pairs = list(zip(boxes_of(found), boxes_of(coco), strict=True))
    assert all(a[:2] == b[:2] and (a[3] == b[3] or not with_crowds) for a, b in pairs)
    assert np.allclose([a[2] for a, _ in pairs], [b[2] for _, b in pairs], atol=tolerance)


def by_image(coco: dict[str, Any]) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    return [
        (image, [one for one in coco["annotations"] if one["image_id"] == image["id"]])
        for image in coco["images"]
    ]


def test_yolo_labels_of_the_same_photos_give_the_same_boxes_and_ids(
    root: Path, coco: dict[str, Any], tmp_path: Path
) -> None:
    index = {one["id"]: number for number, one in enumerate(coco["categories"])}
    for image, objects in by_image(coco):
        rows = []
        for one in objects:
            x, y, width, height = one["bbox"]
            row = ((x + width / 2) / image["width"], (y + height / 2) / image["height"],
                   width / image["width"], height / image["height"])  # fmt: skip
            rows.append(f"{index[one['category_id']]} " + " ".join(f"{value:.6f}" for value in row))
        write(tmp_path / "labels" / f"{Path(image['file_name']).stem}.txt", "\n".join(rows))
    names = write(tmp_path / "coco.names", "\n".join(one["name"] for one in coco["categories"]))
    data = CocoData(str(root / "images"), str(tmp_path / "labels"), format="yolo", names=str(names))
    # Six decimals of 640 pixels, in position and size; YOLO knows no crowds.
    compare(read(data, tmp_path / "cache"), coco, 2e-3, with_crowds=False)


def test_voc_files_of_the_same_photos_give_the_same_boxes(
    root: Path, coco: dict[str, Any], tmp_path: Path
) -> None:
    names = {one["id"]: one["name"].replace(" ", "_") for one in coco["categories"]}
    for image, objects in by_image(coco):
        rows = []
        for one in objects:
            x, y, width, height = one["bbox"]
            rows.append(
                f"{names[one['category_id']]} {x!r} {y!r} {x + width!r} {y + height!r} {one['iscrowd']}"
            )
        content = voc_xml(image["file_name"], (image["width"], image["height"]), *rows)
        write(tmp_path / "xml" / f"{Path(image['file_name']).stem}.xml", content)
    listed = write(tmp_path / "names.txt", "\n".join(names.values()))
    data = CocoData(str(root / "images"), str(tmp_path / "xml"), format="voc", names=str(listed),
                    options={"coordinates": "corners"})  # fmt: skip
    found = read(data, tmp_path / "cache")
    # Underscores for spaces make them other names than COCO's, so they count from 1.
    ids = {number: one["id"] for number, one in enumerate(coco["categories"], start=1)}
    for one in found["annotations"]:
        one["category_id"] = ids[one["category_id"]]
    compare(found, coco, 1e-9)


def test_tfrecords_of_the_same_photos_give_the_same_boxes_and_bytes(
    root: Path, coco: dict[str, Any], tmp_path: Path
) -> None:
    records = []
    for image, objects in by_image(coco):
        sides = [
            (x / image["width"], y / image["height"], (x + w) / image["width"], (y + h) / image["height"])
            for x, y, w, h in (one["bbox"] for one in objects)
        ]
        rows = [
            f"{one['category_id']} " + " ".join(map(repr, side))
            for one, side in zip(objects, sides, strict=True)
        ]
        photo = (root / "images" / image["file_name"]).read_bytes()
        crowds = {"object__is_crowd": [one["iscrowd"] for one in objects]} if objects else {}
        features = photo_features(photo, (image["width"], image["height"]), *rows, **crowds)
        records.append(features | {"image/source_id": [str(image["id"]).encode()]})
    file = write_records(tmp_path / "val.record", *records)
    cache = tmp_path / "cache"
    data = CocoData("", str(file), format="tfrecord")
    compare(read(data, cache), coco, 1e-3)
    evaluation, _, _ = prepare_data(data, cache)
    plain, _, _ = prepare_data(CocoData(str(root / "images"), str(root / "instances.json")), cache)
    assert [(one.id, one.sha256) for one in evaluation.images] == [
        (one.id, one.sha256) for one in plain.images
    ]


def test_the_photos_are_whole_and_of_the_sizes_that_are_declared(root: Path, tmp_path: Path) -> None:
    data, _, _ = prepare_data(CocoData(str(root / "images"), str(root / "instances.json")), tmp_path)
    found = check_photos(data.images, lambda *_: None)
    assert not found.problems and sum(found.modes.values()) == 80 and not data.warnings
