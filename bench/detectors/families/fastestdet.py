"""FastestDet: one grid, whose cells tell an objectness, a box around the cell and class probabilities."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from bench.detectors.candidates import Candidates
from bench.detectors.families import evidence
from bench.detectors.families.arrangements import bind_heads
from bench.detectors.families.base import Preset, Recognition
from bench.detectors.families.centred import corners
from bench.detectors.families.customs import plain_bgr
from bench.detectors.families.heads import Part
from bench.detectors.families.levels import cells, check_strides, levels_of
from bench.detectors.families.objectness import TOP_PROBABILITY, pick_scores
from bench.detectors.options import Option, read_options
from bench.detectors.values import Activation
from bench.errors import ModelError
from bench.wire.description import ModelDescription, Suppression
from bench.wire.tensor import TensorSpec


class Fastestdet:
    """Family `fastestdet`: `predictions` (1, 5 + classes, rows, columns): objectness, box, classes.

    A box is `centre = (tanh(xy) + column and row) * stride`, `size = sigmoid(wh)` of the input's sides. A
    score is `objectness ** 0.6 * probability ** 0.4`, as in later demos of github.com/dog-qiuqiu/FastestDet.

    Options:
        strides: Input pixels a cell; the published models have one grid, of 16.
        activation: `none` where objectness and classes are probabilities already, `sigmoid` for logits.
        objectness_power: The exponent of the objectness; the probability has 1 less it. With 0.5 boxes rank
            as by the plain product of earlier demos.
    """

    OPTIONS = (
        Option("strides", (16,), "Input pixels a cell, one for each level."),
        Option("activation", "none", "What turns the output into scores.", get_args(Activation)),
        Option("objectness_power", 0.6, "Exponent of the objectness in a score; the class has 1 less it."),
    )

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        options = read_options(description.decode, self.OPTIONS)
        check_strides(options["strides"])
        self._power: float = options["objectness_power"]
        if not 0 < self._power < 1:
            raise ModelError(
                f"detector.options.objectness_power: got {self._power}, expected a number between 0 and 1"
            )
        levels = levels_of(description.preprocess, options["strides"])
        parts = (
            Part("objectness", 1, ("obj",), options["activation"]),
            Part("boxes", 4, ("box", "reg", "loc")),
            Part("classes", len(description.category_ids), ("cls", "class", "score"), options["activation"]),
        )
        self._heads = bind_heads(description.decode, outputs, parts, levels)
        self._strides, self._places = cells(levels, 0.0)
        self._preprocess, self._suppression = description.preprocess, description.suppression

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of FastestDet's demos; see `FamilyClass`."""
        return Preset(
            plain_bgr(width, height, suffix), Suppression(0.01, iou_threshold=0.45), {"strides": [16]}
        )

    @staticmethod
    def recognise(
        inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
    ) -> Recognition | None:
        """Look for 5 + classes channels on one grid of stride 16; see `FamilyClass`."""
        picture = evidence.picture_of(inputs)
        if picture is None or len(outputs) != 1:
            return None
        for count in evidence.class_counts(outputs, 5):
            found = evidence.described("fastestdet", picture, suffix, count)
            if evidence.fits(Fastestdet, found[0], outputs):
                reason = f"objectness, box and {count} classes for every cell of a single grid of stride 16"
                is_grid = len([size for size in outputs[0].shape if size != 1]) == 3
                return evidence.recognised(0.9 if is_grid else 0.6, reason, found, (), outputs)
        return None

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Decode the boxes of the cells that score high enough; see `Family`."""
        rows, scores = self._scores(outputs)
        picks = pick_scores(rows, scores, self._suppression)
        centred = self._heads["boxes"].read(outputs, picks.rows)
        size = np.array([self._preprocess.width, self._preprocess.height], np.float32)
        centred[:, :2] = np.tanh(centred[:, :2]) * self._strides[picks.rows, None] + self._places[picks.rows]
        centred[:, 2:] = size / (1 + np.exp(np.minimum(-centred[:, 2:], np.float32(80))))
        return Candidates(corners(centred, False, self._preprocess), picks.scores, picks.classes)

    def _scores(self, outputs: Sequence[NDArray[Any]]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the rows whose objectness lets a score reach the threshold, and their scores."""
        power, rest = np.float32(self._power), np.float32(1 - self._power)
        # A score is no higher than this power of the objectness times the same of the highest probability.
        least = self._suppression.score_threshold / TOP_PROBABILITY ** (1 - self._power)
        rows = self._heads["objectness"].rows_of_at_least(outputs, least ** (1 / self._power))
        objectness = np.maximum(self._heads["objectness"].read(outputs, rows), 0)
        probabilities = np.maximum(self._heads["classes"].read(outputs, rows), 0)
        scores: NDArray[np.float32] = np.power(objectness, power) * np.power(probabilities, rest)
        return rows, scores
