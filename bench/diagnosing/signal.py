"""How much of a float tensor's signal is left in its quantized counterpart: SQNR, whole and by channel.

SQNR is 10 log10 of the signal's power over that of the difference, in dB: 6 dB are one bit. Of a whole tensor
the strongest channels decide; where boxes in pixels and scores from 0 to 1 share a tensor, scores may be lost
at 40 dB. So the channels' own figure counts: the median over channels of the SQNR about their means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Nothing is quieter than float32 arithmetic in another order.
HIGHEST_DB = 120.0


@dataclass(frozen=True)
class SignalFigures:
    """What was seen of one layer.

    Attributes:
        sqnr_db: of the whole tensor.
        channel_sqnr_db: median over channels, each about its mean.
        lost_channels: share of channels with less signal than noise.
        range_ratio: widest channel over the median one, by what they reach in float.
        clipped: share of float values beyond what the integers reach.
    """

    sqnr_db: float
    channel_sqnr_db: float
    lost_channels: float
    range_ratio: float
    clipped: float


class Signal:
    """Sums up one layer over images. Arrays are (channels, values) float."""

    def __init__(self) -> None:
        self._sums: NDArray[np.float64] | None = None
        self._reach: NDArray[np.float64] | None = None
        self._num_values = self._num_clipped = 0

    def add(self, exact: NDArray[Any], coarse: NDArray[Any]) -> None:
        """Take the values of one image.

        Args:
            exact: of the float model.
            coarse: of the quantized one, as reals.
        """
        exact, coarse = exact.astype(np.float64), coarse.astype(np.float64)
        error = exact - coarse
        sums = np.stack([exact.sum(1), (exact**2).sum(1), error.sum(1), (error**2).sum(1)])
        reach = np.abs(exact).max(axis=1)
        self._sums = sums if self._sums is None else self._sums + sums
        self._reach = reach if self._reach is None else np.maximum(self._reach, reach)
        self._num_values += exact.size
        low, high = coarse.min(), coarse.max()
        margin = 0.01 * (high - low)
        self._num_clipped += int(np.count_nonzero((exact < low - margin) | (exact > high + margin)))

    def figures(self) -> SignalFigures | None:
        """Return the figures; None where nothing was seen, or the float values never move."""
        if self._sums is None or self._reach is None or not self._num_values:
            return None
        total, squares, error, error_squares = self._sums
        count = self._num_values / len(total)
        variance, noise = squares / count - (total / count) ** 2, error_squares / count
        moving = variance > 1e-12 * max(float((squares / count).max()), 1e-30)
        if not moving.any():
            return None
        channels = _decibels(variance[moving], noise[moving])
        reach = self._reach[self._reach > 0]
        return SignalFigures(
            sqnr_db=float(_decibels(squares.sum(), error_squares.sum())),
            channel_sqnr_db=float(np.median(channels)),
            lost_channels=float(np.mean(channels < 0)),
            range_ratio=float(reach.max() / np.median(reach)) if len(reach) else 1.0,
            clipped=self._num_clipped / self._num_values,
        )


def by_channel(values: NDArray[Any], axis: int) -> NDArray[Any]:
    """Return (channels, values) of an output of one image.

    Args:
        axis: of the channels where the output has four axes; of fewer axes, the shorter one of the last two
            is it.
    """
    if values.ndim >= 4:
        moved = np.moveaxis(values, axis, 0)
        return moved.reshape(moved.shape[0], -1)
    if values.ndim < 2 or min(values.shape[-2:]) < 1:
        return values.reshape(1, -1)
    flat = values.reshape(-1, *values.shape[-2:])
    place = 1 if flat.shape[1] <= flat.shape[2] else 2
    if flat.shape[place] == 1:
        return values.reshape(1, -1)
    return np.moveaxis(flat, place, 0).reshape(flat.shape[place], -1)


def _decibels(signal: Any, noise: Any) -> Any:
    return np.minimum(10 * np.log10(np.maximum(signal, 1e-300) / np.maximum(noise, 1e-300)), HIGHEST_DB)
