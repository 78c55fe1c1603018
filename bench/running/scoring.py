"""From stored shards of detections to scores: join them, match once, keep the match data beside them."""

from __future__ import annotations

from pathlib import Path

from bench.core.data import EvaluationData
from bench.errors import DataError
from bench.metrics.accumulate import Scores, accumulate
from bench.metrics.detections import Detections, concatenate
from bench.metrics.ground_truth import GroundTruth, read_ground_truth
from bench.metrics.matches import Matches, save_matches
from bench.metrics.matching import match

DETECTIONS_NAME = "detections.npz"
MATCHES_NAME = "matches.npz"


def is_readable(path: Path) -> bool:
    """Tell whether a stored shard is whole."""
    try:
        Detections.load(path)
    except DataError:
        return False
    return True


class Scorer:
    """Scores cases against one data set, which is read once."""

    def __init__(self, data: EvaluationData) -> None:
        self._data = data
        self._truth: GroundTruth | None = None

    def score(self, folder: Path, shards: list[str]) -> tuple[Scores, Matches]:
        """Score the detections of one case and leave `detections.npz` and `matches.npz` in its folder.

        Args:
            folder: the case's folder.
            shards: names of its shard files.

        Raises:
            DataError: a shard is damaged, or the shards do not cover the data set's images once.
        """
        detections = concatenate([Detections.load(folder / name) for name in shards])
        detections.save(folder / DETECTIONS_NAME)
        matches = match(detections, self.truth)
        save_matches(matches, folder / MATCHES_NAME)
        return accumulate(matches), matches

    @property
    def truth(self) -> GroundTruth:
        """The annotated objects of the evaluation images."""
        if self._truth is None:
            ids = [image.id for image in self._data.images]
            self._truth = read_ground_truth(Path(self._data.annotations), ids)
        return self._truth
