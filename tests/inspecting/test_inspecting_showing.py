"""What `bench inspect` prints is complete, lined up and within a terminal's width."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from made_files import write_tflite, write_yolo_onnx

from bench.core.artifact import FileFacts
from bench.inspecting.contents import read_contents
from bench.inspecting.file_report import FileReport, Trial
from bench.inspecting.lines import WIDTH
from bench.inspecting.looking import recognise
from bench.inspecting.showing import report_text


def report_on(path: Path) -> FileReport:
    report = read_contents(path, "ab" * 32, path.stat().st_size)
    return replace(report, recognitions=recognise(report))


def test_the_text_has_every_part_that_an_engineer_looks_for(tmp_path: Path) -> None:
    path = write_yolo_onnx(tmp_path / "yolo_int8.onnx", kernel_scales=84, output_scale=2.5)
    proof = {"runtime_version": "1.31", "num_ops": 9, "num_fusable": 1, "num_fused": 0, "num_quantize_ops": 4}
    report = replace(report_on(path), trial=Trial("onnxruntime", "", proof, ((1, 84, 84),)))
    text = report_text(report)
    for part in (
        "ONNX, opset 13",
        f"sha256 {'ab' * 32}",
        "input   images   float32  [1, 3, 64, 64]",
        "output  output0  float32  [1, 84, 84]",
        "weights by type  int8 16 KiB",
        "int8 weights per channel, float32 activations: 16,128 weights in Conv 1",
        "DequantizeLinear 2",
        "0 of 1 convolutions and products run in integers, 4 conversions left",
        "- the file's name says int8, but its tensors are",
        "next to nothing will be found",
        "  yolov8 (",
        "To paste into a suite\n\nmodel:\n  name: yolo_int8",
    ):
        assert part in text or part in " ".join(text.split()), part
    is_free = (str(tmp_path), "tflite:", "onnx:", "# ")
    assert all(len(line) <= WIDTH or any(word in line for word in is_free) for line in text.splitlines())


def test_every_tensor_is_listed_on_demand(tmp_path: Path) -> None:
    path = write_tflite(tmp_path / "m.tflite", (1, 8, 8, 3), {"out": (1, 8, 8, 4)}, dtype="INT8", scale=0.5)
    line = "  input   int8  [1, 8, 8, 3]  scale 0.5, zero point 3  image"
    assert line in report_text(report_on(path), with_tensors=True).splitlines()
    assert line not in report_text(report_on(path)).splitlines()


def test_a_file_that_no_runtime_takes_says_why_and_keeps_the_rest(tmp_path: Path) -> None:
    report = report_on(write_yolo_onnx(tmp_path / "m.onnx"))
    text = report_text(replace(report, trial=Trial("onnxruntime", "opset 99 is too new")))
    assert "ONNX Runtime does not run it: opset 99 is too new" in text and "To paste into a suite" in text


def test_a_file_of_no_known_family_says_what_to_do(tmp_path: Path) -> None:
    report = FileReport("/m.onnx", "onnx", "0" * 64, 2048, FileFacts("fp32"))
    text = report_text(report)
    assert "no family that is known here; write a description by hand, or add a family" in text
    assert "To paste" not in text
