"""Writes detections in shards: each file is whole or absent, and is journalled once it is safe."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from bench.detectors import Detections


def shard_name(index: int) -> str:
    """Return the file name of one shard."""
    return f"detections-{index:04d}.npz"


class Shard:
    """Detections of some images, collected in memory.

    The file holds `image_id` (n,) int64, `category_id` (n,) int32, `score` (n,) float32 and `box` (n, 4)
    float32 xywh in pixels of the photo; and `image_ids` (m,) int64, all images that were run.
    """

    def __init__(self) -> None:
        self.image_ids: list[int] = []
        self._found: list[Detections] = []

    def add(self, image_id: int, found: Detections) -> None:
        """Take what was found in one image."""
        self.image_ids.append(image_id)
        self._found.append(found)

    def save(self, path: Path) -> None:
        """Write the file under its name only when it is complete and on the disk."""
        counts = [len(found.scores) for found in self._found]
        scratch = path.with_name(path.name + ".scratch")
        with open(scratch, "wb") as file:
            np.savez(
                file,
                image_id=np.repeat(np.array(self.image_ids, np.int64), counts),
                category_id=np.concatenate([found.category_ids for found in self._found]).astype(np.int32),
                score=np.concatenate([found.scores for found in self._found]).astype(np.float32),
                box=np.concatenate([found.boxes for found in self._found]).astype(np.float32).reshape(-1, 4),
                image_ids=np.array(self.image_ids, np.int64),
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
