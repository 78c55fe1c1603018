"""Images to learn from: kept as pixels, normalised batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

# (batch, height, width, channels) float32 pixel values -> what the model takes.
Normalise = Callable[[Any], Any]

Indices = NDArray[np.intp]

# Images a batch where no gradients are taken.
_BATCH = 32


@dataclass(frozen=True)
class Pictures:
    """Unlabelled images.

    Attributes:
        pixels: (num_images, height, width, channels), uint8 or float32.
        normalise: turns a float32 batch of them into model inputs.
    """

    pixels: NDArray[Any]
    normalise: Normalise

    def batch(self, indices: Indices) -> Any:
        """Return the images of these positions as a normalised float32 tensor."""
        return self.normalise(tf.constant(self.pixels[indices], tf.float32))

    def batches(self, indices: Indices, size: int = _BATCH) -> Iterator[Any]:
        """Yield the images of these positions, in order."""
        for start in range(0, len(indices), size):
            yield self.batch(indices[start : start + size])


def normaliser(mean: Sequence[float] | float, std: Sequence[float] | float) -> Normalise:
    """Return (pixel - mean) / std, per channel or for all of them, in pixel units."""
    centre, spread = np.asarray(mean, np.float32), np.asarray(std, np.float32)
    return lambda pixels: (pixels - centre) / spread
