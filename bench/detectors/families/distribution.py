"""Distances told as distributions: the softmax-weighted mean over bins 0, 1, 2 ... (DFL, GFL heads)."""

import numpy as np
from numpy.typing import NDArray

from bench.detectors.families.heads import softmax


def expected_distances(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean distance of each side, (rows, 4) float32 in strides.

    Source: Li et al., Generalized Focal Loss, arXiv 2006.04388, equation 5 with the bins at whole numbers.

    Args:
        logits: (rows, 4 * bins) float32, side by side for left, top, right, bottom.
    """
    shares = softmax(logits.reshape(len(logits), 4, logits.shape[1] // 4))
    bins = np.arange(shares.shape[2], dtype=np.float32)
    distances: NDArray[np.float32] = shares @ bins
    return distances


def boxes_around(
    places: NDArray[np.float32], distances: NDArray[np.float32], strides: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return (rows, 4) xyxy in input pixels: distances left, top, right, bottom around places."""
    # Distances are in strides.
    reach = distances * strides[:, None]
    return np.concatenate([places - reach[:, :2], places + reach[:, 2:]], axis=1)
