"""The rewritten model must be the same function: held against the original, output by output."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers
from qat_networks import NETWORKS, SIZE, nested, plain, pyramid, residual, rewritten, scenes

from bench.quantize.qat.rewrite import largest_difference, rewrite

PLAIN_LAYERS = {
    "InputLayer", "Conv2D", "DepthwiseConv2D", "Conv2DTranspose", "Dense", "ReLU", "Activation", "Add",
    "Multiply", "Concatenate", "Reshape", "UpSampling2D", "ZeroPadding2D", "MaxPooling2D",
    "GlobalAveragePooling2D", "Softmax", "Identity",
}  # fmt: skip


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_the_rewritten_model_equals_the_float_model(network: Callable[[], keras.Model]) -> None:
    model, flat = network(), rewritten(network)
    images = scenes(4, seed=1) / np.float32(127.5) - np.float32(1)
    expected = keras.tree.flatten(model(images, training=False))
    for first, second in zip(expected, keras.tree.flatten(flat(images)), strict=True):
        np.testing.assert_allclose(second, first, rtol=0, atol=1e-4 * np.abs(first).max())
    assert {type(layer).__name__ for layer in flat.layers} <= PLAIN_LAYERS
    assert flat.output_names == model.output_names


def test_an_output_dictionary_stays_a_dictionary() -> None:
    outputs = rewritten(residual).output
    assert sorted(outputs) == ["boxes", "scores"]


def test_the_original_model_is_left_as_it_was() -> None:
    model = residual()
    weights, config = model.get_weights(), model.get_config()
    for layer in rewrite(model).layers:
        layer.set_weights([weight + 1 for weight in layer.get_weights()])
    assert all(np.array_equal(old, new) for old, new in zip(weights, model.get_weights(), strict=True))
    assert model.get_config() == config


def test_a_shared_head_stays_shared() -> None:
    assert len([layer for layer in rewritten(pyramid).layers if layer.name == "head"]) == 1
    assert rewritten(nested).count_params() < nested().count_params()


def test_frozen_layers_learn_too() -> None:
    model = plain()
    model.trainable = False
    assert len(rewrite(model).trainable_variables) == len(rewritten(plain).trainable_variables) == 6


def test_a_fixed_batch_size_is_opened() -> None:
    image = keras.Input(batch_shape=(1, SIZE, SIZE, 3))
    model = keras.Model(image, layers.Conv2D(2, 3)(image))
    assert rewrite(model).input_shape == (None, SIZE, SIZE, 3)


def test_a_difference_between_models_is_seen() -> None:
    model = residual()
    other = rewrite(model)
    layer = other.get_layer("boxes")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias + 0.1])
    assert largest_difference(model, other) > 1e-3


def test_the_rewritten_model_can_be_saved_and_opened(tmp_path: object) -> None:
    model = rewritten(nested)
    path = f"{tmp_path}/plain.keras"
    model.save(path)
    assert largest_difference(model, keras.models.load_model(path)) == 0
