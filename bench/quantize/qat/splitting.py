"""Replace layers that do several things by layers that do one each, which all exporters know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from bench.quantize.qat import graph, kinds
from bench.quantize.qat.naming import Names

# What a layer is replaced by, one applied after the other.
Pieces = list[Callable[[graph.Tensor], graph.Tensor]]


def split(model: keras.Model) -> keras.Model:
    """Return an equal model: activations apart from convolutions, separable convolutions in two, silu as x
    times sigmoid, Normalization as a 1x1 depthwise convolution, without layers that only act in training.

    The last piece takes the name of the whole, so the outputs keep their names.
    """
    names = Names(step.operation.name for step in graph.steps(model))
    outputs = graph.output_ids(model)
    replacements: dict[int, Pieces | None] = {}

    def visit(step: graph.Step, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        operation = step.operation
        if id(operation) not in replacements:
            is_output = id(step.outputs[0]) in outputs
            replacements[id(operation)] = _replace(operation, arguments[0], names, is_output)
        pieces = replacements[id(operation)]
        if pieces is None:
            return operation(*arguments, **keywords)
        value = arguments[0]
        for piece in pieces:
            value = piece(value)
        return value

    return graph.rebuild(model, visit)


def _replace(operation: Any, value: graph.Tensor, names: Names, is_output: bool) -> Pieces | None:
    """Return what to put in place of an operation; None to leave it."""
    if kinds.is_idle(operation):
        return [layers.Identity(name=operation.name)] if is_output else []
    if kinds.activation_name(operation) in {"silu", "swish"}:
        return _silu(operation.name, names)
    if type(operation) is layers.SeparableConv2D:
        return _separate(operation, value, names)
    if type(operation) is layers.Normalization and len(value.shape) == 4 and not operation.invert:
        return _normalise(operation, value)
    if kinds.computes(operation) and kinds.has_activation(operation):
        linear = _linear_copy(operation, value, names.fresh(f"{operation.name}_linear"))
        return [linear, *_activation(operation, names)]
    return None


def _linear_copy(layer: Any, value: graph.Tensor, name: str) -> Any:
    copy = type(layer).from_config({**layer.get_config(), "name": name, "activation": None})
    return with_weights(copy, value, layer.get_weights())


def with_weights(layer: Any, value: graph.Tensor, weights: list[Any]) -> Any:
    """Build a layer for a symbolic input and give it its weights."""
    layer.build(value.shape)
    layer.set_weights(weights)
    return layer


def _activation(layer: Any, names: Names) -> Pieces:
    """Return the activation of a layer as pieces of their own, the last one under the layer's name."""
    function = layer.activation
    if isinstance(function, layers.Layer):
        return [function, layers.Identity(name=layer.name)]
    if function.__name__ == "silu":
        return _silu(layer.name, names)
    return [layers.Activation(function, name=layer.name)]


def _silu(name: str, names: Names) -> Pieces:
    gate = layers.Activation("sigmoid", name=names.fresh(f"{name}_sigmoid"))
    product = layers.Multiply(name=name)
    return [lambda value: product([value, gate(value)])]


def _separate(layer: Any, value: graph.Tensor, names: Names) -> Pieces:
    """Return a separable convolution as a depthwise and a pointwise one, and its activation."""
    config, weights = layer.get_config(), layer.get_weights()
    geometry = {
        key: config[key] for key in ("kernel_size", "strides", "padding", "depth_multiplier", "dilation_rate")
    }
    depthwise = layers.DepthwiseConv2D(
        **geometry, use_bias=False, name=names.fresh(f"{layer.name}_depthwise")
    )
    depthwise = with_weights(depthwise, value, weights[:1])
    is_linear = not kinds.has_activation(layer)
    name = layer.name if is_linear else names.fresh(f"{layer.name}_pointwise")
    pointwise = layers.Conv2D(layer.filters, 1, use_bias=layer.use_bias, name=name)
    pointwise = with_weights(pointwise, depthwise.compute_output_spec(value), weights[1:])
    return [depthwise, pointwise, *([] if is_linear else _activation(layer, names))]


def _normalise(layer: Any, value: graph.Tensor) -> Pieces | None:
    """Return (x - mean) / deviation per channel as a 1x1 depthwise convolution; None for any other axis."""
    channels = value.shape[-1]
    mean, variance = (np.asarray(part, np.float32).ravel() for part in (layer.mean, layer.variance))
    if mean.size not in (1, channels) or variance.size != mean.size or not _is_per_channel(layer):
        return None
    deviation = np.maximum(np.sqrt(variance), keras.config.epsilon()) * np.ones(channels, np.float32)
    kernel = (1 / deviation)[None, None, :, None]
    return [with_weights(layers.DepthwiseConv2D(1, name=layer.name), value, [kernel, -mean / deviation])]


def _is_per_channel(layer: Any) -> bool:
    return layer.axis in ((-1,), (3,), ())
