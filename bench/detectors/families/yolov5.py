"""YOLOv5-style heads: one output whose rows hold a decoded box, an objectness and class probabilities."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.binding import bind, describe, has_shape
from bench.detectors.candidates import Candidates, Picks, order
from bench.detectors.families.base import Preset
from bench.detectors.families.centred import corners
from bench.detectors.families.customs import letterboxed
from bench.detectors.options import Option, read_options
from bench.detectors.values import Values
from bench.errors import ModelError
from bench.wire.description import ModelDescription, Suppression
from bench.wire.tensor import TensorSpec

# Real probabilities end at 1, but read as a little more where a quantized head ends in reals (1.13 was seen).
_TOP_PROBABILITY = 1.25


class Yolov5:
    """Family `yolov5`: output `predictions` (1, rows, 5 + classes): centre x, centre y, width, height,
    objectness, classes. The score of a class is objectness times its probability.

    Options:
        normalized: Boxes are fractions of the input (TFLite exports) and not input pixels (ONNX exports).
    """

    OPTIONS = (Option("normalized", False, "Boxes are fractions of the input, not pixels."),)

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        self._normalized: bool = read_options(description.decode, self.OPTIONS)["normalized"]
        self._channels = 5 + len(description.category_ids)
        rule = has_shape(-1, self._channels)
        if not any(rule(spec) for spec in outputs):
            raise ModelError(
                f"family 'yolov5' with {len(description.category_ids)} category ids expects an output of "
                f"shape [1, rows, {self._channels}], but the model has {describe(outputs)}; "
                "check category_ids and family"
            )
        self._position = bind(description.decode, outputs, {"predictions": (rule,)})["predictions"]
        self._values = Values(outputs[self._position])
        self._preprocess, self._suppression = description.preprocess, description.suppression

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of Ultralytics' exports; see `FamilyClass`."""
        suppression = Suppression(iou_threshold=0.6)
        return Preset(letterboxed(width, height, suffix), suppression, {"normalized": suffix == ".tflite"})

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Read the boxes of the rows that score high enough; see `Family`."""
        raw = outputs[self._position].reshape(-1, self._channels)
        picks = self._pick(raw)
        centred = self._values.read(raw[picks.rows, :4])
        return Candidates(corners(centred, self._normalized, self._preprocess), picks.scores, picks.classes)

    def _pick(self, raw: NDArray[Any]) -> Picks:
        """Pick rows by objectness first: a score exceeds it by no more than the highest probability does."""
        threshold = self._suppression.score_threshold
        highest = self._values.highest
        top = _TOP_PROBABILITY if highest is None else max(1.0, highest)
        rows = np.flatnonzero(raw[:, 4] >= self._values.floor(threshold / top))
        objectness = self._values.read(raw[rows, 4])
        scores = objectness[:, None] * self._values.read(raw[rows, 5:])
        if not self._suppression.is_multi_label:
            best = scores.argmax(axis=1)
            return order(rows, best, scores[np.arange(len(rows)), best], self._suppression)
        flat = np.flatnonzero(scores >= np.float32(threshold))
        of_rows, classes = np.divmod(flat, scores.shape[1])
        return order(rows[of_rows], classes, scores.reshape(-1)[flat], self._suppression)
