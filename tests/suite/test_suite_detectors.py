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
from bench.wire.description import NO_CATEGORY, Quantization, Suppression


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


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_the_options_that_a_suite_may_give_are_those_that_the_family_reads(family: str) -> None:
    table = DETECTOR.schema()["anyOf"][1]
    (then,) = [one["then"] for one in table["allOf"] if one["if"]["properties"]["family"]["const"] == family]
    options = then["properties"]["options"]
    assert set(options["properties"]) == {option.name for option in load_family(family).OPTIONS}
    assert options["additionalProperties"] is False and all(
        one["description"] for one in options["properties"].values()
    )


@pytest.mark.parametrize(
    "detector",
    ["yolov8", "{family: yolov8}", "{family: yolov8, input: {}}", "{family: yolov8, labels: coco80}"],
)
def test_a_family_s_name_suffices_and_the_size_is_left_to_the_file(describe, detector: str) -> None:  # type: ignore[no-untyped-def]
    assert describe(detector, "m.onnx") == default_description("yolov8", 0, 0, file_suffix=".onnx")


def test_what_is_said_of_the_input_is_kept_where_the_size_is_left_to_the_file(describe) -> None:  # type: ignore[no-untyped-def]
    preprocess = describe("{family: yolov8, input: {color: bgr, interpolation: area}}").preprocess
    assert (preprocess.width, preprocess.height) == (0, 0)
    assert (preprocess.color, preprocess.interpolation) == ("bgr", "area")


def test_quantization_and_frame_can_be_put_over_the_file_s(describe) -> None:  # type: ignore[no-untyped-def]
    description = describe(
        "{family: yolov8, frame: photo, input: {quantization: {scale: 0.01866, zero_point: -14}}, "
        "outputs: {predictions: {name: 'Identity:0', scale: 0.5, zero_point: 3}}, nms: {clip: false}}",
        "m.tflite",
    )
    assert description.preprocess.quantization == Quantization(0.01866, -14)
    assert description.decode.outputs == {"predictions": "Identity:0"}
    assert description.decode.quantization == {"Identity:0": Quantization(0.5, 3)}
    assert description.decode.frame == "photo" and not description.suppression.is_clipped


def test_a_name_without_a_quantization_overrides_none(describe) -> None:  # type: ignore[no-untyped-def]
    decode = describe("{family: yolov8, outputs: {predictions: {name: x}}}").decode
    assert decode.outputs == {"predictions": "x"} and decode.quantization == {}


def test_names_of_classes_wait_for_the_data_set(load) -> None:  # type: ignore[no-untyped-def]
    Path("m.onnx").write_bytes(b"")
    Path("own.yaml").write_text("path: ../data\nnames:\n  0: cat\n  2: dog\n")
    Path("own.txt").write_text("cat\ndog\n")
    found = {}
    for labels in ("own.yaml", "own.txt", "[cat, dog]", "[7, 9]"):
        text = f"name: s\nmodel: {{onnx: m.onnx, precision: fp32, detector: {{family: yolov8, labels: {labels}}}}}\ndata: rendered\n"
        found[labels] = load(text).models[0]
    assert found["own.yaml"].class_names == ("cat", "", "dog")
    assert found["own.yaml"].description.category_ids == (NO_CATEGORY,) * 3
    assert found["own.txt"].class_names == found["[cat, dog]"].class_names == ("cat", "dog")
    assert found["[7, 9]"].class_names == () and found["[7, 9]"].description.category_ids == (7, 9)


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
