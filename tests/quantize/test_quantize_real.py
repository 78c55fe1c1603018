"""Third-party files whose names do not tell, and what their tensors hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.quantize.facts import read_facts

pytestmark = pytest.mark.real

EXPECTED = {
    "ssd_mobilenet_v1_300_qat.tflite": "int8",
    "yolov5n_640_fp16.tflite": "fp16",
    "yolov5n_640_int8.tflite": "int8",
    "yolov8n_224_dynamic.tflite": "dynamic",
    "yolov8n_224_int8.tflite": "int8",
    "fastestdet_352.onnx": "fp32",
    "nanodet_320.onnx": "fp32",
    "yolox_nano_416.onnx": "fp32",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_precision_of_a_third_party_file_is_found(name: str) -> None:
    folder = os.environ.get("BENCH_REAL_DATA")
    if not folder:
        pytest.skip("BENCH_REAL_DATA is not set")
    assert read_facts(Path(folder) / "models" / name).precision == EXPECTED[name]
