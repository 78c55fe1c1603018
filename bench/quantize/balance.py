"""By how much each channel between two layers is scaled, so that none drowns in the grid of a larger one.

Source: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019,
section 4.1, equation 11. Where weights have a scale for each output channel, only the activations' ranges are
left to be balanced, so these stand in for the first layer's weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

# A channel that reaches this share of a ReLU6's limit may be cut off by it and is left alone.
_HEADROOM = 0.97

# Channels quieter than this share of the loudest count as dead: they are not blown up further.
_DEAD = 1e-5

_FACTOR_BOUNDS = (1e-3, 1e4)

# A channel that hardly reaches anywhere may still have large weights: behind a rectifier most of what it
# computes is cut off. Raised without bound, they would leave the scales that integer kernels can work with
# (XNNPACK refuses such files). So no weight becomes larger than so many times the layer's largest.
_LARGEST_WEIGHT = 32.0

# Scaling one pair of layers changes what is best for the next; after so many sweeps little moves any more.
SWEEPS = 4

# Keeps quotients of dead channels finite.
TINY = 1e-12


def raised_reach(reach: Array) -> Array:
    """Return how far each channel reaches, with dead ones raised to what is still worth scaling."""
    return np.asarray(np.maximum(reach, max(float(reach.max()) * _DEAD, TINY)), np.float32)


def most_raised(first: Array) -> Array:
    """Return by how much each channel may be raised in all, over all sweeps; 1 or more.

    Args:
        first: (channels,) largest weight of each output channel of the first layer, before any scaling.
    """
    return np.asarray(np.clip(_LARGEST_WEIGHT * first.max() / first, 1, _FACTOR_BOUNDS[1]), np.float32)


def channel_factors(reach: Array, first: Array, read_weights: Sequence[Array], limit: float | None) -> Array:
    """Return the factor of each channel; the loudest channel stays as loud as it was.

    Args:
        reach: (channels,) largest magnitude of each channel of the activation, see `raised_reach`.
        first: (channels,) what is balanced against the readers: the first layer's weights, or `reach` itself.
        read_weights: (channels,) largest weight of each input channel, for each reader; empty where every
            reader has a weight scale for each channel, so that only the activation matters.
        limit: where a rectifier in between cuts off; None if none does.
    """
    factors = np.sqrt(np.maximum.reduce(read_weights) / first) if len(read_weights) else 1 / reach
    factors = factors * reach.max() / (factors * reach).max()
    if limit is not None:
        ceiling = _HEADROOM * limit
        factors = np.where(reach < ceiling, np.minimum(factors, ceiling / reach), 1.0)
    return np.asarray(np.clip(factors, *_FACTOR_BOUNDS), np.float32)
