"""What holds for every format alike: seeded limits, no shared photos, turned photos, names for people."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from photo_folders import photo_bytes, voc_xml, write
from tfrecord_files import photo_features, write_records

from bench.core.suite import CocoData
from bench.datasets.prepare import prepare_data, prepared_if_ready
from bench.detectors.photo import decode_photo
from bench.errors import DataError

NAMES = [f"{letter}.jpg" for letter in "abcdef"]
PHOTOS = {name: photo_bytes(40, 20, seed) for seed, name in enumerate(NAMES)}


def make(kind: str, folder: Path) -> CocoData:
    """Write the same six photos, one object each, in a format."""
    if kind == "tfrecord":
        records = [photo_features(photo, (40, 20), "1 0 0 .5 1 cat") for photo in PHOTOS.values()]
        return CocoData("", str(write_records(folder / "a.record", *records)), format="tfrecord")
    for name, photo in PHOTOS.items():
        write(folder / "images" / name, photo)
        stem = Path(name).stem
        write(folder / "labels" / f"{stem}.txt", "0 .25 .5 .5 1")
        write(folder / "xml" / f"{stem}.xml", voc_xml(name, (40, 20), "cat 1 1 20 20"))
    write(folder / "classes.txt", "cat")
    images = [
        {"id": n, "file_name": name, "width": 40, "height": 20} for n, name in enumerate(NAMES, start=1)
    ]
    objects = [{"id": n, "image_id": n, "category_id": 1, "bbox": [0, 0, 20, 20]} for n in range(1, 7)]
    document = {"images": images, "annotations": objects, "categories": [{"id": 1, "name": "cat"}]}
    write(folder / "a.json", json.dumps(document))
    places = {"coco": "a.json", "voc": "xml", "yolo": "labels"}
    return CocoData(str(folder / "images"), str(folder / places[kind]), format=kind)  # type: ignore[arg-type]


@pytest.fixture(params=["coco", "yolo", "voc", "tfrecord"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> CocoData:
    return make(request.param, tmp_path / "set")


def test_all_formats_give_the_same_images_objects_and_sizes(data: CocoData, tmp_path: Path) -> None:
    found, _, _ = prepare_data(data, tmp_path / "cache")
    assert [(one.id, one.width, one.height) for one in found.images] == [(n, 40, 20) for n in range(1, 7)]
    assert [Path(one.path).read_bytes() for one in found.images] == list(PHOTOS.values())
    annotations = json.loads(Path(found.annotations).read_text())["annotations"]
    assert np.allclose([one["bbox"] for one in annotations], [[0, 0, 20, 20]] * 6, atol=1e-5)
    assert found.categories == {1: "cat"} and found.shown == data.annotations


def test_a_limit_draws_the_same_images_by_the_seed_in_every_format(data: CocoData, tmp_path: Path) -> None:
    def drawn(seed: int) -> list[int]:
        limited = replace(data, limit=3, seed=seed)
        return [image.id for image in prepare_data(limited, tmp_path / "cache")[0].images]

    assert drawn(0) == drawn(0) == [2, 3, 4]
    assert len({tuple(drawn(seed)) for seed in range(8)}) > 1


def test_a_photo_that_is_also_calibrated_on_is_refused_in_every_format(
    data: CocoData, tmp_path: Path
) -> None:
    write(tmp_path / "train" / "other-name.jpg", PHOTOS["d.jpg"])
    with pytest.raises(DataError, match="1 images stand in two sets that must share none"):
        prepare_data(replace(data, calibration_images=str(tmp_path / "train")), tmp_path / "cache")
    write(tmp_path / "train" / "other-name.jpg", photo_bytes(40, 20, 99))
    _, calibration, _ = prepare_data(
        replace(data, calibration_images=str(tmp_path / "train")), tmp_path / "cache"
    )
    assert len(calibration.images) == 1


def test_photos_that_are_cut_short_are_taken_only_where_the_suite_says_so(
    data: CocoData, tmp_path: Path
) -> None:
    refused, _, _ = prepare_data(data, tmp_path / "cache")
    filled, _, _ = prepare_data(replace(data, options={"truncated": "fill"}), tmp_path / "cache")
    assert {one.fill for one in refused.images} == {False} and {one.fill for one in filled.images} == {True}
    assert refused.sha256 != filled.sha256


def test_a_plan_does_not_convert_but_finds_what_was(data: CocoData, tmp_path: Path) -> None:
    early = prepared_if_ready(data, tmp_path / "cache")
    assert (early is not None) == (data.format == "coco")
    prepared = prepare_data(data, tmp_path / "cache")
    assert prepared_if_ready(data, tmp_path / "cache") == prepared


def test_a_turned_photo_lies_under_its_boxes_whatever_the_format_declares(tmp_path: Path) -> None:
    """A black photo with a white object, stored on its side: the object is where its box says."""
    from PIL import Image

    shown = np.zeros((40, 20, 3), np.uint8)
    shown[4:12, 2:8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    file = write(tmp_path / "images" / "a.png", b"")
    Image.fromarray(np.rot90(shown).copy()).save(file, exif=exif)
    # YOLO: fractions of the photo as shown. VOC: pixels of the declared size, here the stored one.
    write(tmp_path / "labels" / "a.txt", f"0 {5 / 20} {8 / 40} {6 / 20} {8 / 40}")
    write(tmp_path / "classes.txt", "x")
    left, top = 4, 20 - 8
    write(
        tmp_path / "xml" / "a.xml", voc_xml("a.png", (40, 20), f"x {left + 1} {top + 1} {left + 8} {top + 6}")
    )
    for kind, place in (("yolo", "labels"), ("voc", "xml")):
        data = CocoData(str(tmp_path / "images"), str(tmp_path / place), format=kind)  # type: ignore[arg-type]
        found, _, _ = prepare_data(data, tmp_path / "cache")
        (image,) = found.images
        (one,) = json.loads(Path(found.annotations).read_text())["annotations"]
        x, y, width, height = (round(value) for value in one["bbox"])
        pixels = decode_photo(Path(image.path).read_bytes(), (image.width, image.height))
        assert (pixels[y : y + height, x : x + width] == 255).all() and (
            pixels == 255
        ).sum() == width * height * 3
