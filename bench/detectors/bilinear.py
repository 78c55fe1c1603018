"""Bilinear resizing of 8-bit pixels in fixed-point arithmetic: half-pixel centres, no antialiasing.

The rounding is that of OpenCV's INTER_LINEAR, which most detectors were trained and evaluated with: weights
in 1/2048, and 4 bits dropped after the horizontal pass, 16 within the vertical one and 2 at the end. Integers
make the result the same on every processor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Rows of the result that are made at once: few enough for the intermediate values to stay in a core's cache.
_STRIP = 64

# A weight of 1.0. A power of two, so that the sums can be scaled by shifts.
_ONE = 2048


@dataclass(frozen=True)
class _Taps:
    """The two source positions of each target position, and the weight of the second of them in 1/2048."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    weight: NDArray[np.int32]


def resize_bilinear(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Resize (rows, columns, channels) uint8 pixels to (height, width, channels) uint8.

    Only the rows and columns that the result needs are touched.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    horizontal, vertical = _taps(pixels.shape[1], width), _taps(pixels.shape[0], height)
    resized = np.empty((height, width * pixels.shape[2]), np.uint8)
    for top in range(0, height, _STRIP):
        strip = slice(top, min(top + _STRIP, height))
        first, second = vertical.first[strip], vertical.second[strip]
        needed, places = np.unique(np.concatenate([first, second]), return_inverse=True)
        rows = _blend_columns(pixels[needed], horizontal)
        resized[strip] = _blend_rows(rows, places[: len(first)], places[len(first) :], vertical.weight[strip])
    return resized.reshape(height, width, -1)


def _taps(source: int, target: int) -> _Taps:
    """Return the taps along one axis. At the border both fall on the same pixel and share its weight."""
    centres = ((np.arange(target) + 0.5) * (1.0 / (target / source)) - 0.5).astype(np.float32)
    below = np.floor(centres)
    weight = np.rint((centres - below) * np.float32(_ONE)).astype(np.int32)
    first, last = below.astype(np.intp), source - 1
    return _Taps(np.clip(first, 0, last), np.clip(first + 1, 0, last), weight)


def _blend_columns(rows: NDArray[np.uint8], taps: _Taps) -> NDArray[np.int16]:
    """Blend columns: (num_rows, columns, channels) -> (num_rows, width * channels) int16, in 1/128 level.

    `(p * (2048 - w) + q * w) >> 4` is reshaped so that every intermediate fits 16 bits (0 to 32640):
    `p * 128 + (q - p) * (w // 16) + ((q - p) * (w % 16) >> 4)`.
    """
    channels = rows.shape[2]
    rows = rows.reshape(len(rows), -1)
    left = rows.take(_interleaved(taps.first, channels), axis=1).astype(np.int16)
    step = rows.take(_interleaved(taps.second, channels), axis=1).astype(np.int16)
    step -= left
    weight = np.repeat(taps.weight, channels).astype(np.int16)
    fine = step * (weight & 15)
    fine >>= 4
    step *= weight >> 4
    left <<= 7
    left += step
    left += fine
    return left


def _interleaved(positions: NDArray[np.intp], channels: int) -> NDArray[np.intp]:
    """Turn pixel positions into positions of their channels in a flattened row."""
    return (positions[:, None] * channels + np.arange(channels)).ravel()


def _blend_rows(
    rows: NDArray[np.int16], first: NDArray[np.intp], second: NDArray[np.intp], weight: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """Blend pairs of rows: (height, width * channels) uint8."""
    upper = rows[first].astype(np.int32)
    lower = rows[second].astype(np.int32)
    upper *= (_ONE - weight)[:, None]
    lower *= weight[:, None]
    upper >>= 16
    lower >>= 16
    upper += lower
    upper += 2
    upper >>= 2
    return upper.astype(np.uint8)
