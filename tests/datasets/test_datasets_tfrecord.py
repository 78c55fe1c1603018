"""TFRecords of the TF Object Detection API: what is read from them, and what damaged ones are answered with."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

import contextlib
import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from photo_folders import photo_bytes, write
from tfrecord_files import example, framed, photo_features, write_records

from bench.core.suite import CocoData
from bench.datasets.crc32c import crc32c
from bench.datasets.hashes import HashCache
from bench.datasets.instances import Instances
from bench.datasets.normal_form import normal_form
from bench.datasets.tfrecord import TfrecordSource
from bench.datasets.tfrecord_wire import DamagedError, parse_example, read_examples
from bench.errors import DataError

PHOTO = photo_bytes(40, 20)


def read(place: Path, label_map: Path | str = "") -> Instances:
    data = CocoData("", str(place), format="tfrecord", names=str(label_map))
    return TfrecordSource(data).read((place if place.is_dir() else place.parent) / "photos")


def error_of(place: Path, label_map: Path | str = "") -> str:
    with pytest.raises(DataError) as caught:
        read(place, label_map)
    return str(caught.value)


def test_checksums_are_those_of_rfc_3720() -> None:
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0


@given(st.binary(min_size=1, max_size=700))
def test_the_checksum_of_lanes_is_that_of_a_plain_loop_over_bits(data: bytes) -> None:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    assert crc32c(data) == crc ^ 0xFFFFFFFF


def test_boxes_become_pixels_and_photos_become_files(tmp_path: Path) -> None:
    file = write_records(
        tmp_path / "val.record",
        photo_features(PHOTO, (40, 20), "2 0.25 0.5 0.75 1 dog", "1 0 0 1 1 cat"),
        photo_features(photo_bytes(8, 8, kind="PNG"), (8, 8)),
    )
    found = read(file)
    assert [(photo.id, photo.file_name, photo.width, photo.height) for photo in found.photos] == [
        (1, "00000001.jpg", 40, 20), (2, "00000002.png", 8, 8),
    ]  # fmt: skip
    assert np.allclose([one.box for one in found.photos[0].objects], [[10, 10, 20, 10], [0, 0, 40, 20]])
    assert [one.category for one in found.photos[0].objects] == [2, 1]
    assert found.categories == {1: "cat", 2: "dog"}
    assert Path(found.images, "00000001.jpg").read_bytes() == PHOTO


def test_source_ids_that_are_numbers_are_the_image_ids(tmp_path: Path) -> None:
    records = [photo_features(PHOTO, None, source_id=[name]) for name in (b"139", b"000285")]
    assert [photo.id for photo in read(write_records(tmp_path / "a.record", *records)).photos] == [139, 285]
    records.append(photo_features(PHOTO, None, source_id=[b"x"]))
    assert [photo.id for photo in read(write_records(tmp_path / "a.record", *records)).photos] == [1, 2, 3]


def test_crowds_difficult_objects_and_groups_are_crowds_and_areas_are_kept(tmp_path: Path) -> None:
    features = photo_features(PHOTO, (40, 20), *["1 0 0 1 1"] * 4, object__is_crowd=[1, 0, 0, 0],
                              object__difficult=[0, 1, 0, 0], object__group_of=[0, 0, 1, 0],
                              object__area=[5.0, 6.0, 7.0, 8.0])  # fmt: skip
    found = read(write_records(tmp_path / "a.record", features)).photos[0].objects
    assert [one.is_crowd for one in found] == [True, True, True, False]
    assert [one.area for one in found] == [5, 6, 7, 8]


def test_a_label_map_names_the_classes_and_numbers_texts(tmp_path: Path) -> None:
    label_map = write(
        tmp_path / "map.pbtxt",
        "item {\n  id: 3 # third\n  name: 'n02'\n  display_name: \"dog\"\n}\nitem { name: 'cat' id: 1 }",
    )
    features = photo_features(PHOTO, (40, 20), "3 0 0 1 1 dog")
    file = write_records(tmp_path / "a.record", features)
    assert read(file, label_map).categories == {1: "cat", 3: "dog"}
    del features["image/object/class/label"]
    assert read(write_records(file, features), label_map).photos[0].objects[0].category == 3
    assert error_of(file) == (
        f"{file}: record 1: class 'dog' has no label, expected image/object/class/label, or its name in a label map"
    )


def test_a_size_that_is_not_declared_is_that_of_the_stored_photo(tmp_path: Path) -> None:
    turned = photo_bytes(40, 20, orientation=6)
    photo = read(write_records(tmp_path / "a.record", photo_features(turned, None, "1 0 0 .5 1"))).photos[0]
    assert (photo.width, photo.height) == (40, 20) and photo.objects[0].box == (0, 0, 20, 20)


def test_shards_are_read_in_order_from_a_folder_or_a_pattern(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b")):
        file = tmp_path / f"val.record-0000{number}-of-00002"
        write_records(file, photo_features(PHOTO + name.encode(), None))
    write(tmp_path / "notes.txt", "x")
    for place in (tmp_path, tmp_path / "val.record-*"):
        found = read(place)
        assert [Path(found.images, photo.file_name).read_bytes()[-1:] for photo in found.photos] == [
            b"a",
            b"b",
        ]


def test_packed_files_are_read_too(tmp_path: Path) -> None:
    file = write(tmp_path / "a.record", gzip.compress(framed(example(photo_features(PHOTO, (40, 20))))))
    assert len(read(file).photos) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda data: data[:-1], "record 2 is damaged (cut off after"),
        (lambda data: data[:-200], "record 2 is damaged (cut off after"),
        (lambda data: data[: len(data) // 2 + 5], "record 2 is damaged (cut off within a length)"),
        (lambda data: b"\xff" + data[1:], "record 1 is damaged (wrong checksum of its length)"),
        (lambda data: data[:500] + bytes([data[500] ^ 1]) + data[501:], "record 1 is damaged (wrong checksum of its content)"),
        (lambda data: b"<html>404 not found</html>", "record 1 is damaged (wrong checksum of its length)"),
        (lambda data: gzip.compress(data)[:-30], "is damaged"),
        (lambda data: framed(b"\xff\xff\xff"), "record 1 is damaged (a number is cut off)"),
        (lambda data: b"", "holds no records, expected TFRecords of annotated photos"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_with_its_record(tmp_path: Path, change: Any, error: str) -> None:
    record = framed(example(photo_features(PHOTO, (40, 20))))
    file = write(tmp_path / "a.record", change(record * 2))
    text = error_of(file)
    assert text.startswith(f"{file}: ") and error in text


@pytest.mark.parametrize(
    ("features", "error"),
    [
        ({"image/encoded": []}, "no image/encoded, expected the bytes of a photo"),
        ({"image/encoded": [b"<html>"]}, "image/encoded cannot be read as a photo (6 bytes)"),
        (photo_features(PHOTO, (40, 20), "1 0 0 40 20"), "a box reaches to 40, expected fractions from 0 to 1; are these pixels?"),
        (photo_features(PHOTO, (40, 20), "1 .5 0 .4 1"), "a box has xmax or ymax less than xmin or ymin"),
        (photo_features(PHOTO, (40, 20), "1 0 0 1 1", object__class__label=[1, 2]), "1 boxes and 2 class labels, expected as many"),
        (photo_features(PHOTO, (40, 20), "1 0 0 1 1", object__is_crowd=[0, 0]),
         "the lists below image/object are of different lengths, expected one value an object"),
        (photo_features(PHOTO, (40, 20), "1 0 0 1 1 cat", "1 0 0 1 1 dog"),
         "class 1 is 'dog', and 'cat' in another record: give a label map"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_record_is_told_with_its_number(
    tmp_path: Path, features: dict[str, Any], error: str
) -> None:
    file = write_records(tmp_path / "a.record", photo_features(PHOTO, (40, 20)), features)
    assert error_of(file) == f"{file}: record 2: {error}"


def test_the_normal_form_keeps_photos_and_annotations_together(tmp_path: Path) -> None:
    file = write_records(tmp_path / "a.record", photo_features(PHOTO, (40, 20), "1 0 0 1 1 cat"))
    data, cache = CocoData("", str(file), format="tfrecord"), tmp_path / "cache"
    form = normal_form(data, cache, HashCache(cache))
    assert (form.images / "00000001.jpg").read_bytes() == PHOTO
    assert form.images.parent == form.annotations.parent
    assert normal_form(data, cache, HashCache(cache)) == form
    assert len(list((cache / "datasets" / "converted").iterdir())) == 1


def test_what_a_killed_conversion_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    file = write_records(tmp_path / "a.record", photo_features(PHOTO, (40, 20)))
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    converted = tmp_path / "cache" / "datasets" / "converted"
    dead, alive = converted / f".converting-{gone.stdout.strip()}-x", converted / ".converting-1-x"
    for folder in (dead, alive):
        write(folder / "images" / "00000001.jpg", PHOTO)
    normal_form(CocoData("", str(file), format="tfrecord"), tmp_path / "cache", HashCache(tmp_path / "cache"))
    assert not dead.exists() and alive.exists()


def test_a_conversion_that_fails_leaves_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "a.record", framed(example(photo_features(PHOTO, (40, 20)))) + b"rubbish")
    cache = tmp_path / "cache"
    with pytest.raises(DataError, match="record 2 is damaged"):
        normal_form(CocoData("", str(file), format="tfrecord"), cache, HashCache(cache))
    assert not list((cache / "datasets" / "converted").iterdir())


def test_a_full_disk_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_records(tmp_path / "a.record", photo_features(PHOTO, (40, 20)))
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000})())
    text = error_of(file)
    assert "needs 0.20 GB of free disk space, and 0.00 GB are free" in text
    assert not (tmp_path / "photos").exists()


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.one_of(
            st.lists(st.binary(max_size=20), max_size=4),
            st.lists(st.floats(width=32, allow_nan=False), max_size=4),
            st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4),
        ),
        max_size=4,
    )
)
def test_what_protobuf_writes_is_read_back(features: dict[str, list[Any]]) -> None:
    assert parse_example(example(features)) == features


@given(st.binary(max_size=60))
def test_any_bytes_are_an_example_or_damaged(data: bytes) -> None:
    with contextlib.suppress(DamagedError):
        parse_example(data)


WRITER = """
import sys, tensorflow as tf
def feature(values):
    if isinstance(values[0], bytes): return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], float): return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
features = {"a": [b"x" * 5000, b""], "b": [0.5, -1.25], "c": [-1, 2**40]}
example = tf.train.Example(features=tf.train.Features(feature={k: feature(v) for k, v in features.items()}))
for path, kind in ((sys.argv[1], ""), (sys.argv[2], "GZIP")):
    with tf.io.TFRecordWriter(path, kind) as writer:
        for _ in range(3):
            writer.write(example.SerializeToString())
"""


@pytest.mark.slow
def test_what_tensorflow_writes_is_read(tmp_path: Path) -> None:
    files = [tmp_path / "plain.record", tmp_path / "packed.record"]
    subprocess.run([sys.executable, "-c", WRITER, *map(str, files)], check=True, capture_output=True)
    for file in files:
        assert (
            list(read_examples(file)) == [{"a": [b"x" * 5000, b""], "b": [0.5, -1.25], "c": [-1, 2**40]}] * 3
        )
