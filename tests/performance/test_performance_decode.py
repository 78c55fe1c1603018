"""What decoding and suppressing one photo's output takes on one core: printed, never asserted."""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "detectors"))

from yolov8_output import CLASSES, ROWS, SIDE, make_output

from bench.detectors import Detector, geometry_of
from bench.detectors.presets import default_description
from bench.wire.tensor import TensorSpec

CALLS = 200

pytestmark = pytest.mark.performance


def test_decoding_a_yolov8n_output_of_640_pixels(capsys: pytest.CaptureFixture[str]) -> None:
    description = default_description("yolov8", SIDE, SIDE, CLASSES, ".onnx")
    inputs = [TensorSpec("images", (1, 3, SIDE, SIDE), "float32")]
    outputs = [TensorSpec("output0", (1, 4 + CLASSES, ROWS), "float32")]
    detector = Detector(description, inputs, outputs)
    geometry = geometry_of(640, 480, description.preprocess)
    with capsys.disabled():
        print(f"\nYOLOv8n at 640 pixels, outputs to final boxes, ms of {CALLS} calls;", end=" ")
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print("  candidates   boxes          kept    least   median     p90")
        # All in one place is the worst case: hardly any is kept, so all of the best 3,000 are looked at.
        for num_things, words in ((0, "everywhere"), (60, "60 things"), (2, "2 things")):
            for num_candidates in (1_000, 10_000, 100_000):
                output = make_output(num_candidates, num_things=num_things)
                samples = []
                for _ in range(CALLS):
                    start = time.perf_counter()
                    found = detector.postprocess([output], geometry)
                    samples.append((time.perf_counter() - start) * 1e3)
                p90 = statistics.quantiles(samples, n=10)[-1]
                figures = f"{min(samples):8.2f} {statistics.median(samples):8.2f} {p90:7.2f}"
                print(f"  {num_candidates:10,}   {words:11} {len(found.scores):7} {figures}")
