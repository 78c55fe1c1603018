"""The `data:` part of a suite: every format with its keys, and what wrong ones are answered with."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from bench.core.suite import CocoData
from bench.suite import suite_schema

HEAD = "name: s\nmodel: builtin\nmatrix: {precision: fp32}\n"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with something at every path that the suites below name."""
    monkeypatch.chdir(tmp_path)
    for name in ("photos", "labels", "xml", "train", "records"):
        (tmp_path / name).mkdir()
    for name in (
        "a.json",
        "data.yaml",
        "classes.txt",
        "val.txt",
        "map.pbtxt",
        "records/val.record-00000-of-00001",
    ):
        (tmp_path / name).write_text("x")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{coco: {images: photos, annotations: a.json, limit: 5, seed: 2}, calibration: {images: train, limit: 3}}",
         CocoData("photos", "a.json", 5, 2, "train", 3)),
        ("{yolo: {data: data.yaml}}", CocoData("", "data.yaml", format="yolo")),
        ("{yolo: {data: data.yaml, split: test, limit: 7}}",
         CocoData("", "data.yaml", 7, format="yolo", options={"split": "test"})),
        ("{yolo: {images: photos}}", CocoData("photos", "", format="yolo")),
        ("{coco: {images: photos, annotations: a.json, truncated: fill}}",
         CocoData("photos", "a.json", options={"truncated": "fill"})),
        ("{yolo: {images: photos, labels: labels, names: classes.txt}, calibration: {images: train}}",
         CocoData("photos", "labels", 0, 0, "train", format="yolo", names="classes.txt")),
        ("{voc: {images: photos, annotations: xml}}", CocoData("photos", "xml", format="voc")),
        ("{voc: {images: photos, annotations: xml, names: classes.txt, coordinates: corners, difficult: count}}",
         CocoData("photos", "xml", format="voc", names="classes.txt",
                  options={"coordinates": "corners", "difficult": "count"})),
        ("{tfrecord: {records: records, label_map: map.pbtxt, seed: 4}}",
         CocoData("", "records", 0, 4, format="tfrecord", names="map.pbtxt")),
        ("{tfrecord: {records: records/val.record-*}}", CocoData("", "records/val.record-*", format="tfrecord")),
    ],
)  # fmt: skip
def test_each_format_is_read_with_its_keys(text: str, expected: CocoData, places: Path, load) -> None:  # type: ignore[no-untyped-def]
    found = load(HEAD + f"data: {text}\n").data
    for name in ("images", "annotations", "calibration_images", "names"):
        value = getattr(expected, name)
        assert getattr(found, name) == (str(places / value) if value else "")
    for name in ("limit", "seed", "calibration_limit", "format", "options"):
        assert getattr(found, name) == getattr(expected, name)


def test_a_list_of_names_is_a_path(places: Path, load) -> None:  # type: ignore[no-untyped-def]
    data = load(HEAD + "data: {voc: {images: photos, annotations: xml, list: val.txt}}\n").data
    assert data.options == {"list": str(places / "val.txt")}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{yolo: {data: data.yaml, images: photos}}", "data.yolo: got data and images, expected exactly one of data or data "
         "with split or images or images with labels or images with names or images with labels with names"),
        ("{yolo: {data: data.yml}}", "data.yolo.data: there is no file {}/data.yml, did you mean 'data.yaml'?"),
        ("{voc: {images: photos}}", "data.voc.annotations: missing, expected the path of a folder"),
        ("{voc: {images: photos, annotations: xml, coordinates: pixels}}",
         "data.voc.coordinates: unknown name 'pixels'. Known: voc, corners"),
        ("{voc: {images: photos, annotations: xml, dificult: count}}", "data.voc.dificult: unknown key, did you mean "
         "'difficult'? Known: images, annotations, list, names, coordinates, difficult, limit, seed, truncated"),
        ("{tfrecord: {records: records/test-*}}",
         "data.tfrecord.records: nothing is or fits {}/records/test-*, check the name; relative paths begin at the suite file"),
        ("{tfrecord: {records: 5}}", "data.tfrecord.records: got 5, expected the path of a file or folder, or a pattern of files"),
        ("{coco: {images: photos, annotations: a.json}, yolo: {images: photos}}", "data: got coco and yolo, expected exactly one "
         "of rendered or coco or yolo or voc or tfrecord or coco with calibration or yolo with calibration or voc with "
         "calibration or tfrecord with calibration"),
    ],
)  # fmt: skip
def test_mistakes_in_data_are_answered(text: str, error: str, places: Path, errors) -> None:  # type: ignore[no-untyped-def]
    assert errors(HEAD + f"data: {text}\n") == [f"s.yaml:4 {error.format(places)}"]


def test_the_schema_takes_what_loads_and_refuses_what_does_not(places: Path) -> None:
    validator = jsonschema.Draft202012Validator(suite_schema())

    def is_valid(data: str) -> bool:
        return bool(validator.is_valid(yaml.safe_load(HEAD + f"data: {data}\n")))

    assert is_valid("{yolo: {data: data.yaml, split: test, limit: 7}}")
    assert is_valid("{yolo: {images: photos, labels: labels}, calibration: {images: train}}")
    assert is_valid("{voc: {images: photos, annotations: xml, coordinates: corners, difficult: count}}")
    assert is_valid("{tfrecord: {records: 'records/val.record-*', label_map: map.pbtxt}}")
    assert not is_valid("{yolo: {data: data.yaml, images: photos}}")
    assert not is_valid("{voc: {images: photos}}")
    assert not is_valid(
        "{voc: {images: photos, annotations: xml}, coco: {images: photos, annotations: a.json}}"
    )
    assert not is_valid("{tfrecord: {label_map: map.pbtxt}}")
