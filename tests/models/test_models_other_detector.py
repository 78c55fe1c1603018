"""A user's own Keras detector goes through all five precisions on both runtimes and keeps its accuracy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from other_detector import (
    DESCRIPTION,
    MEAN,
    SIZE,
    STD,
    STRIDES,
    WEIGHTS,
    build_network,
    make_targets,
)

from bench.cli import EXIT_GOOD, main

SUITE = f"""
name: other-detector
model:
  name: other
  keras: {WEIGHTS}
  detector:
    family: ltrb
    options: {{strides: {list(STRIDES)}, activation: sigmoid}}
    input: {{size: {SIZE}, color: rgb, resize: stretch, mean: {list(MEAN)}, std: {list(STD)}}}
    labels: {{offset: 1, count: 8}}
data: {{rendered: {{evaluation: 300, calibration: 100, training: 100}}}}
matrix: {{precision: [fp32, fp16, dynamic, int8, qat], runtime: [litert, onnxruntime]}}
measure: {{rounds: 1, warmup: 1, calls: 5, images: 4}}
"""

# What any precision may lose.
LARGEST_DROP = 0.03

# The shipped weights have .26 on these scenes; a detector much worse has little to lose.
SMALLEST_FLOAT = 0.24


def test_objects_are_answered_for_by_the_scale_of_their_size() -> None:
    corners = np.array([[10, 10, 30, 30], [20, 20, 80, 60], [0, 0, 150, 150]], np.float64)
    target = make_targets(corners, np.array([0, 1, 2]))
    cells = [(SIZE // stride) ** 2 for stride in STRIDES]
    levels = np.repeat(np.arange(3), cells)
    assert len(target) == sum(cells)
    for level, expected in enumerate((0, 1, 2)):
        classes = target[levels == level, 0]
        assert set(classes[classes >= 0]) == {expected}
    stride = np.repeat(STRIDES, cells)
    widths = (target[:, 1] + target[:, 3]) * stride
    assert set(widths[target[:, 0] >= 0]) == {20, 60, 150}


def test_the_shipped_weights_are_small_and_fit_the_network() -> None:
    import keras

    assert WEIGHTS.stat().st_size < 1_000_000
    model = keras.models.load_model(WEIGHTS, compile=False)
    assert model.count_params() == build_network().count_params()
    assert model.output_shape == [(None, 525, 8), (None, 525, 4)]
    assert DESCRIPTION.preprocess.width == model.input_shape[2]


@pytest.mark.slow
def test_int8_and_qat_of_a_detector_of_ones_own_stay_close_to_its_float_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    suite = tmp_path / "other.yaml"
    suite.write_text(SUITE)
    assert main(["run", str(suite), "--results", str(tmp_path / "results"), "--quiet"]) == EXIT_GOOD
    (path,) = (tmp_path / "results").rglob("records.jsonl")
    found = {}
    for line in path.read_text().splitlines():
        record: dict[str, Any] = json.loads(line)
        assert record["status"] == "ok", record["reason"]
        accuracy = next(metric for metric in record["metrics"] if metric["name"] == "map_50_95")
        found[record["precision"], record["runtime"]] = accuracy["value"]
    assert len(found) == 10
    for runtime in ("litert", "onnxruntime"):
        assert found["fp32", runtime] > SMALLEST_FLOAT
        for precision in ("fp16", "dynamic", "int8", "qat"):
            assert found[precision, runtime] > found["fp32", runtime] - LARGEST_DROP
