"""What a suite leaves to the model file is read there; where the two disagree, both numbers are told."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.core.artifact import FileFacts
from bench.detectors.presets import COCO_80, default_description
from bench.errors import ModelError
from bench.inspecting import FileReport
from bench.inspecting.looking import recognise
from bench.running.completing import complete, complete_models
from bench.suite import load_suite
from bench.wire.tensor import TensorSpec

ROOT = Path(__file__).parents[2]


def report_on(
    format_: str, input_shape: tuple[int, ...], *outputs: tuple[str, tuple[int, ...]], **ops: int
) -> FileReport:
    """Return a report as inspection would give it."""
    report = FileReport(
        path=f"/models/m.{format_}",
        format=format_,  # type: ignore[arg-type]
        sha256="0" * 64,
        size_bytes=1,
        facts=FileFacts("fp32", ops=ops),
        inputs=(TensorSpec("images", input_shape, "float32"),),
        outputs=tuple(TensorSpec(name, shape, "float32") for name, shape in outputs),
    )
    return replace(report, recognitions=recognise(report))


def test_size_and_layout_come_from_the_file() -> None:
    report = report_on("onnx", (1, 3, 480, 640), ("output0", (1, 84, 6300)))
    found = complete(default_description("yolov8", 0, 0, file_suffix=".onnx"), report)
    assert (found.preprocess.width, found.preprocess.height, found.preprocess.layout) == (640, 480, "nchw")
    assert found == default_description("yolov8", 640, 480, file_suffix=".onnx")


def test_a_tflite_file_with_channels_first_is_fed_so() -> None:
    report = report_on("tflite", (1, 3, 224, 224), ("Identity", (1, 84, 1029)))
    found = complete(default_description("yolov8", 0, 0, file_suffix=".tflite"), report)
    assert found.preprocess.layout == "nchw"


def test_what_the_suite_says_stays() -> None:
    report = report_on("tflite", (1, 224, 224, 3), ("Identity", (1, 84, 1029)))
    said = default_description("yolov8", 0, 0, file_suffix=".tflite", options={"normalized": False})
    said = replace(said, preprocess=replace(said.preprocess, color="bgr", resize="stretch"))
    found = complete(said, report)
    assert found.decode.options["normalized"] is False
    assert (found.preprocess.color, found.preprocess.resize) == ("bgr", "stretch")


def test_another_number_of_classes_is_an_error_with_both_numbers() -> None:
    report = report_on("onnx", (1, 3, 640, 640), ("output0", (1, 24, 8400)))
    with pytest.raises(ModelError, match="the labels name 80 classes, but the file's outputs have 20"):
        complete(default_description("yolov8", 0, 0, file_suffix=".onnx"), report)


def test_a_wrong_family_is_told_before_the_number_of_classes_that_it_gives() -> None:
    report = report_on("onnx", (1, 3, 640, 640), ("output0", (1, 84, 8400)))
    with pytest.raises(
        ModelError, match="^the file looks like yolov8, not yolox: write detector.* outputs have 79"
    ):
        complete(default_description("yolox", 0, 0, file_suffix=".onnx"), report)


def test_an_input_of_open_size_is_an_error_with_the_cure() -> None:
    report = report_on("onnx", (1, 3, -1, -1), ("output0", (1, 84, -1)))
    with pytest.raises(ModelError, match=r"does not tell the size of its input, 'images' \[1, 3, -1, -1\]"):
        complete(default_description("yolov8", 0, 0, file_suffix=".onnx"), report)


def test_a_family_that_the_file_is_not_of_is_an_error_that_names_the_likely_one() -> None:
    report = report_on("onnx", (1, 3, 640, 640), ("output0", (1, 84, 8400)))
    with pytest.raises(ModelError, match="the file looks like yolov8"):
        complete(default_description("tfod", 0, 0, file_suffix=".onnx"), report)


def test_a_suite_that_says_everything_stays_and_a_damaged_file_is_left_to_its_cases(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"no model at all")
    (tmp_path / "labels.json").write_text("{}")
    path = tmp_path / "s.yaml"
    path.write_text(
        "name: s\n"
        "model: {tflite: model.tflite, precision: int8, detector: {family: yolov8, input: {size: 64}}}\n"
        "data: {coco: {images: ., annotations: labels.json}}\n"
    )
    suite = load_suite(path)
    assert complete_models(suite) is suite
    assert suite.models[0].description.category_ids == COCO_80


def test_a_quantized_source_is_not_available_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"x")
    (tmp_path / "labels.json").write_text("{}")
    path = tmp_path / "s.yaml"
    path.write_text(
        "name: s\nmodel: {source: model.onnx, detector: yolov8}\nmatrix: {precision: dynamic, "
        "runtime: onnxruntime}\ndata: {coco: {images: ., annotations: labels.json}}\n"
    )
    report = report_on("onnx", (1, 3, 640, 640), ("output0", (1, 84, 8400)))
    report = replace(report, facts=FileFacts("dynamic"))
    monkeypatch.setattr("bench.running.completing.look_into", lambda path, **options: report)
    (case,) = complete_models(load_suite(path)).cases
    assert case.unavailable.startswith("model.onnx is dynamic by its tensors, and recipes start from float32")


def test_a_damaged_file_is_told_when_something_is_to_be_read_from_it(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"no model at all")
    (tmp_path / "labels.json").write_text("{}")
    path = tmp_path / "s.yaml"
    path.write_text(
        "name: s\nmodel: {tflite: model.tflite, precision: int8, detector: yolov8}\n"
        "data: {coco: {images: ., annotations: labels.json}}\n"
    )
    with pytest.raises(ModelError, match=r"model\.tflite: not a TFLite model"):
        complete_models(load_suite(path))


def test_planning_the_quickstart_opens_no_model() -> None:
    code = (
        "import sys, pathlib; from bench.suite import load_suite;"
        "from bench.running.completing import complete_models;"
        "complete_models(load_suite(pathlib.Path('suites/quickstart.yaml')));"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "onnx", "onnxruntime", "ai_edge_litert"} & set(done.stdout.split())
