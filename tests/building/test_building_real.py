"""Third-party float files quantized through the whole harness: what INT8 costs them, and the cure by layers.

Needs the folder that BENCH_REAL_DATA names: models, photos, annotations, and photos to calibrate on.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from bench.cli import main

pytestmark = pytest.mark.real

# The fp16 file stands for sources that cannot be: recipes start from float32 weights. With 32 photos
# YOLOX loses half its accuracy, and not in its head, where boxes and scores share a scale, but in its
# first layers: its input is 0 to 255 and not normalised, so that one scale has to hold very loud channels
# and quiet ones.
SUITE = """
name: real-sources
models:
  - {{name: yolox, source: "{root}/models/yolox_nano_416.onnx", detector: yolox}}
  - {{name: nanodet, source: "{root}/models/nanodet_320.onnx", detector: gfl}}
  - {{name: yolov5, source: "{root}/models/yolov5n_640_fp16.tflite", detector: yolov5}}
data:
  coco: {{images: "{root}/images", annotations: "{root}/instances.json"}}
  calibration: {{images: "{root}/calibration"}}
recipes:
  int8: {{calibration: {{images: 32}}}}
  head-float:
    precision: mixed
    keep_float: ["*_299", "*_3[0-9][0-9]", "*_4[0-9][0-9]"]
    calibration: {{images: 32}}
  stem-float: {{precision: mixed, keep_float: ["*_4[1-9]", "*_50"], calibration: {{images: 32}}}}
  stem-head-float:
    precision: mixed
    keep_float: ["*_4[1-9]", "*_50", "*_299", "*_3[0-9][0-9]", "*_4[0-9][0-9]"]
    calibration: {{images: 32}}
  int16x8: {{calibration: {{images: 32}}}}
matrix:
  precision: [fp32, int8]
  runtime: [onnxruntime]
  include:
    - {{model: yolox, precision: [head-float, stem-float, stem-head-float, int16x8]}}
    - {{model: yolov5, precision: int8, runtime: litert}}
measure: {{rounds: 1, warmup: 1, calls: 5, min_calls: 5}}
"""


@pytest.fixture(scope="module")
def folder() -> Path:
    if not os.environ.get("BENCH_REAL_DATA"):
        pytest.skip("BENCH_REAL_DATA is not set: no third-party models and photos to try")
    return Path(os.environ["BENCH_REAL_DATA"])


@pytest.fixture(scope="module")
def records(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    place = tmp_path_factory.mktemp("real")
    (place / "real.yaml").write_text(SUITE.format(root=folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_CACHE", str(place / "cache"))
        main(["run", str(place / "real.yaml"), "--results", str(place / "results"), "--quiet"])
    (path,) = (place / "results").rglob("records.jsonl")
    return {record["case"]: record for record in map(json.loads, path.read_text().splitlines())}


def accuracy(records: dict[str, dict[str, Any]], model: str, recipe: str) -> float:
    record = records[f"{model}/{recipe}/onnxruntime/t1@local"]
    assert record["status"] == "ok", record["reason"]
    value = next(item["value"] for item in record["metrics"] if item["name"] == "map_50_95")
    print(f"{model:<8} {recipe:<16} {value:.4f}")
    return float(value)


def test_float_files_that_are_sources_stay_on_their_reference(
    folder: Path, records: dict[str, dict[str, Any]]
) -> None:
    for entry in json.loads((folder / "reference.json").read_text()):
        model = {"yolox_nano_416": "yolox", "nanodet_320": "nanodet"}.get(Path(entry["file"]).stem)
        if model:
            expected = entry["stats_80_images"]["AP"]
            assert accuracy(records, model, "fp32") == pytest.approx(expected, abs=0.005)
            content = (folder / entry["file"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry["sha256"]


def test_int8_costs_nanodet_little_and_yolox_half(records: dict[str, dict[str, Any]]) -> None:
    assert accuracy(records, "nanodet", "int8") > accuracy(records, "nanodet", "fp32") - 0.02
    assert accuracy(records, "yolox", "int8") < accuracy(records, "yolox", "fp32") - 0.1


def test_yolox_comes_back_by_its_first_layers_in_float_and_by_16_bits(
    records: dict[str, dict[str, Any]],
) -> None:
    full = accuracy(records, "yolox", "fp32")
    assert accuracy(records, "yolox", "head-float") < full - 0.1
    assert accuracy(records, "yolox", "stem-float") > full - 0.03
    assert accuracy(records, "yolox", "stem-head-float") > full - 0.02
    assert accuracy(records, "yolox", "int16x8") > full - 0.01


def test_the_shared_scale_of_yolox_is_told_with_layers_to_keep(records: dict[str, dict[str, Any]]) -> None:
    notes = " ".join(records["yolox/int8/onnxruntime/t1@local"]["artifact"]["build_notes"])
    assert "output output joins values up to" in notes and "Concat_422" in notes


def test_float16_weights_are_no_source(records: dict[str, dict[str, Any]]) -> None:
    record = records["yolov5/int8/litert/t1@local"]
    assert record["status"] == "unavailable"
    assert "is fp16 by its tensors, and recipes start from float32 weights" in record["reason"]
