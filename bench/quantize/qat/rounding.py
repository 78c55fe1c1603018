"""Round kernels to the symmetric narrow int8 grid, in a way that gradients pass straight through."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import layers

from bench.core.recipe import Granularity

# Narrow range: -127 to 127, so that the grid is symmetric.
# Source: TensorFlow Lite 8-bit quantization specification, per-axis weights.
_LEVELS = 127.0


def round_kernel(kernel: Any, axes: list[int]) -> Any:
    """Return a kernel on its int8 grid, in float32; its gradient is that of the kernel itself.

    The scale is the largest magnitude over `axes` / 127, so a rounded kernel keeps its grid when it is
    rounded again.

    Source: Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons, 2013 (straight
    through).
    """
    largest = tf.reduce_max(tf.abs(kernel), axes, keepdims=True)
    scale = tf.stop_gradient(tf.maximum(largest, 1e-12)) / _LEVELS
    rounded = tf.clip_by_value(tf.round(kernel / scale), -_LEVELS, _LEVELS) * scale
    return kernel + tf.stop_gradient(rounded - kernel)


def scale_axes(layer: Any, granularity: Granularity) -> list[int]:
    """Return the axes of a layer's kernel that share one scale: all but the output channels, or all."""
    rank = len(layer.kernel.shape)
    if granularity == "per_tensor":
        return list(range(rank))
    if isinstance(layer, layers.DepthwiseConv2D):
        return [0, 1]
    if isinstance(layer, layers.Conv2DTranspose):
        return [0, 1, 3]
    return list(range(rank - 1))
