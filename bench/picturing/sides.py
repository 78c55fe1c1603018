"""One detector on all images: its stored match data and boxes, at its working point."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.record import Record
from bench.errors import DataError
from bench.metrics.detections import Detections
from bench.metrics.image_changes import Boxes, Standing, stand
from bench.metrics.matches import Matches, load_matches


@dataclass(frozen=True)
class Side(Boxes):
    """One case: boxes are xywh, pixels of the original image."""

    record: Record

    def at(self, threshold: float) -> Standing:
        """Return what it finds with boxes from another score on."""
        return stand(self.matches, threshold)


@dataclass(frozen=True)
class Stored:
    """The files of one case that was scored."""

    record: Record
    matches: Path
    detections: Path

    def load(self) -> tuple[Matches, NDArray[np.float32]]:
        """Return match data and the boxes in their order.

        Raises:
            DataError: a file is damaged, or they do not fit each other.
        """
        matches = load_matches(self.matches)
        detections = Detections.load(self.detections)
        if not _fits(matches, len(detections)):
            raise DataError(f"{self.matches}: contradicts itself or the detections beside it; score again")
        return matches, detections.box[matches.row]


def stored_of(run: Path, record: Record) -> Stored | None:
    """Return the files of a case; None where it has none."""
    if not (record.matches and record.detections):
        return None
    stored = Stored(record, run / record.matches, run / record.detections)
    return stored if stored.matches.is_file() and stored.detections.is_file() else None


def _fits(matches: Matches, num_detections: int) -> bool:
    """Whether all rows that match data speak of are there; the files may come from anywhere."""
    count, num_objects = len(matches.score), len(matches.truth_id)
    num_images, num_categories = len(matches.image_ids), len(matches.category_ids)
    columns = (matches.row, matches.image, matches.category, matches.outside)
    objects = (matches.truth_image, matches.truth_category, matches.truth_ignored)
    shapes = (matches.outside.ndim, matches.truth_ignored.ndim, matches.matched.ndim)
    return (
        shapes == (2, 2, 3)
        and 0 not in (*matches.outside.shape[1:], *matches.matched.shape[1:])
        and {len(column) for column in columns} == {count}
        and {len(column) for column in objects} == {num_objects}
        and len(matches.matched) == len(matches.candidate)
        and _within(matches.row, num_detections)
        and _within(matches.image, num_images)
        and _within(matches.category, num_categories)
        and _within(matches.candidate, count)
        and _within(matches.truth_image, num_images)
        and _within(matches.truth_category, num_categories)
        and _within(matches.matched + 1, num_objects + 1)
    )


def _within(rows: NDArray[Any], count: int) -> bool:
    return not rows.size or (int(rows.min()) >= 0 and int(rows.max()) < count)
