"""Readings to figures: AP, and whether one reading is clearly better than another on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.core.data import EvaluationData
from bench.diagnosing.reading import Reading
from bench.metrics.accumulate import accumulate
from bench.metrics.bootstrap import MapSamples, map_difference, sample_map
from bench.metrics.detections import Detections
from bench.metrics.ground_truth import GroundTruth, read_ground_truth
from bench.metrics.matches import Matches
from bench.metrics.matching import match
from bench.stats import Interval

# Resamples of the images: intervals are asked for at levels of .995 and more, which 1,000 cannot tell.
RESAMPLES = 4000

# Of the bootstrap; all readings are resampled alike, so that differences are paired.
SEED = 0


@dataclass(frozen=True)
class Score:
    """A reading's matches and its map_50_95; 0 where nothing could be read."""

    matches: Matches
    value: float


class Scorer:
    """Scores readings on the first images of a sample."""

    def __init__(self, data: EvaluationData, image_ids: Sequence[int]) -> None:
        self._truth = read_ground_truth(Path(data.annotations), image_ids)
        self._samples: dict[int, MapSamples] = {}

    def score(self, reading: Reading) -> Score:
        """Return the AP of a reading."""
        return self._score(reading.detections, self._truth)

    def score_without_classes(self, reading: Reading) -> Score:
        """Return the AP that a reading would have if all objects were of one class."""
        truth = _of_one_class(self._truth)
        found = reading.detections
        one = None if found is None else replace(found, category_id=np.ones_like(found.category_id))
        return self._score(one, truth)

    def difference(self, score: Score, base: Score, level: float) -> Interval | None:
        """Return the AP of `score` minus that of `base`, paired over images; None without any object."""
        return map_difference(self._sampled(score), self._sampled(base), level)

    def _score(self, detections: Detections | None, truth: GroundTruth) -> Score:
        matches = match(_none_of(truth) if detections is None else detections, truth)
        return Score(matches, accumulate(matches).stats["map_50_95"] or 0.0)

    def _sampled(self, score: Score) -> MapSamples:
        key = id(score.matches)
        if key not in self._samples:
            self._samples[key] = sample_map(score.matches, RESAMPLES, SEED)
        return self._samples[key]


def _none_of(truth: GroundTruth) -> Detections:
    """Return the detections of a model that finds nothing."""
    return Detections(
        image_id=np.zeros(0, np.int64),
        category_id=np.zeros(0, np.int32),
        score=np.zeros(0, np.float32),
        box=np.zeros((0, 4), np.float32),
        image_ids=truth.image_ids,
    )


def _of_one_class(truth: GroundTruth) -> GroundTruth:
    return replace(truth, category_ids=np.ones(1, np.int64), category=np.zeros(len(truth.category), np.int32))
