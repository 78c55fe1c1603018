"""YOLOv8-style heads (YOLO11's too): boxes, decoded or as distributions, and scores without objectness."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from numpy.typing import NDArray

from bench.detectors.binding import bind, describe, has_shape
from bench.detectors.candidates import Candidates, pick
from bench.detectors.families import evidence
from bench.detectors.families.arrangements import bind_heads
from bench.detectors.families.base import Preset, Recognition
from bench.detectors.families.centred import corners
from bench.detectors.families.customs import letterboxed
from bench.detectors.families.distribution import boxes_around, expected_distances
from bench.detectors.families.heads import Part
from bench.detectors.families.levels import cells, check_strides, levels_of
from bench.detectors.options import Option, read_options
from bench.detectors.values import Activation, Values
from bench.errors import ModelError
from bench.wire.description import ModelDescription, Suppression
from bench.wire.tensor import TensorSpec

# Bins of a distance in Ultralytics' models (`reg_max` there).
_BINS = 16

# The usual grids; those of models with an additional finer or coarser one.
_STRIDES = ((8, 16, 32), (4, 8, 16, 32), (8, 16, 32, 64))


class Yolov8:
    """Family `yolov8`: output `predictions` (1, 4 + classes, rows), centre x, centre y, width, height first.

    An export with its last two axes swapped is read as well, and one whose `boxes` and `scores` are outputs
    of their own, each with its own quantization. Covers YOLOv8, YOLO11 and others of that head.
    Files without the last layer have 64 channels of distances (16 bins a side) in place of the box: as one
    output, as one a level (boxes first), or with `distances` and `scores` in outputs of their own.

    Options:
        normalized: Decoded boxes are fractions of the input (TFLite exports), not pixels (ONNX exports).
        strides: Where the head is not one decoded output: input pixels a cell, one for each level.
        activation: `sigmoid` or `none`; where left out, a sigmoid for undecoded heads alone.
    """

    OPTIONS = (
        Option("normalized", False, "Boxes are fractions of the input, not pixels."),
        Option("strides", (8, 16, 32), "Input pixels a cell, one for each level."),
        Option("activation", "none", "What turns the output into scores.", get_args(Activation)),
    )

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        options = read_options(description.decode, self.OPTIONS)
        channels = 4 + len(description.category_ids)
        is_decoded = any(rule(spec) for spec in outputs for rule in _rules(channels))
        is_apart = not is_decoded and any(rule(spec) for spec in outputs for rule in _rules(4))
        if not is_decoded and not is_apart and not _may_be_raw(outputs, channels - 4):
            raise ModelError(
                f"family 'yolov8' with {channels - 4} category ids expects an output of "
                f"shape [1, {channels}, rows], but the model has {describe(outputs)}; "
                "check detector.labels and family"
            )
        reader = _Decoded if is_decoded else _Apart if is_apart else _Raw
        self._reader: _Decoded | _Apart | _Raw = reader(description, outputs, options)

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of Ultralytics' exports; see `FamilyClass`."""
        suppression = Suppression(iou_threshold=0.7)
        return Preset(letterboxed(width, height, suffix), suppression, {"normalized": suffix == ".tflite"})

    @staticmethod
    def recognise(
        inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
    ) -> Recognition | None:
        """Look for 4 + classes channels, or 64 + classes, for every cell of the grids; see `FamilyClass`."""
        picture = evidence.picture_of(inputs)
        if picture is None:
            return None
        return (
            _recognise_decoded(picture, outputs, suffix)
            or _recognise_apart(picture, outputs, suffix)
            or _recognise_raw(picture, outputs, suffix)
        )

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Read the boxes of the rows that score high enough; see `Family`."""
        return self._reader.candidates(outputs)


class _Decoded:
    """Reads the one output of decoded boxes."""

    def __init__(
        self, description: ModelDescription, outputs: Sequence[TensorSpec], options: Mapping[str, Any]
    ) -> None:
        self._normalized: bool = options["normalized"]
        self._channels = 4 + len(description.category_ids)
        rules = _rules(self._channels)
        self._position = bind(description.decode, outputs, {"predictions": rules})["predictions"]
        self._is_swapped = not rules[0](outputs[self._position])
        self._boxes = Values(outputs[self._position])
        self._scores = Values(outputs[self._position], options["activation"])
        self._preprocess, self._suppression = description.preprocess, description.suppression

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        raw = outputs[self._position]
        if self._is_swapped:
            raw = raw.reshape(-1, self._channels)
            picks = pick(raw[:, 4:], self._scores, self._suppression)
            boxes = raw[picks.rows, :4]
        else:
            raw = raw.reshape(self._channels, -1)
            picks = pick(raw[4:], self._scores, self._suppression, class_axis=0)
            boxes = raw[:4, picks.rows].T
        centred = self._boxes.read(boxes)
        return Candidates(corners(centred, self._normalized, self._preprocess), picks.scores, picks.classes)


class _Apart:
    """Reads decoded boxes and scores that are outputs of their own."""

    def __init__(
        self, description: ModelDescription, outputs: Sequence[TensorSpec], options: Mapping[str, Any]
    ) -> None:
        self._normalized: bool = options["normalized"]
        check_strides(options["strides"])
        levels = levels_of(description.preprocess, options["strides"])
        parts = (
            Part("boxes", 4, ("box", "loc")),
            Part("scores", len(description.category_ids), ("score", "cls", "class"), options["activation"]),
        )
        self._heads = bind_heads(description.decode, outputs, parts, levels)
        self._preprocess, self._suppression = description.preprocess, description.suppression

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        picks = self._heads["scores"].pick(outputs, self._suppression)
        centred = self._heads["boxes"].read(outputs, picks.rows)
        return Candidates(corners(centred, self._normalized, self._preprocess), picks.scores, picks.classes)


class _Raw:
    """Reads heads whose boxes are still distributions of distances."""

    def __init__(
        self, description: ModelDescription, outputs: Sequence[TensorSpec], options: Mapping[str, Any]
    ) -> None:
        activation = description.decode.options.get("activation", "sigmoid")
        check_strides(options["strides"])
        levels = levels_of(description.preprocess, options["strides"])
        parts = (
            Part("distances", 4 * _BINS, ("box", "dis", "reg", "dfl")),
            Part("scores", len(description.category_ids), ("score", "cls", "class"), activation),
        )
        self._heads = bind_heads(description.decode, outputs, parts, levels)
        self._strides, self._places = cells(levels)
        self._suppression = description.suppression

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        picks = self._heads["scores"].pick(outputs, self._suppression)
        distances = expected_distances(self._heads["distances"].read(outputs, picks.rows))
        boxes = boxes_around(self._places[picks.rows], distances, self._strides[picks.rows])
        return Candidates(boxes, picks.scores, picks.classes)


def _rules(channels: int) -> tuple[Any, Any]:
    return has_shape(channels, -1), has_shape(-1, channels)


def _may_be_raw(outputs: Sequence[TensorSpec], num_classes: int) -> bool:
    return any({4 * _BINS, 4 * _BINS + num_classes} & set(spec.shape) for spec in outputs)


def _recognise_decoded(
    picture: evidence.Picture, outputs: Sequence[TensorSpec], suffix: str
) -> Recognition | None:
    for count in evidence.class_counts(outputs, 4):
        found = evidence.described("yolov8", picture, suffix, count)
        for strides in _STRIDES:
            rows = sum(level.num_rows for level in levels_of(found[0].preprocess, strides))
            is_plain = any(has_shape(4 + count, rows)(spec) for spec in outputs)
            is_swapped = any(has_shape(rows, 4 + count)(spec) for spec in outputs)
            if (is_plain or is_swapped) and evidence.binds(Yolov8, found[0], outputs):
                reason = f"box and {count} classes for every cell ({rows or 'open'}), without an objectness"
                confidence = 0.95 if is_plain else 0.85
                return evidence.recognised(confidence, reason, found, ("normalized boxes",), outputs)
    return None


def _recognise_apart(
    picture: evidence.Picture, outputs: Sequence[TensorSpec], suffix: str
) -> Recognition | None:
    if not any(rule(spec) for spec in outputs for rule in _rules(4)):
        return None
    for count in evidence.class_counts(outputs, 0):
        found = evidence.described("yolov8", picture, suffix, count)
        if count != 4 and evidence.fits(Yolov8, found[0], outputs):
            reason = f"boxes and {count} class scores, each an output, for every cell"
            unknown = ("normalized boxes", "box format")
            return evidence.recognised(0.8, reason, found, unknown, outputs)
    return None


def _recognise_raw(
    picture: evidence.Picture, outputs: Sequence[TensorSpec], suffix: str
) -> Recognition | None:
    for beside in (4 * _BINS, 0):
        for count in evidence.class_counts(outputs, beside):
            for strides in _STRIDES:
                found = evidence.described("yolov8", picture, suffix, count, {"strides": list(strides)})
                if count != 4 * _BINS and evidence.fits(Yolov8, found[0], outputs):
                    reason = f"4 x {_BINS} bins of distances and {count} class scores for every cell"
                    return evidence.recognised(0.9, reason, found, ("activation",), outputs)
    return None
