"""Keras models with balanced channels: equal outputs, readers that share a value, and what is left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.errors import UnavailableError
from bench.quantize.equalize import equalise_keras
from bench.quantize.pixels import noise_pixels, normalise
from bench.wire.description import Preprocess

pytestmark = pytest.mark.slow

PREPROCESS = Preprocess(24, 24)
PIXELS = noise_pixels(12, PREPROCESS)


def network(middle: str) -> Any:
    """Return conv, batch normalisation, ReLU6, what `middle` says, then two convolutions that share it."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    image = keras.Input((24, 24, 3), name="image")
    x = layers.Conv2D(12, 3, use_bias=False, name="stem")(image)
    x = layers.ReLU(6.0)(layers.BatchNormalization(name="norm")(x))
    if middle == "pooled":
        x = layers.UpSampling2D()(layers.MaxPooling2D()(x))
    if middle == "bent":
        x = layers.Activation("sigmoid")(x)
    both = [layers.Conv2D(4, 1, name="left")(x), layers.DepthwiseConv2D(3, padding="same", name="right")(x)]
    if middle == "read elsewhere":
        both.append(layers.GlobalMaxPooling2D()(x))
    model = keras.Model(image, both)
    norm, spread = model.get_layer("norm"), np.geomspace(1, 500, 12).astype(np.float32)
    gamma, beta, mean, variance = norm.get_weights()
    norm.set_weights([gamma / spread, beta + 0.5 / spread, mean, variance])
    return model


@pytest.mark.parametrize("middle", ["plain", "pooled"])
def test_channels_that_two_layers_read_are_balanced_and_outputs_stay(middle: str) -> None:
    model = network(middle)
    before = [np.asarray(value) for value in model(normalise(PIXELS, PREPROCESS))]
    balanced, notes = equalise_keras(model, PIXELS, PREPROCESS, "per_channel")
    assert notes[0].startswith("channels of 1 layers equalised; float outputs differ by ")
    for first, second in zip(before, balanced(normalise(PIXELS, PREPROCESS)), strict=True):
        np.testing.assert_allclose(second, first, atol=1e-4 * np.abs(first).max())
    kernel = np.abs(balanced.get_layer("stem").get_weights()[0]).max((0, 1, 2))
    assert kernel.max() / kernel.min() < 60 < 500
    np.testing.assert_array_equal(model(normalise(PIXELS, PREPROCESS))[0], before[0])


@pytest.mark.parametrize("middle", ["bent", "read elsewhere"])
def test_a_model_without_channels_to_balance_is_told(middle: str) -> None:
    with pytest.raises(UnavailableError, match="equalize changes nothing here"):
        equalise_keras(network(middle), PIXELS, PREPROCESS, "per_channel")
