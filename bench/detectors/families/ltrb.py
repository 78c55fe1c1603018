"""Anchor-free heads with two outputs: class scores, and distances from a cell's centre to the box's sides."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from numpy.typing import NDArray

from bench.detectors.binding import bind, has_shape
from bench.detectors.candidates import Candidates, pick
from bench.detectors.families import evidence
from bench.detectors.families.base import Preset, Recognition
from bench.detectors.families.customs import minus_one_to_one
from bench.detectors.families.distribution import boxes_around
from bench.detectors.families.levels import cells, check_strides, levels_of
from bench.detectors.options import Option, read_options
from bench.detectors.values import Activation, Values
from bench.errors import ModelError
from bench.wire.description import ModelDescription
from bench.wire.tensor import TensorSpec

# Grids that such a head may have, the usual ones.
_STRIDES = ((8,), (16,), (8, 16), (16, 32), (8, 16, 32), (8, 16, 32, 64), (8, 16, 32, 64, 128))


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
        levels = levels_of(description.preprocess, options["strides"])
        count = sum(level.num_rows for level in levels)
        roles = {
            "scores": (has_shape(count, num_classes), lambda spec: "score" in spec.name.lower()),
            "boxes": (has_shape(count, 4), lambda spec: "box" in spec.name.lower()),
        }
        bound = bind(description.decode, outputs, roles)
        self._scores, self._boxes = bound["scores"], bound["boxes"]
        self._shape = (count, num_classes)
        self._strides, self._centres = cells(levels)
        self._suppression = description.suppression
        self._read_scores = Values(outputs[self._scores], options["activation"])
        self._read_boxes = Values(outputs[self._boxes])

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of the built-in detector; see `FamilyClass`."""
        return Preset(minus_one_to_one(width, height), options={"strides": [8]})

    @staticmethod
    def recognise(
        inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
    ) -> Recognition | None:
        """Look for class scores and four distances for every cell of some grids; see `FamilyClass`."""
        picture = evidence.picture_of(inputs)
        if picture is None or len(outputs) != 2:
            return None
        activation = "none" if evidence.is_activated(ops) else "sigmoid"
        for strides in _STRIDES:
            for count in evidence.class_counts(outputs, 0):
                options = {"strides": list(strides), "activation": activation}
                found = evidence.described("ltrb", picture, suffix, count, options)
                if evidence.fits(Ltrb, found[0], outputs):
                    reason = f"{count} class scores and 4 distances for every cell of the strides {strides}"
                    is_named = {"scores", "boxes"} == {spec.name for spec in outputs}
                    return evidence.recognised(
                        0.9 if is_named else 0.6, reason, found, ("activation",), outputs
                    )
        return None

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Decode the boxes of the cells that score high enough; see `Family`."""
        picks = pick(outputs[self._scores].reshape(self._shape), self._read_scores, self._suppression)
        reach = self._read_boxes.read(outputs[self._boxes].reshape(-1, 4)[picks.rows])
        boxes = boxes_around(self._centres[picks.rows], reach, self._strides[picks.rows])
        return Candidates(boxes, picks.scores, picks.classes)


def _check_options(options: dict[str, Any], num_classes: int) -> None:
    if options["num_classes"] not in (0, num_classes):
        raise ModelError(
            f"detector.options.num_classes is {options['num_classes']}, but there are {num_classes} category "
            "ids; one is needed for each class"
        )
    check_strides(options["strides"])
