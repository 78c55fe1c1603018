"""From a decoded photo to pixels of the input's size: what variants of one model share.

Decoding photo files is left to `photo`, the interpolation to `resampling`, normalising to `model_input`.
"""

import numpy as np
from numpy.typing import NDArray

from bench.detectors.geometry import Geometry, geometry_of
from bench.detectors.resampling import resample
from bench.wire.description import Preprocess


def resize(photo: NDArray[np.uint8], preprocess: Preprocess) -> tuple[NDArray[np.uint8], Geometry]:
    """Bring a photo to the size and colour order of the input.

    Args:
        photo: (h, w, 3) uint8 RGB.

    Returns:
        (height, width, 3) uint8 in the order of `preprocess.color`, and where the photo lies in it.
    """
    geometry = geometry_of(photo.shape[1], photo.shape[0], preprocess)
    width, height = geometry.placed_size
    placed = resample(photo, width, height, preprocess.interpolation)
    if preprocess.color == "bgr":
        placed = placed[:, :, ::-1]
    if (width, height) == (preprocess.width, preprocess.height):
        return np.ascontiguousarray(placed), geometry
    pixels = np.full((preprocess.height, preprocess.width, 3), preprocess.pad_value, np.uint8)
    left, top = geometry.pad_x, geometry.pad_y
    pixels[top : top + height, left : left + width] = placed
    return pixels, geometry
