"""Cross-layer equalisation of a Keras model before it is quantized, with proof that its outputs stayed.

Which channels can be balanced and by how much is decided in `bench.quantize.qat.equalising`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.recipe import Granularity
from bench.errors import UnavailableError
from bench.quantize.pixels import normalise
from bench.wire.description import Preprocess

# Largest difference of an output on calibration images, as a share of its largest value. Scaling only rounds
# float32 products anew.
TOLERANCE = 1e-3

_BATCH = 8


def equalise_keras(
    model: Any, pixels: NDArray[np.uint8], preprocess: Preprocess, granularity: Granularity
) -> tuple[Any, tuple[str, ...]]:
    """Return a balanced copy of a functional Keras model, batch normalisation folded, and what was done.

    Args:
        model: stays as it is.
        pixels: (n, h, w, 3) uint8 calibration images, which show how far each channel reaches.

    Raises:
        UnavailableError: the model's layers cannot be read, none can be balanced, or an output changed.
    """
    from bench.quantize.qat.equalising import equalise
    from bench.quantize.qat.rewrite import rewrite

    balanced = rewrite(model)
    count = equalise(balanced, _batches(pixels, preprocess), granularity)
    if not count:
        raise UnavailableError(
            "equalize changes nothing here: no layer is read by convolutions or dense layers alone"
        )
    difference = _largest_difference(model, balanced, pixels, preprocess)
    if not difference <= TOLERANCE:
        raise UnavailableError(
            f"equalised, the float model's outputs differ by {difference:.2g} of their range on calibration "
            f"images, allowed is {TOLERANCE:g}; so the file would not be the same network"
        )
    note = f"channels of {count} layers equalised; float outputs differ by {difference:.1g} of their range"
    return balanced, (note,)


def _batches(pixels: NDArray[np.uint8], preprocess: Preprocess) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(pixels), _BATCH):
        yield normalise(pixels[start : start + _BATCH], preprocess)


def _largest_difference(model: Any, other: Any, pixels: NDArray[np.uint8], preprocess: Preprocess) -> float:
    """Return how far two models' outputs differ at most, as a share of the largest value of each output."""
    import tensorflow as tf

    differences: dict[int, float] = {}
    ranges: dict[int, float] = {}
    for images in _batches(pixels, preprocess):
        pairs = zip(*(tf.nest.flatten(each(images, training=False)) for each in (model, other)), strict=True)
        for place, (first, second) in enumerate(pairs):
            before, after = np.asarray(first, np.float64), np.asarray(second, np.float64)
            differences[place] = max(differences.get(place, 0.0), float(np.abs(before - after).max()))
            ranges[place] = max(ranges.get(place, 1e-12), float(np.abs(before).max()))
    return max(differences[place] / ranges[place] for place in differences)
