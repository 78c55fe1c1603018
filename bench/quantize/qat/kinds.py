"""Which layers mean what to the quantizer: what computes, what only moves values, what fuses."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

# Their kernels are quantized. Exact types: a subclass may compute something else with its weights.
COMPUTING = (layers.Conv2D, layers.DepthwiseConv2D, layers.Conv2DTranspose, layers.Dense)

# Rewritten into computing layers.
REWRITTEN = (layers.SeparableConv2D, layers.BatchNormalization, layers.Normalization)

# Do nothing at inference.
_IDLE = (
    layers.Dropout,
    layers.SpatialDropout2D,
    layers.GaussianNoise,
    layers.GaussianDropout,
    layers.AlphaDropout,
    layers.ActivityRegularization,
    layers.Identity,
)

# Move or select values, so that their outputs keep the grid of their inputs. By class name, because each
# exists as a layer and as a plain operation.
_MOVING = {
    "Reshape", "Flatten", "Permute", "Transpose", "Squeeze", "ExpandDims", "GetItem",
    "ZeroPadding2D", "Cropping2D", "MaxPooling2D", "Identity",
}  # fmt: skip

# Integer runtimes give these outputs one fixed grid, whatever they saw in calibration.
# Source: TensorFlow Lite 8-bit quantization specification, LOGISTIC, SOFTMAX, TANH.
_FIXED_RANGES = {"sigmoid": (0.0, 255 / 256), "softmax": (0.0, 255 / 256), "tanh": (-1.0, 127 / 128)}

_RELUS = {"relu": None, "relu6": 6.0}


def computes(operation: Any) -> bool:
    """Whether an operation has a kernel that is quantized."""
    return type(operation) in COMPUTING


def is_idle(operation: Any) -> bool:
    """Whether an operation does nothing at inference."""
    return isinstance(operation, _IDLE) or activation_name(operation) == "linear"


def moves(operation: Any) -> bool:
    """Whether an operation's outputs lie on the grid of its inputs."""
    if isinstance(operation, layers.UpSampling2D):
        return bool(operation.interpolation == "nearest")
    return type(operation).__name__ in _MOVING


def concatenates(operation: Any) -> bool:
    """Whether an operation joins tensors, which then share one grid."""
    return type(operation).__name__ == "Concatenate"


def adds_or_multiplies(operation: Any) -> bool:
    """Whether an operation is elementwise arithmetic into which runtimes fuse an activation."""
    return type(operation).__name__ in {"Add", "Subtract", "Multiply"}


def activation_name(operation: Any) -> str:
    """Return the activation that an operation applies (`relu6`, `silu`, ...); empty if it is none."""
    if type(operation) is layers.ReLU:
        return _relu_name(operation)
    if type(operation) is layers.Softmax:
        return "softmax"
    if type(operation) is layers.Activation:
        return getattr(operation.activation, "__name__", "")
    if isinstance(operation, layers.Layer):
        return ""
    plain = {"Relu": "relu", "Relu6": "relu6", "Silu": "silu", "Sigmoid": "sigmoid", "Softmax": "softmax"}
    return plain.get(type(operation).__name__, "")


def _relu_name(layer: Any) -> str:
    if layer.negative_slope or layer.threshold:
        return ""
    return {None: "relu", 6: "relu6"}.get(layer.max_value, "")


def rectifier_limit(operation: Any) -> tuple[bool, float | None]:
    """Return whether an operation is a plain rectifier, and the value at which it cuts off, if it does."""
    name = activation_name(operation)
    return name in _RELUS, _RELUS.get(name)


def fuses(operation: Any) -> bool:
    """Whether runtimes compute an activation inside the layer before it, on unrounded sums."""
    return activation_name(operation) in {"relu", "relu6", "hard_sigmoid"}


def fixed_range(operation: Any) -> tuple[float, float] | None:
    """Return the range that integer runtimes prescribe for an operation's output, if they do."""
    return _FIXED_RANGES.get(activation_name(operation))


def has_activation(layer: Any) -> bool:
    """Whether a computing layer applies an activation of its own."""
    return getattr(layer, "activation", None) not in (None, keras.activations.linear)
