"""Balance the channels between consecutive layers, so that no channel drowns in the grid of a much larger
one.

What one layer's output channel is multiplied with, the input channels of all layers that read it are
divided by. The function stays the same, exactly for linear and ReLU, and for ReLU6 on channels kept below
its limit.

By how much, and where that comes from, stands in `bench.quantize.balance`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from bench.core.recipe import Granularity
from bench.quantize.balance import SWEEPS, TINY, channel_factors, most_raised, raised_reach
from bench.quantize.qat import graph, kinds
from bench.quantize.qat.folding import scale_outputs
from bench.quantize.qat.rounding import scale_axes

Array = NDArray[np.float32]

# Id of a symbolic tensor -> the steps that read it.
Readers = dict[int, list[graph.Step]]

# Linear in each channel by itself, or, for pooling, monotonous.
_CHANNELWISE = (
    layers.ZeroPadding2D,
    layers.Cropping2D,
    layers.MaxPooling2D,
    layers.AveragePooling2D,
    layers.GlobalAveragePooling2D,
    layers.UpSampling2D,
)


@dataclass(frozen=True)
class Pair:
    """A layer and those that read it, with only a rectifier, padding, pooling or enlarging between them.

    Attributes:
        seconds: all layers that read the first one's channels.
        between: the symbolic tensor whose channels are scaled.
        limit: where the rectifier cuts off; None if it does not.
    """

    first: Any
    seconds: tuple[Any, ...]
    between: graph.Tensor
    limit: float | None


def equalise(model: keras.Model, batches: Iterable[Any], granularity: Granularity) -> int:
    """Balance a rewritten model's channels in place.

    Args:
        model: As `rewrite` returned it.
        batches: Normalised float32 images that show how far each channel reaches.
        granularity: Of the weights.

    Returns:
        The number of pairs of layers that were balanced.
    """
    pairs = find_pairs(model)
    reaches = [raised_reach(reach) for reach in _reaches(model, pairs, batches)] if pairs else []
    left = [most_raised(_output_magnitudes(pair.first)) for pair in pairs]
    for _ in range(SWEEPS):
        for place, pair in enumerate(pairs):
            found = _factors(pair, reaches[place], granularity)
            factors = np.asarray(np.minimum(found, left[place]), np.float32)
            _scale(pair, factors)
            reaches[place] = np.asarray(reaches[place] * factors, np.float32)
            left[place] = np.asarray(left[place] / factors, np.float32)
    return len(pairs)


def find_pairs(model: keras.Model) -> list[Pair]:
    """Return the layers of a rewritten model whose channels can be scaled safely, with their readers."""
    readers, uses, outputs = graph.consumers(model), graph.uses(model), graph.output_ids(model)
    pairs = []
    for step in graph.steps(model):
        if not kinds.computes(step.operation) or len(uses[id(step.operation)]) > 1:
            continue
        tensor, limit = _after_rectifiers(step.outputs[0], readers, outputs)
        seconds = _absorbers(tensor, readers, outputs)
        is_single = all(len(uses[id(second)]) == 1 for second in seconds)
        if seconds and is_single and len({id(second) for second in seconds}) == len(seconds):
            pairs.append(Pair(step.operation, tuple(seconds), tensor, limit))
    return pairs


def _after_rectifiers(
    tensor: graph.Tensor, readers: Readers, outputs: set[int]
) -> tuple[graph.Tensor, float | None]:
    """Follow a tensor through rectifiers and padding while nothing else reads it; return the limit met."""
    limit = None
    while id(tensor) not in outputs and len(readers.get(id(tensor), [])) == 1:
        follower = readers[id(tensor)][0]
        is_rectifier, cut = kinds.rectifier_limit(follower.operation)
        if not is_rectifier and type(follower.operation) is not layers.ZeroPadding2D:
            break
        limit = cut if is_rectifier else limit
        tensor = follower.outputs[0]
    return tensor, limit


def _absorbers(tensor: graph.Tensor, readers: Readers, outputs: set[int]) -> list[Any]:
    """Return all layers that read a tensor's channels; none if anything else reads them too."""
    if id(tensor) in outputs:
        return []
    found: list[Any] = []
    for step in readers.get(id(tensor), []):
        if _can_absorb(step.operation):
            found.append(step.operation)
            continue
        further = _absorbers(step.outputs[0], readers, outputs) if _commutes(step.operation) else []
        if not further:
            return []
        found += further
    return found


def _commutes(operation: Any) -> bool:
    """Whether scaling a channel before an operation is scaling it afterwards."""
    return isinstance(operation, _CHANNELWISE) or kinds.rectifier_limit(operation) == (True, None)


def _can_absorb(operation: Any) -> bool:
    return type(operation) in (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)


def _reaches(model: keras.Model, pairs: list[Pair], batches: Iterable[Any]) -> list[Array]:
    """Return for each pair the largest magnitude of each channel between its layers."""
    largest: dict[int, Array] = {id(pair.between): np.zeros(1, np.float32) for pair in pairs}

    def visit(step: graph.Step, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        result, key = graph.call(step, arguments, keywords), id(step.outputs[0])
        if key in largest:
            reach = tf.reduce_max(tf.abs(result), list(range(len(result.shape) - 1)))
            largest[key] = np.maximum(largest[key], reach.numpy())
        return result

    for images in batches:
        graph.run(model, [images], visit)
    return [largest[id(pair.between)] for pair in pairs]


def _scale(pair: Pair, factors: Array) -> None:
    """Multiply the channels between a pair in place."""
    kernel, *bias = pair.first.get_weights()
    pair.first.set_weights([scale_outputs(pair.first, kernel, factors), *(part * factors for part in bias)])
    for second in pair.seconds:
        kernel, *bias = second.get_weights()
        # Input channels are the last axis but one of all three kinds of kernels.
        second.set_weights([kernel / factors[:, None], *bias])


def _factors(pair: Pair, reach: Array, granularity: Granularity) -> Array:
    """Return the factor of each channel between a pair."""
    dense = [second for second in pair.seconds if not isinstance(second, layers.DepthwiseConv2D)]
    read = dense if granularity == "per_channel" else pair.seconds
    read_weights = [_input_magnitudes(second) for second in read]
    weights = reach if granularity == "per_channel" else _output_magnitudes(pair.first)
    return channel_factors(reach, weights, read_weights, pair.limit)


def _output_magnitudes(layer: Any) -> Array:
    """Return the largest weight of each output channel."""
    kernel = np.abs(layer.get_weights()[0])
    return np.asarray(kernel.max(tuple(scale_axes(layer, "per_channel"))).ravel() + TINY)


def _input_magnitudes(layer: Any) -> Array:
    """Return the largest weight of each input channel."""
    kernel = np.abs(layer.get_weights()[0])
    others = tuple(axis for axis in range(kernel.ndim) if axis != kernel.ndim - 2)
    return np.asarray(kernel.max(others) + TINY)
