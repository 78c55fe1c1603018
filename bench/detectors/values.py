"""Raw output values to real numbers, and thresholds the other way round.

Most of an output is far below any threshold. So the threshold is brought to the raw values once (integers
stay integers, logits stay logits), and only what passes is dequantized and activated.
"""

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bench.wire.tensor import TensorSpec

Activation = Literal["none", "sigmoid"]

# Relative slack that keeps a threshold in logits or halves on the safe side of the one in scores.
_SLACK = 1e-3


class Values:
    """Reads the raw values of one output tensor. The map from raw to real never decreases."""

    def __init__(self, spec: TensorSpec, activation: Activation = "none") -> None:
        self._spec = spec
        self._activation = activation
        self._dtype = np.dtype(spec.dtype)
        self._ascending: NDArray[np.float32] | None = None
        if self._dtype.kind in "iu" and self._dtype.itemsize == 1:
            limits = np.iinfo(self._dtype)
            self._lowest = int(limits.min)
            self._ascending = self._compute(np.arange(limits.min, limits.max + 1))
            # In the order of the bit patterns, so that signed values index it as they are.
            self._table = np.roll(self._ascending, self._lowest)

    @property
    def highest(self) -> float | None:
        """The highest real value that the tensor can hold; None where its type sets no useful limit."""
        return None if self._ascending is None else float(self._ascending[-1])

    def read(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Return the real values, float32, in the shape of `raw`."""
        if self._ascending is not None:
            return self._table.take(raw.view(np.uint8))
        return self._compute(raw)

    def floor(self, threshold: float) -> float:
        """Return a raw value that no value of at least `threshold` lies below.

        For 8-bit integers the bound is exact; otherwise it may let a few values through, so the caller
        compares the real values again.
        """
        if self._ascending is not None:
            return self._lowest + int(np.searchsorted(self._ascending, np.float32(threshold)))
        bound = _logit(threshold) if self._activation == "sigmoid" else threshold
        if self._spec.is_quantized:
            bound = bound / self._spec.scale + self._spec.zero_point
        return bound - _SLACK * abs(bound)

    def _compute(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        if self._spec.is_quantized:
            steps = raw.astype(np.int32) - np.int32(self._spec.zero_point)
            real = steps.astype(np.float32) * np.float32(self._spec.scale)
        else:
            real = raw.astype(np.float32)
        return _sigmoid(real) if self._activation == "sigmoid" else real


def _logit(score: float) -> float:
    # Beyond this float32 knows only 0 and 1.
    score = min(max(score, 1e-30), 1 - 1e-7)
    return math.log(score / (1 - score))


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    # exp of more than 88 overflows float32; the score is 0 long before.
    return np.float32(1) / (np.float32(1) + np.exp(np.minimum(-logits, np.float32(88))))
