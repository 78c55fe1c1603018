"""The built-in detector: inverted residuals, a light feature pyramid and one anchor-free head at stride 8.

Only plain functional Keras layers, which every converter and quantizer knows. Axis letters: b images, h rows,
w columns, c channels.
"""

from typing import Any

import keras
from keras import layers

from bench.models.builtin.description import INPUT_SIZE, NUM_CELLS, NUM_CLASSES

Tensor = Any

# (channels, blocks, stride of the first block, expansion), after a stem of stride 2.
# Source of the block: Sandler et al., MobileNetV2, CVPR 2018, table 1.
_STAGES = ((16, 1, 1, 1), (24, 2, 2, 3), (32, 3, 2, 4), (64, 3, 2, 4), (96, 2, 2, 3))

# Strides 8, 16 and 32 feed the pyramid: the last three stages.
_PYRAMID_CHANNELS = 64

# At the start every cell claims each class with probability 0.01, so the many empty cells do not swamp the
# loss. Source: Lin et al., Focal Loss, ICCV 2017, section 3.3.
_PRIOR_LOGIT = -4.595

# At the start every box reaches two strides to each side, which keeps the final ReLU alive.
_PRIOR_REACH = 2.0


def build_network() -> keras.Model:
    """Build the detector with fresh weights.

    Returns:
        A model from (b, 160, 160, 3) float32 in -1..1 to scores (b, 400, 8), logits, and boxes (b, 400, 4),
        ltrb in strides, never negative.
    """
    image = keras.Input((INPUT_SIZE, INPUT_SIZE, 3), name="image")
    merged = _pyramid(_backbone(image))
    scores = _head(merged, NUM_CLASSES, "scores", _PRIOR_LOGIT)
    boxes = _head(merged, 4, "boxes", _PRIOR_REACH)
    return keras.Model(image, [scores, boxes], name="builtin_detector")


def _backbone(image: Tensor) -> list[Tensor]:
    """Return the feature maps of strides 8, 16 and 32."""
    x = _convolve(image, 16, "stem", kernel=3, stride=2)
    features = []
    for stage, (channels, blocks, stride, expansion) in enumerate(_STAGES, start=1):
        for block in range(blocks):
            name = f"stage{stage}_block{block + 1}"
            x = _inverted_residual(x, channels, stride if block == 0 else 1, expansion, name)
        features.append(x)
    return features[-3:]


def _pyramid(features: list[Tensor]) -> Tensor:
    """Merge coarse meaning into the stride-8 map, from the top down."""
    merged = None
    for level, feature in reversed(list(enumerate(features, start=3))):
        lateral = _convolve(feature, _PYRAMID_CHANNELS, f"lateral{level}", kernel=1)
        if merged is not None:
            raised = layers.UpSampling2D(2, interpolation="nearest", name=f"raise{level}")(merged)
            lateral = layers.Add(name=f"merge{level}")([lateral, raised])
        merged = _separable(lateral, _PYRAMID_CHANNELS, f"smooth{level}")
    return merged


def _head(x: Tensor, channels: int, name: str, bias: float) -> Tensor:
    """Predict `channels` values for each cell, row-major; `boxes` are held at zero or above."""
    for step in (1, 2):
        x = _separable(x, _PYRAMID_CHANNELS, f"{name}_tower{step}")
    x = layers.Conv2D(
        channels,
        1,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=keras.initializers.Constant(bias),
        name=f"{name}_predict",
    )(x)
    if name == "boxes":
        x = layers.ReLU(name="boxes_reach")(x)
    return layers.Reshape((NUM_CELLS, channels), name=name)(x)


def _inverted_residual(x: Tensor, channels: int, stride: int, expansion: int, name: str) -> Tensor:
    wide = x if expansion == 1 else _convolve(x, expansion * x.shape[-1], f"{name}_expand", kernel=1)
    wide = _depthwise(wide, f"{name}_depthwise", stride)
    narrow = _convolve(wide, channels, f"{name}_project", kernel=1, activate=False)
    if stride == 1 and x.shape[-1] == channels:
        narrow = layers.Add(name=f"{name}_add")([x, narrow])
    return narrow


def _separable(x: Tensor, channels: int, name: str) -> Tensor:
    return _convolve(_depthwise(x, f"{name}_depthwise"), channels, f"{name}_pointwise", kernel=1)


def _convolve(
    x: Tensor, channels: int, name: str, *, kernel: int, stride: int = 1, activate: bool = True
) -> Tensor:
    x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False, name=name)(x)
    return _normalise(x, name, activate)


def _depthwise(x: Tensor, name: str, stride: int = 1) -> Tensor:
    x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False, name=name)(x)
    return _normalise(x, name, activate=True)


def _normalise(x: Tensor, name: str, activate: bool) -> Tensor:
    x = layers.BatchNormalization(momentum=0.97, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu6")(x) if activate else x
