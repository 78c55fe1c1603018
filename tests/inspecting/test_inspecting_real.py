"""Third-party detectors: their families are recognised, and a family's name is description enough.

Needs the folder that BENCH_REAL_DATA names, with `reference.json`, `instances.json`, `models/` and `images/`.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bench.core.suite import Overrides
from bench.inspecting import FileReport, look_into
from bench.inspecting.pasting import paste_text
from bench.running.completing import complete_models
from bench.running.listener import Silent
from bench.running.run import run_suite
from bench.suite import apply_overrides, load_suite

ROOT = Path(os.environ.get("BENCH_REAL_DATA", ""))
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        "BENCH_REAL_DATA" not in os.environ,
        reason="BENCH_REAL_DATA is unset: it names the folder of third-party models and photos",
    ),
]

# name -> family, precision found in the tensors, and how far its AP may lie from the reference.
MODELS = {
    "ssd_mobilenet_v1_300_qat.tflite": ("tfod", "int8", 0.015),
    "yolox_nano_416.onnx": ("yolox", "fp32", 0.005),
    "nanodet_320.onnx": ("gfl", "fp32", 0.005),
    "yolov5n_640_fp16.tflite": ("yolov5", "fp16", 0.005),
    "yolov5n_640_int8.tflite": ("yolov5", "int8", 0.015),
    "fastestdet_352.onnx": ("fastestdet", "fp32", 0.005),
    "yolov8n_224_dynamic.tflite": ("yolov8", "dynamic", 0.005),
    "yolov8n_224_int8.tflite": ("yolov8", "int8", 0.015),
}
RESIZES = {"stretch": "stretch", "letterbox_center": "letterbox", "letterbox_topleft": "letterbox_top_left"}
DATA = f"data: {{coco: {{images: {ROOT}/images, annotations: {ROOT}/instances.json}}}}\n"


@cache
def references() -> dict[str, dict[str, Any]]:
    entries = json.loads((ROOT / "reference.json").read_text())
    return {Path(entry["file"]).name: entry for entry in entries}


def inspected(name: str) -> FileReport:
    return look_into(ROOT / "models" / name)


@pytest.mark.parametrize("name", MODELS)
def test_a_real_file_is_what_its_reference_says(name: str) -> None:
    report, entry = inspected(name), references()[name]
    assert (report.sha256, report.size_bytes) == (entry["sha256"], entry["file_bytes"])
    content = (ROOT / "models" / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert report.facts.precision == MODELS[name][1]
    assert report.trial is not None and not report.trial.problem


@pytest.mark.parametrize("name", MODELS)
def test_the_family_of_a_real_file_is_recognised_and_its_pasted_description_is_the_reference_s(
    name: str, tmp_path: Path
) -> None:
    report, entry = inspected(name), references()[name]
    best = report.recognitions[0]
    assert best.description.decode.family == MODELS[name][0]
    assert not [other for other in report.recognitions[1:] if other.confidence >= best.confidence]
    suite = tmp_path / "s.yaml"
    suite.write_text("name: s\n" + paste_text(report, best) + DATA)
    fed, kept = (description := load_suite(suite).models[0].description).preprocess, description.suppression
    assert description == best.description
    assert [fed.width, fed.height] == entry["input"]["size"]
    assert (fed.layout.upper(), fed.color.upper()) == (entry["input"]["layout"], entry["input"]["color"])
    assert fed.resize == RESIZES[entry["input"]["resize"]]
    assert (list(fed.mean), list(fed.std)) == (entry["input"]["mean"], entry["input"]["std"])
    assert description.decode.options.get("normalized") == entry["output"].get("normalized")
    assert kept.score_threshold == entry["postprocess"]["score_thr"]
    assert kept.in_graph or kept.iou_threshold == entry["postprocess"]["nms_iou"]


def template() -> str:
    """Return a suite that says no more of each model than its family and what was published for it."""
    lines = ["name: real", "models:"]
    for name, (family, precision, _) in MODELS.items():
        path, published = ROOT / "models" / name, references()[name]["published"]
        key = path.suffix[1:]
        lines.append(f"  - {{name: {path.stem}, {key}: {path}, precision: {precision}, detector: {family}")
        if published:
            source = json.dumps(published["source"])
            value = round(published["mAP"] / 100, 4)
            lines.append(f"    , expected: {{map_50_95: {value}, data: COCO val2017, source: {source}}}")
        lines.append("    }")
    measure = "measure: {rounds: 1, warmup: 1, calls: 5, min_calls: 5, resamples: 100}\n"
    return "\n".join(lines) + "\n" + DATA + measure


@pytest.mark.slow
def test_a_family_s_name_is_enough_to_measure_the_reference_s_ap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "real.yaml"
    path.write_text(template())
    overrides = Overrides(rounds=1)
    suite = complete_models(apply_overrides(load_suite(path), overrides))
    assert all(model.description.preprocess.width for model in suite.models)
    outcome = run_suite(suite, overrides, tmp_path / "results", Silent())
    rows = {record.model: record for record in outcome.records}
    for name, (family, _, tolerance) in MODELS.items():
        record, wanted = rows[Path(name).stem], references()[name]["stats_80_images"]["AP"]
        assert record.status == "ok", record.reason
        measured = record.value("map_50_95")
        with capsys.disabled():
            print(f"\n{name}: AP {measured:.5f}, reference {wanted:.5f}")
        assert measured is not None and abs(measured - wanted) <= tolerance
        assert record.description["decode"]["family"] == family
        published = references()[name]["published"]
        assert (record.expected or {}).get("map_50_95") == (
            round(published["mAP"] / 100, 4) if published else None
        )
