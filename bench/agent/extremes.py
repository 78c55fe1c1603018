"""What raw outputs held over all images: the range of each channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.agent.runtimes.base import Array
from bench.wire.tensor import TensorSpec

# Heads have a box and a score for each class in one axis; longer axes are cells.
_MAX_CHANNELS = 1024


class Extremes:
    """Collects the least and the greatest raw value of each channel of each output.

    The channel axis is the shorter one of the last two; an output of less than two axes is one channel.
    """

    def __init__(self, specs: Sequence[TensorSpec]) -> None:
        self._specs = specs
        self._lows: list[Array | None] = [None] * len(specs)
        self._highs: list[Array | None] = [None] * len(specs)

    def add(self, outputs: Sequence[Array]) -> None:
        """Take the raw outputs of one image."""
        for position, output in enumerate(outputs):
            rows = _by_channel(output)
            if not rows.size:
                continue
            low, high = rows.min(axis=1), rows.max(axis=1)
            known_low, known_high = self._lows[position], self._highs[position]
            if known_low is None or known_high is None or known_low.shape != low.shape:
                self._lows[position], self._highs[position] = low, high
            else:
                self._lows[position] = np.minimum(known_low, low)
                self._highs[position] = np.maximum(known_high, high)

    def summary(self) -> list[dict[str, Any]]:
        """Return name, dtype, scale and per-channel `low` and `high` (real values) of each output."""
        return [self._describe(position) for position in range(len(self._specs))]

    def _describe(self, position: int) -> dict[str, Any]:
        spec, low, high = self._specs[position], self._lows[position], self._highs[position]
        known = low is not None and high is not None
        return {
            "name": spec.name,
            "shape": list(spec.shape),
            "dtype": spec.dtype,
            "scale": spec.scale,
            "low": _real(low, spec) if known else [],
            "high": _real(high, spec) if known else [],
        }


def _by_channel(output: Array) -> Array:
    """Return (channels, values)."""
    if output.ndim < 2:
        return output.reshape(1, -1)
    flat = output.reshape(-1, *output.shape[-2:])
    is_first = flat.shape[1] <= flat.shape[2]
    if min(flat.shape[1:]) > _MAX_CHANNELS:
        return output.reshape(1, -1)
    return np.moveaxis(flat, 1 if is_first else 2, 0).reshape(min(flat.shape[1:]), -1)


def _real(values: Array | None, spec: TensorSpec) -> list[float]:
    assert values is not None
    real = values.astype(np.float64)
    if spec.is_quantized:
        real = (real - spec.zero_point) * spec.scale
    return [float(value) for value in np.nan_to_num(real, posinf=1e300, neginf=-1e300)]
