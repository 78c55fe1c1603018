"""Small functional networks, each with what one kind of detector is built from; all weights random."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import keras
import numpy as np
from keras import layers

from bench.quantize.qat.rewrite import rewrite

SIZE = 32


def plain() -> keras.Model:
    """Convolution, batch normalisation, ReLU6, twice."""
    image = x = keras.Input((SIZE, SIZE, 3), name="image")
    for number, channels in enumerate((8, 12)):
        x = layers.Conv2D(channels, 3, 2, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.BatchNormalization(name=f"norm{number}")(x)
        x = layers.ReLU(6.0, name=f"act{number}")(x)
    return shaken(keras.Model(image, layers.Conv2D(4, 1, name="scores")(x)))


def residual() -> keras.Model:
    """Depthwise convolutions with hard-swish around a residual add, padding laid out by hand."""
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Conv2D(8, 3, 2, padding="same", activation="hard_silu", name="stem")(image)
    y = layers.ZeroPadding2D(1)(x)
    y = layers.DepthwiseConv2D(3, use_bias=False, depth_multiplier=2)(y)
    y = layers.Activation("hard_silu")(layers.BatchNormalization()(y))
    y = layers.BatchNormalization()(layers.Conv2D(8, 1)(y))
    x = layers.Activation("relu")(layers.Add()([x, layers.Dropout(0.5)(y)]))
    scores = layers.Conv2D(4, 1, activation="sigmoid", name="scores")(x)
    return shaken(keras.Model(image, {"scores": scores, "boxes": layers.Conv2D(4, 1, name="boxes")(x)}))


def nested() -> keras.Model:
    """One backbone model called twice inside another, with a Sequential head."""
    inner = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(6, 3, padding="same", name="same_name")(inner)
    backbone = keras.Model(inner, layers.ReLU(name="inner_act")(layers.BatchNormalization()(x)))
    head = keras.Sequential(
        [layers.Conv2D(5, 3, name="same_name"), layers.BatchNormalization(), layers.ReLU(name="head_act")]
    )
    image = keras.Input((SIZE, SIZE, 3), name="image")
    joined = layers.Concatenate()([backbone(image), backbone(0.5 * image)])
    return shaken(keras.Model(image, layers.Identity(name="features")(head(joined))))


def pyramid() -> keras.Model:
    """Two scales merged by upsampling and concatenation, a head with shared weights, outputs of all cells."""
    image = keras.Input((SIZE, SIZE, 3), name="image")
    fine = layers.Conv2D(8, 3, 2, padding="same", activation="silu")(image)
    coarse = layers.Conv2D(8, 3, 2, padding="same", activation="relu6")(fine)
    merged = layers.Concatenate()([fine, layers.UpSampling2D(2)(coarse)])
    merged = layers.Conv2D(8, 3, padding="same", activation=keras.activations.silu)(merged)
    head, norm = layers.Conv2D(4, 1, name="head"), layers.BatchNormalization()
    cells = [layers.Reshape((-1, 4))(norm(head(feature))) for feature in (merged, coarse)]
    return shaken(keras.Model(image, layers.Concatenate(axis=1, name="cells")(cells)))


def separable() -> keras.Model:
    """Input normalisation, separable and transposed convolutions, a dense layer, pooling."""
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Normalization(mean=[0.1, 0.2, -0.1], variance=[0.5, 0.25, 1.0])(image)
    x = layers.SeparableConv2D(8, 3, 2, padding="same", depth_multiplier=2, activation="relu")(x)
    x = layers.BatchNormalization()(layers.SeparableConv2D(8, 3, padding="same", use_bias=False)(x))
    x = layers.Conv2DTranspose(6, 2, 2, use_bias=False)(layers.MaxPooling2D(2)(x))
    x = layers.ReLU()(layers.BatchNormalization(scale=False)(x))
    x = layers.BatchNormalization()(layers.Dense(7)(layers.GlobalAveragePooling2D()(x)))
    return shaken(keras.Model(image, layers.Softmax(name="scores")(layers.Dense(5)(x))))


def lone() -> keras.Model:
    """Batch normalisation with no convolution before it: first in the network, and after an add."""
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Conv2D(8, 3, padding="same")(layers.BatchNormalization(center=False)(image))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Add()([x, layers.ReLU()(x)])))
    x = layers.Conv2D(4, 1, 2, name="conv")(x)
    return shaken(keras.Model(image, layers.BatchNormalization(name="scores")(x)))


@cache
def rewritten(network: Callable[[], keras.Model]) -> keras.Model:
    """Return a network as `rewrite` gives it, made once; not for tests that change it."""
    return rewrite(network())


NETWORKS = (plain, residual, nested, pyramid, separable, lone)


def shaken(model: keras.Model, seed: int = 0) -> keras.Model:
    """Give a model seeded weights, and normalisations statistics as if it had been trained."""
    random = np.random.default_rng(seed)
    for layer in model._flatten_layers(include_self=False):
        if type(layer) is layers.BatchNormalization:
            _shake_norm(layer, random)
        elif not isinstance(layer, (keras.Model, layers.Normalization)):
            layer.set_weights([_spread(weight, random) for weight in layer.get_weights()])
    return model


def _shake_norm(layer: Any, random: np.random.Generator) -> None:
    for variable in layer.weights:
        is_positive = variable.name in ("gamma", "moving_variance")
        values = (
            random.uniform(0.5, 1.5, variable.shape) if is_positive else random.normal(0, 0.2, variable.shape)
        )
        variable.assign(values)


def _spread(weight: Any, random: np.random.Generator) -> Any:
    """Return values that keep the scale of activations, as He initialisation does."""
    fan_in = np.prod(weight.shape[:-1]) if weight.ndim > 1 else 100
    return random.normal(0, np.sqrt(2 / fan_in), weight.shape).astype(np.float32)


def scenes(count: int, seed: int = 0, size: int = SIZE) -> Any:
    """Return (count, size, size, 3) uint8 images of smooth coloured blobs."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (count, 5, 5, 3)).astype(np.float32)
    resized = keras.ops.image.resize(coarse, (size, size), interpolation="bilinear")
    return np.clip(np.asarray(resized) + random.normal(0, 8, resized.shape), 0, 255).astype(np.uint8)
