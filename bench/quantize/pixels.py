"""Calibration pixels: from stored uint8 images to the float32 inputs of a float model.

Axis letters: n images, h rows, w columns. Decoding and resizing photos is left to others.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.wire.description import Preprocess

# Seed of the noise images: they only show what bad calibration costs, so one draw serves all.
NOISE_SEED = 20_260_101


def input_shape(preprocess: Preprocess) -> tuple[int, int, int, int]:
    """Return the input shape of one image: (1, h, w, 3) or (1, 3, h, w)."""
    size = (preprocess.height, preprocess.width)
    return (1, *size, 3) if preprocess.layout == "nhwc" else (1, 3, *size)


def normalise(pixels: NDArray[np.uint8], preprocess: Preprocess) -> NDArray[np.float32]:
    """Turn images into inputs: `(pixel - mean) / std` in float32, in the model's layout.

    Args:
        pixels: (n, h, w, 3) uint8 in the model's channel order.

    Returns:
        (n, h, w, 3) or (n, 3, h, w) float32.
    """
    mean, std = np.asarray(preprocess.mean, np.float32), np.asarray(preprocess.std, np.float32)
    values: NDArray[np.float32] = (pixels.astype(np.float32) - mean) / std
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2)) if preprocess.layout == "nchw" else values


def inputs_one_by_one(pixels: NDArray[np.uint8], preprocess: Preprocess) -> Iterator[NDArray[np.float32]]:
    """Yield the float32 input of one image after the other, batch axis included."""
    for index in range(len(pixels)):
        yield normalise(pixels[index : index + 1], preprocess)


def random_pixels(num_images: int, preprocess: Preprocess) -> NDArray[np.uint8]:
    """Return uniform random images, (n, h, w, 3) uint8, where any image does."""
    shape = (num_images, preprocess.height, preprocess.width, 3)
    return np.random.default_rng(NOISE_SEED).integers(0, 256, shape, dtype=np.uint8)


def noise_pixels(num_images: int, preprocess: Preprocess) -> NDArray[np.uint8]:
    """Return the images that stand for random inputs between 0 and 1, (n, h, w, 3) uint8.

    Such noise (`np.random.rand`) often stands in for a representative data set, which is a mistake.
    """
    shape = (num_images, preprocess.height, preprocess.width, 3)
    inputs = np.random.default_rng(NOISE_SEED).random(shape, np.float32)
    pixels = inputs * np.asarray(preprocess.std, np.float32) + np.asarray(preprocess.mean, np.float32)
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
