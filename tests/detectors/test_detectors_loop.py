"""Decoding and suppression together give the very boxes of a plain loop over the output."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from yolov8_output import SIDE, detect_in_a_loop, make_output

from bench.detectors import Detector, geometry_of
from bench.detectors.presets import COCO_80, default_description
from bench.wire.tensor import TensorSpec

INPUT = [TensorSpec("images", (1, 3, SIDE, SIDE), "float32")]


@pytest.mark.parametrize(
    ("num_candidates", "num_things"), [(1_000, 0), (10_000, 0), (100_000, 0), (10_000, 3), (100_000, 60)]
)
def test_a_yolov8_output_gives_the_boxes_of_a_plain_loop(num_candidates, num_things):
    output = make_output(num_candidates, num_things=num_things)
    description = default_description("yolov8", SIDE, SIDE, 80, ".onnx")
    description = replace(description, suppression=replace(description.suppression, is_clipped=False))
    assert (description.suppression.pre_nms_top_k, description.suppression.max_detections) == (3000, 100)
    detector = Detector(description, INPUT, [TensorSpec("output0", output.shape, "float32")])
    found = detector.postprocess([output], geometry_of(SIDE, SIDE, description.preprocess))
    expected = detect_in_a_loop(output, description.suppression)
    assert found.scores.tolist() == [score for score, _, _ in expected]
    assert found.category_ids.tolist() == [COCO_80[label] for _, label, _ in expected]
    corners = np.concatenate([found.boxes[:, :2], found.boxes[:, :2] + found.boxes[:, 2:]], axis=1)
    assert np.abs(corners - np.array([box for _, _, box in expected])).max() < 1e-3
