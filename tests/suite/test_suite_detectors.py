"""Detector descriptions: presets, what a suite changes of them, and agreement with the families themselves."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

from bench.detectors.families import load_family
from bench.detectors.presets import COCO_80, COCO_90, FAMILY_NAMES, default_description
from bench.models.builtin.description import DESCRIPTION
from bench.suite.detector_format import DETECTOR
from bench.suite.models import builtin_description
from bench.wire.description import Suppression


@pytest.fixture
def describe(load):  # type: ignore[no-untyped-def]
    """Return a function that loads a suite with one detector and gives its description."""

    def reader(detector: str, file: str = "m.keras"):  # type: ignore[no-untyped-def]
        Path(file).write_bytes(b"")
        kind = "keras" if file.endswith("keras") else "precision: fp32, file"
        suite = load(f"name: s\nmodel: {{{kind}: {file}, detector: {detector}}}\ndata: rendered\n")
        return suite.models[0].description

    return reader


@pytest.mark.parametrize("file", ["m.keras", "m.tflite", "m.onnx"])
@pytest.mark.parametrize("family", ["tfod", "yolov5", "yolov8"])
def test_a_family_and_a_size_suffice(describe, family: str, file: str) -> None:  # type: ignore[no-untyped-def]
    suffix = "" if file == "m.keras" else Path(file).suffix
    expected = default_description(family, 320, 192, file_suffix=suffix)
    assert describe(f"{{family: {family}, input: {{size: [320, 192]}}}}", file) == expected
    assert describe(f"{{family: {family}, input: {{width: 320, height: 192}}}}", file) == expected


def test_everything_else_can_be_said(describe) -> None:  # type: ignore[no-untyped-def]
    description = describe(
        "{family: ltrb, options: {strides: [8, 16], activation: none}, labels: [7, 9], outputs: {scores: a, boxes: b}, "
        "input: {size: 64, layout: NCHW, color: BGR, resize: letterbox_top_left, pad_value: 0, mean: 1.5, std: [1, 2, 3]}, "
        "nms: {score_threshold: 0.05, iou: 0.5, max_detections: 10, pre_nms_top_k: 20, class_aware: false, "
        "multi_label: false, in_graph: true}}"
    )
    preprocess, decode = description.preprocess, description.decode
    assert (preprocess.layout, preprocess.color, preprocess.resize) == ("nchw", "bgr", "letterbox_top_left")
    assert (preprocess.pad_value, preprocess.mean, preprocess.std) == (0, (1.5, 1.5, 1.5), (1.0, 2.0, 3.0))
    assert decode.options == {"strides": [8, 16], "activation": "none"}
    assert decode.outputs == {"scores": "a", "boxes": "b"}
    assert description.suppression == Suppression(0.05, 0.5, 10, 20, False, False, True)
    assert description.category_ids == (7, 9)


@pytest.mark.parametrize(
    ("labels", "ids"),
    [
        ("coco80", COCO_80),
        ("coco90", COCO_90),
        ("coco91", COCO_90),
        ("[3, 1]", (3, 1)),
        ("{offset: 1, count: 3}", (1, 2, 3)),
        ("{offset: 0, count: 2}", (0, 1)),
    ],
)
def test_labels_are_named_listed_or_counted(describe, labels: str, ids: tuple[int, ...]) -> None:  # type: ignore[no-untyped-def]
    assert describe(f"{{family: yolov8, input: {{size: 64}}, labels: {labels}}}").category_ids == ids


def test_coco_ids_are_those_of_the_official_categories() -> None:
    # https://cocodataset.org: 80 categories of 2017; of the 90 ids these 10 are not in use.
    assert set(range(1, 91)) - set(COCO_80) == {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
    assert len(COCO_80) == 80 and sorted(COCO_80) == list(COCO_80)


def test_the_options_that_a_suite_may_give_are_those_that_the_families_read() -> None:
    keys = DETECTOR.keys["options"].form.keys  # type: ignore[attr-defined]
    assert set(keys) == {option.name for name in FAMILY_NAMES for option in load_family(name).OPTIONS}


def test_the_builtin_description_is_that_of_the_builtin_model() -> None:
    description = builtin_description()
    preprocess = description.preprocess
    assert [1, preprocess.height, preprocess.width, 3] == DESCRIPTION["input"]["shape"]
    assert (preprocess.layout, preprocess.color) == ("nhwc", "rgb")
    assert preprocess.resize == DESCRIPTION["resize"]["mode"]
    scale, offset = DESCRIPTION["normalise"]["scale"], DESCRIPTION["normalise"]["offset"]
    assert preprocess.std[0] == pytest.approx(1 / scale) and preprocess.mean[0] == pytest.approx(
        -offset / scale
    )
    assert list(description.category_ids) == DESCRIPTION["category_ids"]
    assert description.decode.options["strides"] == DESCRIPTION["strides"]
    decode, suppression = DESCRIPTION["decode"], description.suppression
    assert suppression.score_threshold == decode["score_threshold"]
    assert suppression.iou_threshold == decode["nms_iou"]
    assert suppression.is_class_aware == decode["nms_per_class"]
    assert suppression.max_detections == decode["max_detections"]
