"""YOLOv5-style heads (YOLOv7's too): a box, an objectness and class probabilities for every anchor."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from bench.detectors.binding import bind, describe, has_shape
from bench.detectors.candidates import Candidates, Picks
from bench.detectors.families import evidence
from bench.detectors.families.arrangements import bind_heads
from bench.detectors.families.base import Preset, Recognition
from bench.detectors.families.centred import corners
from bench.detectors.families.customs import letterboxed
from bench.detectors.families.grid_anchors import AnchorGrid, check_anchors
from bench.detectors.families.heads import Part
from bench.detectors.families.levels import Level, check_strides, levels_of
from bench.detectors.families.objectness import TOP_PROBABILITY, pick_products, pick_scores
from bench.detectors.families.tables import ANCHORS_FIRST
from bench.detectors.options import Option, read_options
from bench.detectors.values import Activation, Values
from bench.errors import ModelError
from bench.wire.description import ModelDescription, Suppression
from bench.wire.tensor import TensorSpec

# models/yolov5*.yaml of github.com/ultralytics/yolov5: of the strides 8, 16 and 32, in pixels.
_ANCHORS = (
    ((10, 13), (16, 30), (33, 23)),
    ((30, 61), (62, 45), (59, 119)),
    ((116, 90), (156, 198), (373, 326)),
)


class Yolov5:
    """Family `yolov5`: output `predictions` (1, rows, 5 + classes): centre x, centre y, width, height,
    objectness, classes. The score of a class is objectness times its probability.

    The three may be outputs of their own, each with its own quantization: `boxes`, `objectness`, `classes`.
    Files without the last layer are read too: one output a level (1, anchors, rows, columns, 5 + classes),
    or with anchors and channels on one axis, first or last. Those are never decoded.

    Options:
        normalized: Decoded boxes are fractions of the input (TFLite exports), not pixels (ONNX exports).
        decoded: Whether outputs of all levels hold decoded boxes.
        strides: Where the head is not one decoded output: input pixels a cell, one for each level.
        anchors: Undecoded heads: width and height in input pixels of the anchors of each level.
        activation: `sigmoid` or `none`; where left out, a sigmoid for undecoded heads alone.
    """

    OPTIONS = (
        Option("normalized", False, "Boxes are fractions of the input, not pixels."),
        Option("decoded", True, "The graph itself turns raw outputs into boxes."),
        Option("strides", (8, 16, 32), "Input pixels a cell, one for each level."),
        Option("anchors", _ANCHORS, "Width and height in pixels of the anchors of each level."),
        Option("activation", "none", "What turns the output into scores.", get_args(Activation)),
    )

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        options = read_options(description.decode, self.OPTIONS)
        channels = 5 + len(description.category_ids)
        is_whole = any(has_shape(-1, channels)(spec) for spec in outputs)
        if is_whole and options["decoded"]:
            self._reader: _Decoded | _Parts = _Decoded(description, outputs, options)
        elif not is_whole and options["decoded"] and len(outputs) < 2:
            raise ModelError(
                f"family 'yolov5' with {channels - 5} category ids expects an output of "
                f"shape [1, rows, {channels}] or one for each level, but the model has {describe(outputs)}; "
                "check detector.labels and family"
            )
        else:
            self._reader = _Parts(description, outputs, options)

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of Ultralytics' exports; see `FamilyClass`."""
        suppression = Suppression(iou_threshold=0.6)
        return Preset(letterboxed(width, height, suffix), suppression, {"normalized": suffix == ".tflite"})

    @staticmethod
    def recognise(
        inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
    ) -> Recognition | None:
        """Look for 5 + classes channels for three anchors of every cell; see `FamilyClass`."""
        picture = evidence.picture_of(inputs)
        if picture is None:
            return None
        for count in evidence.class_counts(outputs, 5, 3):
            found = evidence.described("yolov5", picture, suffix, count)
            levels = _levels(found[0], (8, 16, 32), 3)
            rows = sum(level.num_rows for level in levels)
            is_whole = any(has_shape(rows, 5 + count)(spec) for spec in outputs)
            if is_whole and evidence.binds(Yolov5, found[0], outputs):
                reason = f"box, objectness, {count} classes for 3 anchors a cell ({rows or 'open'} rows)"
                return evidence.recognised(0.95, reason, found, ("normalized boxes",), outputs)
            if len(outputs) > 1 and evidence.fits(Yolov5, found[0], outputs):
                reason = f"box, objectness, {count} classes for 3 anchors a cell on three grids"
                return evidence.recognised(0.85, reason, found, ("anchors", "activation"), outputs)
        return None

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Read the boxes of the rows that score high enough; see `Family`."""
        return self._reader.candidates(outputs)


class _Decoded:
    """Reads the one output of decoded boxes."""

    def __init__(
        self, description: ModelDescription, outputs: Sequence[TensorSpec], options: Mapping[str, Any]
    ) -> None:
        self._normalized: bool = options["normalized"]
        self._channels = 5 + len(description.category_ids)
        rules = {"predictions": (has_shape(-1, self._channels),)}
        self._position = bind(description.decode, outputs, rules)["predictions"]
        self._boxes = Values(outputs[self._position])
        self._scores = Values(outputs[self._position], options["activation"])
        self._preprocess, self._suppression = description.preprocess, description.suppression

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        raw = outputs[self._position].reshape(-1, self._channels)
        picks = self._pick(raw)
        centred = self._boxes.read(raw[picks.rows, :4])
        return Candidates(corners(centred, self._normalized, self._preprocess), picks.scores, picks.classes)

    def _pick(self, raw: NDArray[Any]) -> Picks:
        """Pick rows by objectness first: a score exceeds it by no more than the highest probability does."""
        highest = self._scores.highest
        top = TOP_PROBABILITY if highest is None else max(1.0, highest)
        rows = np.flatnonzero(raw[:, 4] >= self._scores.floor(self._suppression.score_threshold / top))
        objectness = self._scores.read(raw[rows, 4])
        scores = objectness[:, None] * self._scores.read(raw[rows, 5:])
        return pick_scores(rows, scores, self._suppression)


class _Parts:
    """Reads heads that are several outputs, or one that is not decoded.

    Raw boxes are shares of cells and anchors.
    """

    def __init__(
        self, description: ModelDescription, outputs: Sequence[TensorSpec], options: Mapping[str, Any]
    ) -> None:
        check_strides(options["strides"])
        count = check_anchors(options["anchors"], options["strides"])
        levels = _levels(description, options["strides"], count)
        num_rows = sum(level.num_rows for level in levels)
        is_whole = any(
            has_shape(*shape)(spec) for spec in outputs for shape in ((num_rows, 4), (4, num_rows))
        )
        self._is_decoded, self._normalized = options["decoded"] and is_whole, options["normalized"]
        usual = "none" if self._is_decoded else "sigmoid"
        activation = description.decode.options.get("activation", usual)
        parts = (
            Part("boxes", 4, ("box", "reg", "loc"), "none" if self._is_decoded else activation),
            Part("objectness", 1, ("obj",), activation),
            Part("classes", len(description.category_ids), ("cls", "class", "score"), activation),
        )
        self._heads = bind_heads(description.decode, outputs, parts, levels, ANCHORS_FIRST)
        self._grid = AnchorGrid(levels, options["anchors"], is_anchors_first=True)
        self._preprocess, self._suppression = description.preprocess, description.suppression

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        picks = pick_products(self._heads["objectness"], self._heads["classes"], outputs, self._suppression)
        boxes = self._heads["boxes"].read(outputs, picks.rows)
        centred = boxes if self._is_decoded else self._grid.decode(boxes, picks.rows)
        is_normalized = self._is_decoded and self._normalized
        return Candidates(corners(centred, is_normalized, self._preprocess), picks.scores, picks.classes)


def _levels(description: ModelDescription, strides: Sequence[int], anchors: int) -> tuple[Level, ...]:
    return levels_of(description.preprocess, strides, [anchors] * len(strides))
