"""What is to be pasted into a suite is read back by the suite's reader as the very same description."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import write_yolo_onnx

from bench.core.artifact import FileFacts
from bench.detectors.families.base import Recognition
from bench.detectors.presets import COCO_80, COCO_90, FAMILY_NAMES, default_description
from bench.inspecting import FileReport
from bench.inspecting.pasting import paste_text
from bench.suite import load_suite
from bench.wire.description import ModelDescription, Quantization

DATA = "data: {coco: {images: ., annotations: labels.json}}\n"


def pasted(description: ModelDescription, name: str = "model.tflite", **facts: Any) -> ModelDescription:
    """Paste a description into a suite, load it, and return what was understood."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(b"")
        (Path(folder) / "labels.json").write_text("{}")
        kind = path.suffix[1:]
        report = FileReport(str(path), kind, "0" * 64, 1, FileFacts(facts.get("precision", "int8")))  # type: ignore[arg-type]
        recognition = Recognition(0.9, "it looks so", description, ("color order", "mean and std"))
        suite = Path(folder) / "s.yaml"
        suite.write_text("name: s\n" + paste_text(report, recognition) + DATA, encoding="utf-8")
        return load_suite(suite).models[0].description


@pytest.mark.parametrize("suffix", [".tflite", ".onnx"])
@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_the_customs_of_every_family_survive_pasting(family: str, suffix: str) -> None:
    description = default_description(family, 320, 256, file_suffix=suffix)
    assert pasted(description, f"a b{suffix}") == description


SIDES = st.integers(1, 2000)
CHANNELS = st.tuples(*[st.floats(-300, 300, allow_nan=False).map(lambda v: round(v, 3))] * 3)
NAMES = st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1, max_size=30).filter(
    lambda text: text.strip() == text
)
IDS = st.one_of(
    st.just(COCO_80),
    st.just(COCO_90),
    st.lists(st.integers(0, 500), min_size=1, max_size=30, unique=True).map(tuple),
    st.integers(1, 50).map(lambda n: tuple(range(7, 7 + n))),
)


@settings(max_examples=60, deadline=None)
@given(
    width=SIDES,
    height=SIDES,
    mean=CHANNELS,
    layout=st.sampled_from(["nhwc", "nchw"]),
    resize=st.sampled_from(["stretch", "letterbox", "letterbox_top_left"]),
    interpolation=st.sampled_from(["bilinear", "nearest", "area"]),
    tensor=NAMES,
    ids=IDS,
    in_graph=st.booleans(),
    frame=st.sampled_from(["input", "photo"]),
)
def test_any_description_survives_pasting(
    width: int,
    height: int,
    mean: tuple[float, float, float],
    layout: Any,
    resize: Any,
    interpolation: Any,
    tensor: str,
    ids: tuple[int, ...],
    in_graph: bool,
    frame: Any,
) -> None:
    base = default_description("yolov8", width, height, file_suffix=".tflite")
    std = (abs(mean[0]) + 1, 2.5, 2.5)
    preprocess = replace(
        base.preprocess,
        mean=mean,
        std=std,
        layout=layout,
        resize=resize,
        interpolation=interpolation,
        quantization=Quantization(0.25, -3),
    )
    decode = replace(
        base.decode,
        outputs={"predictions": tensor},
        frame=frame,
        quantization={tensor: Quantization(0.5, 7)},
    )
    suppression = replace(base.suppression, in_graph=in_graph, is_clipped=not in_graph, max_detections=7)
    description = ModelDescription(preprocess, decode, suppression, ids)
    assert pasted(description) == description


def test_what_the_file_does_not_tell_is_marked(tmp_path: Path) -> None:
    report = FileReport(str(tmp_path / "a.onnx"), "onnx", "0" * 64, 1, FileFacts("int8"))
    found = Recognition(0.9, "so", default_description("yolov8", 64, 64), ("color order", "mean and std"))
    text = paste_text(report, found)
    assert "# Not in the file, as the family has it; check: color order; mean and std." in text
    assert max(map(len, text.splitlines())) <= 110


def test_a_float_file_can_be_pasted_as_a_source_of_recipes_too(tmp_path: Path) -> None:
    path = write_yolo_onnx(tmp_path / "a.onnx")
    (tmp_path / "labels.json").write_text("{}")
    report = FileReport(str(path), "onnx", "0" * 64, 1, FileFacts("fp32"))
    text = paste_text(report, Recognition(0.9, "so", default_description("yolov8", 64, 64)))
    assert "# To quantize it by recipes, write `source:` for `onnx:` and leave out `precision`." in text
    edited = text.replace("  onnx: ", "  source: ").replace("  precision: fp32\n", "")
    (tmp_path / "s.yaml").write_text(
        "name: s\n" + edited + DATA + "matrix: {precision: [fp32, fp16], runtime: onnxruntime}\n"
    )
    suite = load_suite(tmp_path / "s.yaml")
    assert suite.models[0].kind == "onnx" and len(suite.cases) == 2
