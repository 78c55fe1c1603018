"""A real model by its family's name alone, with classes by name: the same AP as with everything spelled out.

Needs the folder that BENCH_REAL_DATA names: models, photos, annotations and `reference.json`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import bench
from bench.cli import EXIT_GOOD, main

pytestmark = pytest.mark.real

DETECTORS = {
    "short": "yolov8",
    "named": "{family: yolov8, labels: names.yaml}",
    "ids": "{family: yolov8, input: {size: 224, layout: nhwc}, labels: coco80}",
    "antialiased": "{family: yolov8, input: {interpolation: bilinear_antialias}}",
}


@pytest.fixture(scope="module")
def folder() -> Path:
    if not os.environ.get("BENCH_REAL_DATA"):
        pytest.skip("BENCH_REAL_DATA is not set: no third-party models and photos to try")
    return Path(os.environ["BENCH_REAL_DATA"])


def test_every_way_to_describe_a_model_gives_the_reference_s_ap(folder: Path, tmp_path: Path) -> None:
    file = "models/yolov8n_224_int8.tflite"
    categories = json.loads((folder / "instances.json").read_text())["categories"]
    lines = [f"  {index}: {one['name'].title().replace(' ', '_')}" for index, one in enumerate(categories)]
    (tmp_path / "names.yaml").write_text("\n".join(["names:", *lines]))
    models = [
        f"  - {{name: {name}, file: {folder / file}, precision: int8, detector: {told}}}"
        for name, told in DETECTORS.items()
    ]
    data = f"data: {{coco: {{images: {folder}/images, annotations: {folder}/instances.json}}}}"
    text = ["name: labels", "models:", *models, data, "measure: {rounds: 1, warmup: 1, calls: 5}"]
    (tmp_path / "s.yaml").write_text("\n".join(text))
    arguments = ["run", str(tmp_path / "s.yaml"), "--results", str(tmp_path / "results"), "--quiet"]
    assert main(arguments) == EXIT_GOOD
    found = bench.load_results(tmp_path / "results").set_index("model")["map_50_95"]
    entries = json.loads((folder / "reference.json").read_text())
    (reference,) = [entry["stats_80_images"]["AP"] for entry in entries if entry["file"] == file]
    assert found["short"] == found["named"] == found["ids"] == pytest.approx(reference, abs=0.015)
    # Another interpolation than the reference's moves this model by about a hundredth.
    assert 0.004 < abs(found["antialiased"] - found["ids"]) < 0.015
