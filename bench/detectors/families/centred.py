"""Boxes given by centre and size, as YOLO heads emit them, to corners."""

import numpy as np
from numpy.typing import NDArray

from bench.wire.description import Preprocess


def corners(centred: NDArray[np.float32], is_normalized: bool, preprocess: Preprocess) -> NDArray[np.float32]:
    """Turn (n, 4) boxes centre x, centre y, width, height into xyxy in input pixels, float32.

    Args:
        is_normalized: The boxes are fractions of the input, not pixels.
    """
    half = centred[:, 2:] / np.float32(2)
    boxes = np.concatenate([centred[:, :2] - half, centred[:, :2] + half], axis=1)
    if is_normalized:
        boxes *= np.array([preprocess.width, preprocess.height] * 2, np.float32)
    return boxes
