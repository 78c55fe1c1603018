"""Fold batch normalisation into the convolution before it; a lone one becomes a 1x1 depthwise convolution."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from bench.quantize.qat import graph, kinds
from bench.quantize.qat.splitting import with_weights

Array = NDArray[np.float32]


def fold(model: keras.Model) -> keras.Model:
    """Return an equal model without batch normalisation of images.

    A folded layer takes the name of the normalisation where that was an output, so outputs keep their names.
    """
    pairs = _pairs(model)
    folded = {id(norm) for norm in pairs.values()}
    outputs = graph.output_ids(model)
    named = {id(step.operation) for step in graph.steps(model) if id(step.outputs[0]) in outputs}
    replacements: dict[int, Any] = {}

    def visit(step: graph.Step, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        operation = step.operation
        if id(operation) in folded:
            return arguments[0]
        if id(operation) not in replacements:
            norm = pairs.get(id(operation))
            name = norm.name if norm is not None and id(norm) in named else operation.name
            replacements[id(operation)] = _replace(operation, norm, arguments[0], name)
        replacement = replacements[id(operation)]
        # Keywords such as a mask are meant for the layer that was there.
        return operation(*arguments, **keywords) if replacement is operation else replacement(arguments[0])

    return graph.rebuild(model, visit)


def _pairs(model: keras.Model) -> dict[int, Any]:
    """Return for the id of each foldable layer the normalisation that follows all of its uses."""
    readers, uses, outputs = graph.consumers(model), graph.uses(model), graph.output_ids(model)
    found: dict[int, Any] = {}
    for identity, calls in uses.items():
        results = [step.outputs[0] for step in calls]
        followers = [readers.get(id(result), []) for result in results]
        is_alone = all(len(steps) == 1 for steps in followers) and not any(id(t) in outputs for t in results)
        if not kinds.computes(calls[0].operation) or not is_alone:
            continue
        norms = {id(steps[0].operation): steps[0].operation for steps in followers}
        norm = next(iter(norms.values()))
        if len(norms) == 1 and _is_per_channel(norm, results[0]) and len(uses[id(norm)]) == len(calls):
            found[identity] = norm
    return found


def _is_per_channel(operation: Any, value: graph.Tensor) -> bool:
    return type(operation) is layers.BatchNormalization and operation.axis in (-1, len(value.shape) - 1)


def _replace(operation: Any, norm: Any | None, value: graph.Tensor, name: str) -> Any:
    """Return what to call in place of an operation, which may be itself."""
    if norm is not None:
        return _merge(operation, norm, value, name)
    if _is_per_channel(operation, value) and len(value.shape) == 4:
        scale, shift = _scale_and_shift(operation)
        return with_weights(layers.DepthwiseConv2D(1, name=name), value, [scale[None, None, :, None], shift])
    return operation


def _merge(layer: Any, norm: Any, value: graph.Tensor, name: str) -> Any:
    scale, shift = _scale_and_shift(norm)
    kernel, *rest = layer.get_weights()
    bias = (rest[0] if rest else np.float32(0)) * scale + shift
    copy = type(layer).from_config({**layer.get_config(), "name": name, "use_bias": True})
    return with_weights(copy, value, [scale_outputs(layer, kernel, scale), bias])


def _scale_and_shift(norm: Any) -> tuple[Array, Array]:
    """Return the (channels,) factors and summands that a batch normalisation applies at inference."""
    mean, variance = np.asarray(norm.moving_mean), np.asarray(norm.moving_variance)
    gamma = np.asarray(norm.gamma) if norm.scale else np.ones_like(mean)
    beta = np.asarray(norm.beta) if norm.center else np.zeros_like(mean)
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return scale, beta - mean * scale


def scale_outputs(layer: Any, kernel: Array, factors: Array) -> Array:
    """Multiply each output channel of a kernel by its factor.

    Args:
        kernel: (h, w, in, out) of a convolution, (h, w, in, multiplier) of a depthwise one, (h, w, out, in)
        of
            a transposed one, (in, out) of a dense layer.
        factors: (output channels,).
    """
    if isinstance(layer, layers.DepthwiseConv2D):
        return np.asarray(kernel * factors.reshape(kernel.shape[2:]))
    if isinstance(layer, layers.Conv2DTranspose):
        return np.asarray(kernel * factors[:, None])
    return np.asarray(kernel * factors)
