"""An endless, seeded stream of augmented training batches."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.models.builtin.description import GRID
from bench.models.builtin.images import normalise

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]

# Columns of a target after a mirror: class, left, top, right, bottom in their new order.
_MIRROR_X = [0, 3, 2, 1, 4]
_MIRROR_Y = [0, 1, 4, 3, 2]
_SWAP_XY = [0, 2, 1, 4, 3]


def training_batches(
    images: NDArray[np.uint8], targets: NDArray[np.float32], batch_size: int = 32, seed: int = 0
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Yield batches for ever, each image once per pass, in a new order and a new guise.

    The shapes have no upright pose, so all eight mirrorings and quarter turns are fair; colours are permuted,
    and contrast and brightness vary. The same seed gives the same batches.

    Args:
        images: (num_images, 160, 160, 3) uint8.
        targets: (num_images, 400, 5) float32.
        batch_size: Images per batch, at most num_images.
        seed: Of order and augmentation.

    Yields:
        ((batch_size, 160, 160, 3) float32 in -1..1, (batch_size, 400, 5) float32).
    """
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(images))
        for start in range(0, len(order) - batch_size + 1, batch_size):
            chosen = order[start : start + batch_size]
            pairs = [_augment(rng, images[i], targets[i]) for i in chosen]
            yield np.stack([pair[0] for pair in pairs]), np.stack([pair[1] for pair in pairs])


def _augment(rng: np.random.Generator, image: NDArray[np.uint8], target: NDArray[np.float32]) -> Batch:
    mirror_x, mirror_y, swap = (bool(v) for v in rng.integers(0, 2, 3))
    image, target = turn(image, target, mirror_x, mirror_y, swap)
    pixels = normalise(image[..., rng.permutation(3)])
    contrast, brightness = rng.uniform(0.7, 1.3), rng.uniform(-0.2, 0.2)
    return np.clip(pixels * np.float32(contrast) + np.float32(brightness), -1, 1), target


def turn(
    image: NDArray[np.uint8], target: NDArray[np.float32], mirror_x: bool, mirror_y: bool, swap_xy: bool
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Mirror and transpose an image together with its grid of targets.

    Args:
        image: (160, 160, 3) uint8.
        target: (400, 5) float32.
        mirror_x: Exchange left and right.
        mirror_y: Exchange top and bottom.
        swap_xy: Exchange rows and columns, after the mirrors.
    """
    grid = target.reshape(GRID, GRID, 5)
    if mirror_x:
        image, grid = image[:, ::-1], grid[:, ::-1, _MIRROR_X]
    if mirror_y:
        image, grid = image[::-1], grid[::-1, :, _MIRROR_Y]
    if swap_xy:
        image, grid = image.transpose(1, 0, 2), grid.transpose(1, 0, 2)[..., _SWAP_XY]
    return image, grid.reshape(-1, 5)
