"""Matches: which detection found which object, in columns, and their file.

All that is needed to score again under resampling, and to show hits and misses, without images or boxes.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.errors import DataError

# Format history of the file.
# 1: first.
MATCHES_SCHEMA = 1

# What numpy lets through from a damaged archive.
_DAMAGED = (zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Matches:
    """The outcome of matching. Axes: A areas (all, small, medium, large), T thresholds (.50 to .95).

    Detections (n rows) stand in the order in which COCO accumulates: by category, then falling score; equal
    scores by image id, then by rank. Only the best 100 of an image and category are kept.

    Attributes:
        image_ids: (m,) int64, evaluated images, rising.
        category_ids: (K,) int64, original category ids, rising.
        row: (n,) int64, row of the detection in the `Detections` that were matched.
        image, category: (n,) int32, indexes into `image_ids`, `category_ids`.
        score: (n,) float32.
        rank: (n,) int16, position by score within its image and category, from 0.
        outside: (n, A) bool, the box's own area lies outside the range: no false positive if unmatched.
        candidate: (c,) int64, rows of the detections that overlap an object of their category by .50 or
            more, rising; all other detections match nothing.
        matched: (c, A, T) int32, row of the object that the candidate took, or -1.
        truth_id: (g,) int64, annotation ids.
        truth_image, truth_category: (g,) int32, as for detections.
        truth_ignored: (g, A) bool, no target: a crowd, or of another size.
    """

    image_ids: NDArray[np.int64]
    category_ids: NDArray[np.int64]
    row: NDArray[np.int64]
    image: NDArray[np.int32]
    category: NDArray[np.int32]
    score: NDArray[np.float32]
    rank: NDArray[np.int16]
    outside: NDArray[np.bool_]
    candidate: NDArray[np.int64]
    matched: NDArray[np.int32]
    truth_id: NDArray[np.int64]
    truth_image: NDArray[np.int32]
    truth_category: NDArray[np.int32]
    truth_ignored: NDArray[np.bool_]


def save_matches(matches: Matches, path: Path) -> None:
    """Write matches to an `.npz` file that appears complete or not at all."""
    partial = path.with_name(path.name + ".partial")
    columns = {field.name: getattr(matches, field.name) for field in fields(matches)}
    with open(partial, "wb") as file:
        np.savez_compressed(file, schema=np.int64(MATCHES_SCHEMA), **columns)
    os.replace(partial, path)


def load_matches(path: Path) -> Matches:
    """Read a file that `save_matches` wrote.

    Raises:
        DataError: the file is missing, damaged or of a later format.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            schema = int(file["schema"])
            if schema > MATCHES_SCHEMA:
                raise DataError(
                    f"{path}: matches of format {schema}, expected {MATCHES_SCHEMA}; update this program"
                )
            return Matches(**{field.name: file[field.name] for field in fields(Matches)})
    except (OSError, ValueError, TypeError, KeyError, EOFError, *_DAMAGED) as problem:
        raise DataError(f"{path}: cannot be read as a matches file ({problem}); score again") from problem
