"""Graphs that end in the post-processing operator of TensorFlow Object Detection: boxes come suppressed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.binding import Rule, bind, has_shape
from bench.detectors.candidates import Candidates
from bench.detectors.families import evidence
from bench.detectors.families.base import Preset, Recognition
from bench.detectors.families.customs import minus_one_to_one
from bench.detectors.options import Option, read_options
from bench.detectors.values import Values
from bench.errors import ModelError
from bench.wire.description import ModelDescription, Suppression
from bench.wire.tensor import TensorSpec

# The TFLite operator's outputs, in its fixed order, are named after it with a running number.
_OPERATOR = "TFLite_Detection_PostProcess"

# TensorFlow 2's converter numbers the operator's outputs the other way round, from the number of boxes on.
_TF2_ORDER = ("num", "scores", "classes", "boxes")


class Tfod:
    """Family `tfod`: outputs `boxes` (1, n, 4), `classes` (1, n), `scores` (1, n) and `num` (1,).

    Boxes are y1, x1, y2, x2 as fractions of the input, classes are whole numbers in any type. Before the
    first call the operator may declare no shapes at all; then the outputs are told apart by name alone.

    Options:
        class_offset: What to add to a class of the graph to get the position in `category_ids`: 0 where
            classes count from 0 (TFLite files), -1 where they count from 1.
        box_order: `yx` as the operator has it, `xy` where a converter has swapped the axes.
    """

    OPTIONS = (
        Option("class_offset", 0, "Added to a class of the graph; -1 where it counts from 1."),
        Option("box_order", "yx", "Whether boxes have x or y first.", ("xy", "yx")),
    )

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        options = read_options(description.decode, self.OPTIONS)
        self._offset: int = options["class_offset"]
        self._axes = [1, 0, 3, 2] if options["box_order"] == "yx" else [0, 1, 2, 3]
        self._bound = bind(description.decode, outputs, _roles(outputs))
        self._values = {role: Values(outputs[position]) for role, position in self._bound.items()}
        self._num_classes = len(description.category_ids)
        self._preprocess, self._suppression = description.preprocess, description.suppression

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of the TensorFlow Object Detection API; see `FamilyClass`."""
        suppression = Suppression(score_threshold=0.0, in_graph=True)
        return Preset(minus_one_to_one(width, height), suppression, {"class_offset": 0}, num_classes=90)

    @staticmethod
    def recognise(
        inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
    ) -> Recognition | None:
        """Look for the operator, or for the names of its outputs; see `FamilyClass`."""
        picture = evidence.picture_of(inputs)
        if picture is None or len(outputs) < 4:
            return None
        has_operator = any(_OPERATOR.lower() in name.lower() for name in (*ops, outputs[0].name))
        has_names = all(_find(outputs, _says(f"detection_{word}")) for word in ("box", "class", "score"))
        has_numbers = _is_numbered_back(outputs) and _find(outputs, has_shape(-1, 4))
        if not (has_operator or has_names or has_numbers):
            return None
        # Only the graphs that name their outputs count classes from 1.
        options = {"class_offset": -1 if has_names else 0}
        found = evidence.described("tfod", picture, suffix, options=options)
        if not evidence.fits(Tfod, found[0], outputs):
            return None
        reason = f"the graph ends in {_OPERATOR}" if has_operator else "its outputs are named or numbered so"
        confidence = 0.98 if has_operator else 0.95
        return evidence.recognised(confidence, reason, found, ("class count and offset",))

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Read the first `num` boxes; see `Family`."""
        read = {role: self._values[role].read(outputs[i].reshape(-1)) for role, i in self._bound.items()}
        rows = self._rows(read["scores"][: int(read["num"][0])])
        classes = np.rint(read["classes"][rows]).astype(np.intp) + self._offset
        self._check_classes(classes)
        size = np.array([self._preprocess.width, self._preprocess.height] * 2, np.float32)
        boxes = read["boxes"].reshape(-1, 4)[rows][:, self._axes] * size
        return Candidates(boxes, read["scores"][rows], classes)

    def _rows(self, scores: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return which boxes reach the threshold, best first; equals stay in the graph's own order."""
        rows = np.argsort(-scores, kind="stable")
        return rows[scores[rows] >= np.float32(self._suppression.score_threshold)]

    def _check_classes(self, classes: NDArray[np.intp]) -> None:
        wrong = classes[(classes < 0) | (classes >= self._num_classes)]
        if len(wrong):
            first, last = -self._offset, self._num_classes - 1 - self._offset
            raise ModelError(
                f"the graph gave class {wrong[0] - self._offset}, but {self._num_classes} category ids with "
                f"class_offset {self._offset} cover classes {first} to {last}; correct category_ids or "
                "detector.options.class_offset"
            )


def _roles(outputs: Sequence[TensorSpec]) -> dict[str, tuple[Rule, ...]]:
    """Return the rules of each role: names first, and shapes where the operator declares any."""
    is_back = _is_numbered_back(outputs)
    backwards = {role: _ends(f":{number}") for number, role in enumerate(_TF2_ORDER) if is_back}
    rules: dict[str, tuple[Rule, ...]] = {
        "boxes": (_is_numbered(0), _says("box"), has_shape(-1, 4)),
        "classes": (_is_numbered(1), _says("class")),
        "scores": (_is_numbered(2), _says("score")),
        "num": (_is_numbered(3), _says("num"), has_shape(1)),
    }
    return {role: (*rule, *([backwards[role]] if backwards else [])) for role, rule in rules.items()}


def _is_numbered_back(outputs: Sequence[TensorSpec]) -> bool:
    return len(outputs) == 4 and all(
        _find(outputs, _ends(f"StatefulPartitionedCall:{number}")) for number in range(4)
    )


def _find(outputs: Sequence[TensorSpec], rule: Rule) -> bool:
    return any(rule(spec) for spec in outputs)


def _ends(ending: str) -> Rule:
    return lambda spec: spec.name.endswith(ending)


def _is_numbered(number: int) -> Rule:
    name = _OPERATOR if number == 0 else f"{_OPERATOR}:{number}"
    return lambda spec: spec.name == name


def _says(word: str) -> Rule:
    # `raw_detection_boxes` and its like are the boxes before suppression.
    return lambda spec: word in spec.name.lower() and "raw" not in spec.name.lower()
