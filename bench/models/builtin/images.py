"""From labelled scenes to arrays that fit the detector: stretched images and grid targets. Numpy only."""

import hashlib
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.models.builtin.description import INPUT_SIZE
from bench.models.builtin.targets import make_targets


class LabelledScene(Protocol):
    """An image with its objects, such as a rendered scene.

    Attributes:
        image: (height, width, 3) uint8, RGB.
        boxes: (num_objects, 4) xywh, pixels of the image.
        class_ids: (num_objects,) COCO category ids from 1.
    """

    @property
    def image(self) -> NDArray[np.uint8]: ...
    @property
    def boxes(self) -> NDArray[np.floating]: ...
    @property
    def class_ids(self) -> NDArray[np.integer]: ...


# (split, index, seed) -> scene; a module-level function, because worker processes call it.
SceneSource = Callable[[str, int, int], LabelledScene]


@dataclass(frozen=True)
class TrainingSet:
    """Images and targets in memory.

    Attributes:
        images: (num_images, 160, 160, 3) uint8, RGB.
        targets: (num_images, 400, 5) float32, see `make_targets`.
        sha256: Over the pixels and labels of the original scenes, in order.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.float32]
    sha256: str


def resize_bilinear(
    image: NDArray[np.uint8], width: int = INPUT_SIZE, height: int = INPUT_SIZE
) -> NDArray[np.uint8]:
    """Stretch an image: bilinear with half-pixel centres, no antialiasing, rounded to whole pixel values.

    Returns:
        (height, width, 3) uint8.
    """
    top, bottom, down = _neighbours(image.shape[0], height)
    left, right, across = _neighbours(image.shape[1], width)
    rows = _blend(image[top].astype(np.float32), image[bottom].astype(np.float32), down[:, None, None])
    return np.rint(_blend(rows[:, left], rows[:, right], across[:, None])).astype(np.uint8)


def _neighbours(old: int, new: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Return for each new position the two old ones beside it and the weight of the second."""
    position = np.clip((np.arange(new) + 0.5) * (old / new) - 0.5, 0, old - 1)
    first = position.astype(np.intp)
    return first, np.minimum(first + 1, old - 1), (position - first).astype(np.float32)


def _blend(
    first: NDArray[np.float32], second: NDArray[np.float32], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    return first + (second - first) * weight


def prepare(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn an image of any size into the detector's input, (160, 160, 3) float32 in -1..1."""
    return normalise(resize_bilinear(image))


def normalise(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Map 0..255 to -1..1."""
    return np.asarray(pixels, dtype=np.float32) / np.float32(127.5) - np.float32(1)


def load_training_set(
    source: SceneSource, split: str, count: int, seed: int = 0, processes: int = 2
) -> TrainingSet:
    """Render `count` scenes of a split in worker processes and bring them to the detector's size."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context) as pool:
        rows = list(pool.map(partial(_load_one, source, split, seed), range(count), chunksize=64))
    digest = hashlib.sha256(b"".join(row[2] for row in rows)).hexdigest()
    return TrainingSet(np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows]), digest)


def _load_one(
    source: SceneSource, split: str, seed: int, index: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32], bytes]:
    scene = source(split, index, seed)
    height, width = scene.image.shape[:2]
    digest = hashlib.sha256(scene.image.tobytes())
    digest.update(np.asarray(scene.boxes, "<f8").tobytes() + np.asarray(scene.class_ids, "<i8").tobytes())
    targets = make_targets(scene.boxes, scene.class_ids - 1, (width, height))
    return resize_bilinear(scene.image), targets, digest.digest()
