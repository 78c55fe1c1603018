"""YOLOv8-style heads: one output of decoded boxes and class scores, without an objectness."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from bench.detectors.binding import bind, describe, has_shape
from bench.detectors.candidates import Candidates, pick
from bench.detectors.families.base import Preset
from bench.detectors.families.centred import corners
from bench.detectors.families.customs import letterboxed
from bench.detectors.options import Option, read_options
from bench.detectors.values import Values
from bench.errors import ModelError
from bench.wire.description import ModelDescription, Suppression
from bench.wire.tensor import TensorSpec


class Yolov8:
    """Family `yolov8`: output `predictions` (1, 4 + classes, rows), centre x, centre y, width, height first.

    An export with its last two axes swapped is read as well. Covers YOLOv8, YOLO11 and others of that head.

    Options:
        normalized: Boxes are fractions of the input (TFLite exports) and not input pixels (ONNX exports).
    """

    OPTIONS = (Option("normalized", False, "Boxes are fractions of the input, not pixels."),)

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        self._normalized: bool = read_options(description.decode, self.OPTIONS)["normalized"]
        self._channels = 4 + len(description.category_ids)
        rules = (has_shape(self._channels, -1), has_shape(-1, self._channels))
        if not any(rule(spec) for spec in outputs for rule in rules):
            raise ModelError(
                f"family 'yolov8' with {len(description.category_ids)} category ids expects an output of "
                f"shape [1, {self._channels}, rows], but the model has {describe(outputs)}; "
                "check category_ids and family"
            )
        self._position = bind(description.decode, outputs, {"predictions": rules})["predictions"]
        self._is_swapped = not rules[0](outputs[self._position])
        self._values = Values(outputs[self._position])
        self._preprocess, self._suppression = description.preprocess, description.suppression

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of Ultralytics' exports; see `FamilyClass`."""
        suppression = Suppression(iou_threshold=0.7)
        return Preset(letterboxed(width, height, suffix), suppression, {"normalized": suffix == ".tflite"})

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Read the boxes of the rows that score high enough; see `Family`."""
        raw = outputs[self._position]
        if self._is_swapped:
            raw = raw.reshape(-1, self._channels)
            picks = pick(raw[:, 4:], self._values, self._suppression)
            boxes = raw[picks.rows, :4]
        else:
            raw = raw.reshape(self._channels, -1)
            picks = pick(raw[4:], self._values, self._suppression, class_axis=0)
            boxes = raw[:4, picks.rows].T
        centred = self._values.read(boxes)
        return Candidates(corners(centred, self._normalized, self._preprocess), picks.scores, picks.classes)
