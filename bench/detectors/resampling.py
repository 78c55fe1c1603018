"""The interpolations that photos can be resized with, by name; bilinear itself is in `bilinear`.

A model is right only with the one that it was trained with: small detectors lose a hundredth of AP with the
wrong one. Pillow's version decides the pixels of `bilinear_antialias`, integers those of `nearest`.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.detectors.bilinear import resize_bilinear
from bench.wire.description import Interpolation

Pixels = NDArray[np.uint8]
Resampling = Callable[[Pixels, int, int], Pixels]


def resample(pixels: Pixels, width: int, height: int, interpolation: Interpolation) -> Pixels:
    """Resize (rows, columns, 3) uint8 pixels to (height, width, 3) uint8; may return its argument."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return _RESAMPLINGS[interpolation](pixels, width, height)


def resize_nearest(pixels: Pixels, width: int, height: int) -> Pixels:
    """Take the pixel that each target pixel's centre falls into, as OpenCV's INTER_NEAREST_EXACT does."""
    rows, columns = _below_centres(pixels.shape[0], height), _below_centres(pixels.shape[1], width)
    return pixels[rows].take(columns, axis=1)


def _below_centres(source: int, target: int) -> NDArray[np.intp]:
    # (i + 1/2) * source / target in whole numbers, so that no rounding moves it to a neighbour.
    return (2 * np.arange(target, dtype=np.intp) + 1) * source // (2 * target)


def resize_antialiased(pixels: Pixels, width: int, height: int) -> Pixels:
    """Take a triangle-weighted mean as wide as two target pixels, as Pillow's BILINEAR does."""
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def resize_area(pixels: Pixels, width: int, height: int) -> Pixels:
    """Take the mean over the area that each target pixel covers, as OpenCV's INTER_AREA does.

    OpenCV leaves coverage for another rule where only one of the two axes shrinks; here it always holds.
    """
    rows = _cover(pixels.astype(np.float32), height)
    columns = _cover(np.ascontiguousarray(rows.transpose(1, 0, 2)), width).transpose(1, 0, 2)
    return np.ascontiguousarray(np.rint(columns).astype(np.uint8))


def _cover(values: NDArray[np.float32], target: int) -> NDArray[np.float32]:
    """Average over equal stretches of the first axis: (source, n, 3) -> (target, n, 3) float32."""
    source = len(values)
    if source == target:
        return values
    edges = np.arange(target + 1) * (source / target)
    # An edge between two pixels may come out a hair below itself.
    first = np.floor(edges[:-1] + 1e-6).astype(np.intp)
    covered = np.zeros((target, *values.shape[1:]), np.float32)
    for place in (first + step for step in range(-(-source // target) + 1)):
        overlap = np.minimum(edges[1:], place + 1) - np.maximum(edges[:-1], place)
        weight = (np.maximum(overlap, 0) / (source / target)).astype(np.float32)
        covered += weight[:, None, None] * values[np.minimum(place, source - 1)]
    return covered


_RESAMPLINGS: Mapping[Interpolation, Resampling] = {
    "bilinear": resize_bilinear,
    "nearest": resize_nearest,
    "area": resize_area,
    "bilinear_antialias": resize_antialiased,
}
