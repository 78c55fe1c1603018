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
    """Average over equal stretches of the first axis: (source, n, 3) -> (target, n, 3) float32.

    A stretch's whole pixels are summed, and the parts of those at its ends are taken off.
    """
    source = len(values)
    if source == target:
        return values
    edges = np.arange(target + 1) * (source / target)
    # A multiple of whole pixels may come out a hair below itself.
    first = np.floor(edges + 1e-6).astype(np.intp)
    # The last edge lies behind the last pixel.
    values = np.concatenate([values, np.zeros_like(values[:1])])
    before = np.maximum(edges - first, 0).astype(np.float32)[:, None, None] * values[first]
    # A stretch that begins and ends in one pixel has no sum; `reduceat` gives that pixel, not 0.
    sums = np.add.reduceat(values, first[:-1], axis=0)
    sums[first[1:] == first[:-1]] = 0
    covered: NDArray[np.float32] = (sums - before[:-1] + before[1:]) / np.float32(source / target)
    return covered


_RESAMPLINGS: Mapping[Interpolation, Resampling] = {
    "bilinear": resize_bilinear,
    "nearest": resize_nearest,
    "area": resize_area,
    "bilinear_antialias": resize_antialiased,
}
