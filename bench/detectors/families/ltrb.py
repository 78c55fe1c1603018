"""Anchor-free heads with two outputs: class scores, and distances from a cell's centre to the box's sides."""

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from bench.detectors.binding import bind, has_shape
from bench.detectors.candidates import Candidates, pick
from bench.detectors.families.base import Preset
from bench.detectors.families.customs import minus_one_to_one
from bench.detectors.options import Option, read_options
from bench.detectors.values import Activation, Values
from bench.errors import ModelError
from bench.wire.description import ModelDescription, Preprocess
from bench.wire.tensor import TensorSpec


class Ltrb:
    """Family `ltrb`: outputs `scores` (1, cells, classes) and `boxes` (1, cells, 4).

    A box is `centre -/+ distance * stride` in input pixels, distances in the order left, top, right, bottom.
    Cells are row-major, one stride after the other; a stride has ceil(size / stride) cells a side, and the
    centre of the cell in a row and column is ((column + 0.5) * stride, (row + 0.5) * stride).

    Options:
        strides: Input pixels a cell, one for each level.
        num_classes: As a check against the number of category ids; 0 for no check.
        activation: `sigmoid` where `scores` are logits, `none` where they are scores already.
    """

    OPTIONS = (
        Option("strides", (8,), "Input pixels a cell, one for each level."),
        Option("num_classes", 0, "Classes; their category ids are 1, 2, 3 ... unless `labels` says."),
        Option("activation", "sigmoid", "What turns the output into scores.", get_args(Activation)),
    )

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        options = read_options(description.decode, self.OPTIONS)
        num_classes = len(description.category_ids)
        _check_options(options, num_classes)
        self._strides, self._centres = _cells(description.preprocess, options["strides"])
        cells = len(self._strides)
        roles = {
            "scores": (has_shape(cells, num_classes), lambda spec: "score" in spec.name.lower()),
            "boxes": (has_shape(cells, 4), lambda spec: "box" in spec.name.lower()),
        }
        bound = bind(description.decode, outputs, roles)
        self._scores, self._boxes = bound["scores"], bound["boxes"]
        self._shape = (cells, num_classes)
        self._suppression = description.suppression
        self._read_scores = Values(outputs[self._scores], options["activation"])
        self._read_boxes = Values(outputs[self._boxes])

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of the built-in detector; see `FamilyClass`."""
        return Preset(minus_one_to_one(width, height), options={"strides": [8]})

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Decode the boxes of the cells that score high enough; see `Family`."""
        picks = pick(outputs[self._scores].reshape(self._shape), self._read_scores, self._suppression)
        reach = self._read_boxes.read(outputs[self._boxes].reshape(-1, 4)[picks.rows])
        reach *= self._strides[picks.rows, None]
        centres = self._centres[picks.rows]
        boxes = np.concatenate([centres - reach[:, :2], centres + reach[:, 2:]], axis=1)
        return Candidates(boxes, picks.scores, picks.classes)


def _check_options(options: dict[str, Any], num_classes: int) -> None:
    if options["num_classes"] not in (0, num_classes):
        raise ModelError(
            f"decode.options.num_classes is {options['num_classes']}, but there are {num_classes} category "
            "ids; one is needed for each class"
        )
    if not options["strides"] or not all(type(stride) is int and stride > 0 for stride in options["strides"]):
        raise ModelError(
            f"decode.options.strides: got {options['strides']!r}, expected integers of 1 or more, "
            "as in [8, 16]"
        )


def _cells(preprocess: Preprocess, strides: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return stride (cells,) and centre (cells, 2) xy of every cell, float32, input pixels."""
    of_levels, centres = [], []
    for stride in strides:
        columns, rows = -(-preprocess.width // stride), -(-preprocess.height // stride)
        y, x = np.mgrid[:rows, :columns]
        centres.append((np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * stride)
        of_levels.append(np.full(rows * columns, stride))
    return np.concatenate(of_levels).astype(np.float32), np.concatenate(centres).astype(np.float32)
