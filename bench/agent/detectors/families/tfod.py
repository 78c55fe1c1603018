"""Graphs that end in the TensorFlow Object Detection post-processing operator: boxes are decoded and suppressed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.agent.detectors.binding import Rule, bind, has_shape, read_options
from bench.agent.detectors.candidates import Candidates, order
from bench.agent.detectors.values import Values
from bench.errors import ModelError
from bench.wire.description import ModelDescription
from bench.wire.tensor import TensorSpec

_DEFAULTS: dict[str, Any] = {"class_offset": 0}

# The TFLite operator's outputs, in its fixed order, are named after it with a running number.
_OPERATOR = "TFLite_Detection_PostProcess"


class Tfod:
    """Family `tfod`: outputs `boxes` (1, n, 4), `classes` (1, n), `scores` (1, n) and `num` (1,).

    Boxes are y1, x1, y2, x2 as fractions of the input, classes are whole numbers in any type. Before the first
    call the operator may declare no shapes at all; then the outputs are told apart by name alone.

    Options:
        class_offset: What to add to a class of the graph to get the position in `category_ids`: 0 where
            classes count from 0 (TFLite files), -1 where they count from 1.
    """

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        self._offset: int = read_options(description.decode, _DEFAULTS)["class_offset"]
        roles: dict[str, tuple[Rule, ...]] = {
            "boxes": (_is_numbered(0), _says("box"), has_shape(-1, 4)),
            "classes": (_is_numbered(1), _says("class")),
            "scores": (_is_numbered(2), _says("score")),
            "num": (_is_numbered(3), _says("num"), has_shape(1)),
        }
        self._bound = bind(description.decode, outputs, roles)
        self._values = {role: Values(outputs[position]) for role, position in self._bound.items()}
        self._num_classes = len(description.category_ids)
        self._preprocess, self._suppression = description.preprocess, description.suppression

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Read the first `num` boxes; see `Family`."""
        read = {role: self._values[role].read(outputs[i].reshape(-1)) for role, i in self._bound.items()}
        count = int(read["num"][0])
        rows = np.arange(min(count, len(read["scores"])))
        classes = np.rint(read["classes"][rows]).astype(np.intp) + self._offset
        picks = order(rows, classes, read["scores"][rows], self._suppression)
        self._check_classes(picks.classes)
        size = np.array([self._preprocess.width, self._preprocess.height] * 2, np.float32)
        boxes = read["boxes"].reshape(-1, 4)[picks.rows][:, [1, 0, 3, 2]] * size
        return Candidates(boxes, picks.scores, picks.classes)

    def _check_classes(self, classes: NDArray[np.intp]) -> None:
        wrong = classes[(classes < 0) | (classes >= self._num_classes)]
        if len(wrong):
            raise ModelError(
                f"the graph gave class {wrong[0] - self._offset}, but with class_offset {self._offset} the "
                f"{self._num_classes} category ids cover {-self._offset} to {self._num_classes - 1 - self._offset}; "
                "correct category_ids or decode.options.class_offset"
            )


def _is_numbered(number: int) -> Rule:
    name = _OPERATOR if number == 0 else f"{_OPERATOR}:{number}"
    return lambda spec: spec.name == name


def _says(word: str) -> Rule:
    # `raw_detection_boxes` and its like are the boxes before suppression.
    return lambda spec: word in spec.name.lower() and "raw" not in spec.name.lower()
