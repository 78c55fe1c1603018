"""Where a photo lies in the model's input, and the way back from input pixels to photo pixels."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.wire.description import Preprocess


@dataclass(frozen=True)
class Geometry:
    """The map between a photo and the input: `input = photo * scale + pad`, along each axis.

    Attributes:
        scale_x, scale_y: input pixels per pixel of the photo.
        pad_x, pad_y: where the photo's left and top border lie in the input, pixels.
        width, height: of the photo, pixels.
    """

    scale_x: float
    scale_y: float
    pad_x: int
    pad_y: int
    width: int
    height: int

    @property
    def placed_size(self) -> tuple[int, int]:
        """Width and height of the resized photo within the input, pixels."""
        return max(1, round(self.width * self.scale_x)), max(1, round(self.height * self.scale_y))

    def filling(self, preprocess: Preprocess) -> "Geometry":
        """Return the map by which the photo fills the whole input, for graphs that undo the letterbox."""
        return geometry_of(self.width, self.height, replace(preprocess, resize="stretch"))

    def to_photo(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map (n, 4) float32 boxes xyxy from input pixels to pixels of the photo. Nothing is clipped."""
        pad = np.array([self.pad_x, self.pad_y] * 2, np.float32)
        scale = np.array([self.scale_x, self.scale_y] * 2, np.float32)
        return (boxes - pad) / scale


def geometry_of(width: int, height: int, preprocess: Preprocess) -> Geometry:
    """Return where a photo of this size comes to lie in the input.

    The letterboxes use one scale for both axes. A centred letterbox that has an odd number of pixels to
    spare gives the additional one to the right and the bottom.
    """
    scale_x, scale_y = preprocess.width / width, preprocess.height / height
    if preprocess.resize == "stretch":
        return Geometry(scale_x, scale_y, 0, 0, width, height)
    scale = min(scale_x, scale_y)
    if preprocess.resize == "letterbox_top_left":
        return Geometry(scale, scale, 0, 0, width, height)
    placed_width, placed_height = Geometry(scale, scale, 0, 0, width, height).placed_size
    pad_x, pad_y = (preprocess.width - placed_width) // 2, (preprocess.height - placed_height) // 2
    return Geometry(scale, scale, pad_x, pad_y, width, height)
