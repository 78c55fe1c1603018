"""What looks wrong in detections that no change of the description mends: which stage is to blame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.core.data import EvaluationData
from bench.diagnosing.reading import Reading
from bench.diagnosing.scoring import Scorer

# Share of boxes with their centre outside of the photo from which the boxes are wrong as a whole.
OUTSIDE_SHARE = 0.2

# Share of detections in one class from which the class scores say nothing.
ONE_CLASS_SHARE = 0.95

# AP without regard of classes from which boxes are right and labels wrong.
GOOD_BOXES = 0.05

# A class score below 1 that is told in fewer steps than this cannot rank boxes.
FEW_STEPS = 16


def suspect(reading: Reading, scorer: Scorer, data: EvaluationData) -> tuple[str, ...]:
    """Return what looks wrong, a sentence each, the surest first."""
    if reading.detections is None:
        return (f"the description does not fit the model: {reading.reason}",)
    return (*_outputs(reading), *_detections(reading), *_labels(reading, scorer, data))


def _detections(reading: Reading) -> Iterator[str]:
    found = reading.detections
    assert found is not None
    if not len(found):
        yield (
            "not one detection: no score reaches the threshold; look at the value range that the model is "
            "fed, the activation of its scores and the score threshold"
        )
        return
    if len(found) > 1 and np.ptp(found.score) == 0:
        yield (
            f"all {len(found)} detections have the score {found.score[0]:.3g}: the score output says "
            "nothing; look at its binding and its quantization"
        )
    outside = reading.num_outside / len(found)
    if outside > OUTSIDE_SHARE:
        yield (
            f"{outside:.0%} of all boxes lie outside of their photo: look at box format, units and strides"
        )
    ids, counts = np.unique(found.category_id, return_counts=True)
    if counts.max() > ONE_CLASS_SHARE * len(found):
        yield (
            f"{counts.max() / len(found):.0%} of all detections are of category {ids[counts.argmax()]}: "
            "look which output, and which part of it, holds the class scores"
        )


def _labels(reading: Reading, scorer: Scorer, data: EvaluationData) -> Iterator[str]:
    value = scorer.score_without_classes(reading).value
    if value >= GOOD_BOXES and len(data.categories) > 1:
        yield (
            f"without regard of classes AP is {value:.3f}: the boxes are right and the labels are wrong, in "
            "a way that is not among the usual ones; write `labels` as a list of category ids, class by class"
        )


def _outputs(reading: Reading) -> Iterator[str]:
    for output in reading.outputs:
        low, high = np.array(output["low"]), np.array(output["high"])
        if len(low) > 1:
            yield from _shared_scale(output, low, high)


def _shared_scale(output: dict[str, Any], low: Any, high: Any) -> Iterator[str]:
    """Notice channels that stand still beside others that do not, or are told in a few coarse steps."""
    constant = np.count_nonzero(low == high)
    if constant > len(low) // 2 and constant < len(low):
        yield (
            f"output {output['name']!r}: {constant} of {len(low)} channels never change while others reach "
            f"from {low.min():.3g} to {high.max():.3g}: boxes and scores share one quantization scale, which "
            "leaves no steps for scores; split the outputs before quantizing, or keep the head in float"
        )
    elif output["scale"] * FEW_STEPS > 1 and (high <= 1).sum() > len(low) // 2:
        yield (
            f"output {output['name']!r}: one step is {output['scale']:.3g}, so scores up to 1 have no room: "
            "boxes and scores share one quantization scale; split the outputs before quantizing"
        )
