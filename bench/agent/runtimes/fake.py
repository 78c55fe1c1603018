"""A runtime that only pretends: known latencies, known boxes, and failures on demand.

It stands in wherever the harness itself is on trial. It looks like the built-in detector (decode family
`ltrb`): `scores` (1, cells, classes) logits and `boxes` (1, cells, 4) distances to left, top, right and
bottom in units of the stride, cells row-major. Any existing file serves as its model.
"""

from __future__ import annotations

import os
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from bench.agent.runtimes.base import Array, take_options
from bench.errors import ModelError
from bench.wire.job import RuntimeSettings
from bench.wire.tensor import TensorSpec

# width, height, stride, num_classes: of the detector that is played.
# latency_ns: of a call; a list is gone through again and again, one process starting where a list starts.
# boxes: [class index, score, x1, y1, x2, y2] in input pixels, found in every photo; None draws `num_boxes`
#     from the seed and the photo's pixels, so that equal photos give equal boxes.
# crash ("abort", "exception"), hang: at the call with number `at_call`; -1 is while loading.
# allocate_bytes: taken and touched while loading.
_DEFAULTS: dict[str, Any] = {
    "width": 160,
    "height": 160,
    "stride": 8,
    "num_classes": 8,
    "latency_ns": 0,
    "boxes": None,
    "num_boxes": 3,
    "seed": 0,
    "crash": "",
    "hang": False,
    "at_call": 0,
    "allocate_bytes": 0,
}

# The last stretch before a deadline is spun, because sleeping overshoots by tens of microseconds.
_SPIN_NS = 1_000_000
_NO_OBJECT_LOGIT = -20.0


class FakeRuntime:
    """Plays a detector of known speed and known answers."""

    def __init__(self, model: Path, settings: RuntimeSettings) -> None:
        if not model.is_file():
            raise ModelError(f"{model}: no such file; the fake runtime takes any model that exists")
        self._settings = settings
        self._options = take_options(settings.options, _DEFAULTS)
        latency = self._options["latency_ns"]
        self._latencies = latency if isinstance(latency, list) else [latency]
        width, height, stride = (self._options[name] for name in ("width", "height", "stride"))
        self._grid = (height // stride, width // stride)
        num_cells = self._grid[0] * self._grid[1]
        self.inputs = [TensorSpec("image", (1, height, width, 3), "float32")]
        self.outputs = [
            TensorSpec("scores", (1, num_cells, self._options["num_classes"]), "float32"),
            TensorSpec("boxes", (1, num_cells, 4), "float32"),
        ]
        self._call = -1
        self._misbehave()
        self._ballast = np.ones(self._options["allocate_bytes"], np.uint8)
        self._input: Array = np.zeros(0, np.float32)

    def feed(self, inputs: list[Array]) -> None:
        """Keep the input."""
        self._input = inputs[0]

    def invoke(self) -> None:
        """Take as long as was asked for; fail where that was asked for."""
        self._call += 1
        self._misbehave()
        deadline = time.perf_counter_ns() + self._latencies[self._call % len(self._latencies)]
        remaining = deadline - time.perf_counter_ns()
        if remaining > _SPIN_NS:
            time.sleep((remaining - _SPIN_NS) / 1e9)
        while time.perf_counter_ns() < deadline:
            pass

    def fetch(self) -> list[Array]:
        """Return tensors in which exactly the known boxes are found."""
        scores = np.full(self.outputs[0].shape, _NO_OBJECT_LOGIT, np.float32)
        boxes = np.zeros(self.outputs[1].shape, np.float32)
        for label, score, *corners in self._known_boxes():
            cell, distances = self._encode(corners)
            scores[0, cell, int(label)] = np.log(score / (1 - score))
            boxes[0, cell] = distances
        return [scores, boxes]

    def proof(self, scratch: Path | None = None) -> dict[str, Any]:
        """Report what was asked for."""
        return {
            "runtime": "fake",
            "runtime_version": "",
            "threads": self._settings.threads,
            "options": self._options,
        }

    def _known_boxes(self) -> list[list[float]]:
        if self._options["boxes"] is not None:
            known: list[list[float]] = self._options["boxes"]
            return known
        drawn = np.random.default_rng([self._options["seed"], zlib.crc32(self._input.tobytes())])
        size = np.array([self._options["width"], self._options["height"]])
        return [self._draw(drawn, size) for _ in range(self._options["num_boxes"])]

    def _draw(self, drawn: np.random.Generator, size: Array) -> list[float]:
        centre, half = drawn.uniform(0.3, 0.7, 2) * size, drawn.uniform(0.05, 0.25, 2) * size
        label = int(drawn.integers(self._options["num_classes"]))
        return [label, float(drawn.uniform(0.3, 0.95)), *(centre - half), *(centre + half)]

    def _encode(self, corners: list[float]) -> tuple[int, list[float]]:
        """Return the cell that holds a box's centre, and the box as seen from there."""
        x1, y1, x2, y2 = corners
        stride, (rows, columns) = self._options["stride"], self._grid
        column = min(max(int((x1 + x2) / 2 / stride), 0), columns - 1)
        row = min(max(int((y1 + y2) / 2 / stride), 0), rows - 1)
        x, y = (column + 0.5) * stride, (row + 0.5) * stride
        distances = [x - x1, y - y1, x2 - x, y2 - y]
        return row * columns + column, [distance / stride for distance in distances]

    def _misbehave(self) -> None:
        if self._call != self._options["at_call"]:
            return
        if self._options["crash"] == "abort":
            os.abort()
        if self._options["crash"] == "exception":
            raise RuntimeError(f"the fake runtime was told to fail at call {self._call}")
        while self._options["hang"]:
            time.sleep(3600)
