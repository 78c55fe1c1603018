"""Family `corners`: an example of a decode family outside of the project, in one file.

Its models give one output (1, rows, 5): left, top, right and bottom in input pixels, and the score of the one
class that they know.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.binding import bind, has_shape
from bench.detectors.candidates import Candidates, pick
from bench.detectors.families.base import Preset, Recognition
from bench.detectors.options import Option, read_options
from bench.detectors.values import Values
from bench.wire.description import ModelDescription, Preprocess, Suppression
from bench.wire.tensor import TensorSpec


class Corners:
    """Reads the outputs of one model; see `bench.detectors.families.base`."""

    OPTIONS = (Option("swapped", False, "Boxes are top, left, bottom, right."),)

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        self._is_swapped: bool = read_options(description.decode, self.OPTIONS)["swapped"]
        roles = {"rows": (has_shape(-1, 5),)}
        self._position = bind(description.decode, outputs, roles)["rows"]
        self._values = Values(outputs[self._position])
        self._suppression = description.suppression

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return how such models are customarily fed."""
        return Preset(Preprocess(width, height, std=(1.0, 1.0, 1.0)), Suppression(), num_classes=1)

    @staticmethod
    def recognise(
        inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
    ) -> Recognition | None:
        """Leave the shape to families that it says more about."""
        return None

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Read the boxes of the rows that score high enough."""
        raw = outputs[self._position].reshape(-1, 5)
        picks = pick(raw[:, 4:], self._values, self._suppression)
        boxes = self._values.read(np.ascontiguousarray(raw[picks.rows, :4]))
        return Candidates(boxes[:, [1, 0, 3, 2]] if self._is_swapped else boxes, picks.scores, picks.classes)
