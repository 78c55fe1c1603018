"""Detections: the boxes that a model found, in columns, and their file. Who made them is left to others."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.errors import DataError

# What numpy lets through from a damaged archive.
_DAMAGED = (zipfile.BadZipFile, zlib.error)

_COLUMNS = {
    "image_id": np.int64,
    "category_id": np.int32,
    "score": np.float32,
    "box": np.float32,
    "image_ids": np.int64,
}


@dataclass(frozen=True)
class Detections:
    """The detections of a set of images, one row each; the order of rows breaks ties of equal scores.

    Attributes:
        image_id: (n,) int64, id of the image in the annotations.
        category_id: (n,) int32, original category id of the data set.
        score: (n,) float32, finite.
        box: (n, 4) float32, xywh, pixels of the original image, finite.
        image_ids: (m,) int64, all images that were run, those without detections too, each once.
    """

    image_id: NDArray[np.int64]
    category_id: NDArray[np.int32]
    score: NDArray[np.float32]
    box: NDArray[np.float32]
    image_ids: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of detections."""
        return len(self.score)

    def save(self, path: Path) -> None:
        """Write the columns to an `.npz` file that appears complete or not at all."""
        partial = path.with_name(path.name + ".partial")
        with open(partial, "wb") as file:
            np.savez_compressed(file, **{field.name: getattr(self, field.name) for field in fields(self)})
        os.replace(partial, path)

    @classmethod
    def load(cls, path: Path) -> Detections:
        """Read a file that `save` or the agent wrote.

        Raises:
            DataError: the file is missing or damaged, or its columns contradict each other.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                columns = {name: file[name].astype(kind, copy=False) for name, kind in _COLUMNS.items()}
        except (OSError, ValueError, TypeError, KeyError, EOFError, *_DAMAGED) as problem:
            raise DataError(
                f"{path}: cannot be read as a detections file ({problem}); measure again"
            ) from problem
        return checked(cls(**columns), str(path))


def concatenate(shards: Sequence[Detections]) -> Detections:
    """Join shards of different images, in the given order.

    Raises:
        DataError: there is no shard, or an image is in two of them.
    """
    if not shards:
        raise DataError("no shard of detections: expected at least one, measure accuracy again")
    columns = {name: np.concatenate([getattr(shard, name) for shard in shards]) for name in _COLUMNS}
    return checked(Detections(**columns), "joined shards of detections")


def checked(detections: Detections, where: str) -> Detections:
    """Return the detections if their columns fit each other.

    Raises:
        DataError: lengths differ, a value is not finite, an image is run twice or has not been run.
    """
    count = len(detections.score)
    lengths = {len(detections.image_id), len(detections.category_id), len(detections.box), count}
    if len(lengths) != 1 or detections.box.shape != (count, 4):
        raise DataError(
            f"{where}: columns of {sorted(lengths)} rows and boxes {detections.box.shape}, expected equal"
        )
    broken = ~np.isfinite(detections.score) | ~np.isfinite(detections.box).all(axis=1)
    if broken.any():
        row = int(np.flatnonzero(broken)[0])
        raise DataError(
            f"{where}: detection {row} of image {detections.image_id[row]} has score {detections.score[row]} "
            f"and box {detections.box[row].tolist()}, expected finite numbers; check the model's outputs"
        )
    ids, times = np.unique(detections.image_ids, return_counts=True)
    if (times > 1).any():
        raise DataError(f"{where}: image {ids[times > 1][0]} was run twice, expected each image once")
    strangers = np.setdiff1d(detections.image_id, ids)
    if len(strangers):
        raise DataError(
            f"{where}: detections of image {strangers[0]}, which is not among the images that were run"
        )
    return detections
