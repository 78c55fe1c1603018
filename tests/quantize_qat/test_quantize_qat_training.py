"""Training under simulated INT8 must help where INT8 hurts, and must not harm where it cannot help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from qat_networks import SIZE, pyramid, residual, rewritten, scenes, shaken

from bench.core.recipe import Granularity, Training
from bench.errors import UnavailableError
from bench.quantize.qat.equalising import equalise, find_pairs
from bench.quantize.qat.label_free import train_label_free
from bench.quantize.qat.labelled import train_with_labels
from bench.quantize.qat.pictures import normaliser
from bench.quantize.qat.rewrite import rewrite

NORMALISE = normaliser(mean=(120, 121, 119), std=(130, 131, 129))


def ill_scaled() -> keras.Model:
    """Channels of very different reach, each read by several layers, so that no scaling can balance them.

    What a layer gives to a quiet channel, the next convolution takes back: quiet channels matter as much.
    """
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu")(image)
    for _ in range(2):
        x = layers.Add()([x, layers.DepthwiseConv2D(3, padding="same", use_bias=False, activation="relu")(x)])
        x = layers.Conv2D(16, 1, activation="relu")(x)
    model = shaken(keras.Model(image, layers.Conv2D(4, 1, name="scores")(x)))
    reach = np.geomspace(0.02, 1, 16).astype(np.float32)
    convolutions = [layer for layer in model.layers if type(layer) is layers.Conv2D]
    for number, layer in enumerate(convolutions):
        kernel, bias = layer.get_weights()
        kernel = kernel / reach[:, None] if number > 0 else kernel
        is_last = number == len(convolutions) - 1
        layer.set_weights([kernel, bias] if is_last else [kernel * reach, bias * reach])
    return model


def balanced_pair() -> keras.Model:
    """Convolution, ReLU, depthwise, ReLU6, convolution."""
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.ReLU()(layers.Conv2D(8, 3)(image))
    x = layers.ReLU(6.0)(layers.DepthwiseConv2D(3)(x))
    model = shaken(keras.Model(image, layers.Conv2D(4, 1)(x)))
    kernel, bias = model.layers[1].get_weights()
    reach = np.geomspace(0.05, 2, 8).astype(np.float32)
    model.layers[1].set_weights([kernel * reach, bias * reach])
    return model


def test_balancing_channels_keeps_the_function_and_evens_their_reach() -> None:
    model = rewrite(balanced_pair())
    images = NORMALISE(scenes(8).astype(np.float32))
    hidden = keras.Model(model.input, model.layers[2].output)
    before, reach = model(images), np.asarray(hidden(images)).max((0, 1, 2))
    assert equalise(model, [images], "per_channel") == len(find_pairs(model)) == 2
    np.testing.assert_allclose(model(images), before, atol=1e-4 * np.abs(before).max())
    evened = np.asarray(hidden(images)).max((0, 1, 2))
    assert reach.max() / reach.min() > 10
    assert evened.max() / evened.min() < 1.01


def test_channels_are_not_scaled_where_their_values_are_read_twice_or_bent() -> None:
    assert find_pairs(rewritten(residual)) == []


def test_too_few_images_are_refused_by_number() -> None:
    with pytest.raises(UnavailableError, match="got 4 images to learn from; expected 5 or more"):
        train_label_free(balanced_pair(), scenes(4), NORMALISE, Training(steps=1))


def test_training_that_makes_it_worse_is_thrown_away_and_said_so() -> None:
    seen: list[tuple[int, int]] = []
    result = train_label_free(
        balanced_pair(),
        scenes(10),
        NORMALISE,
        Training(steps=3, batch_size=4, learning_rate=3.0),
        on_step=lambda step, steps, loss: seen.append((step, steps)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert not result.is_kept
    assert "label-free QAT brought nothing, post-training weights kept" in result.notes[-1]
    start = rewrite(balanced_pair())
    images = NORMALISE(scenes(4, seed=5).astype(np.float32))
    np.testing.assert_allclose(result.model(images), start(images), atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("granularity", ["per_channel", "per_tensor"])
def test_label_free_training_lowers_the_loss_of_an_ill_scaled_network_on_images_held_back(
    granularity: Granularity,
) -> None:
    result = train_label_free(ill_scaled(), scenes(60), NORMALISE, Training(steps=150), granularity)
    assert "channels of 1 layer pairs balanced" in result.notes[0]
    assert result.is_kept
    assert result.final_loss < 0.8 * result.initial_loss
    assert f"{result.initial_loss:.3g} -> {result.final_loss:.3g}" in result.notes[-1]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_training() -> None:
    first, second = (
        train_label_free(pyramid(), scenes(20), NORMALISE, Training(steps=5, seed=3)) for _ in range(2)
    )
    assert first.final_loss == pytest.approx(second.final_loss, rel=1e-3)


@pytest.mark.slow
def test_training_with_labels_lowers_the_loss_that_it_is_given() -> None:
    images = np.asarray(NORMALISE(scenes(40).astype(np.float32)))
    model = ill_scaled()
    targets = np.tanh(np.asarray(model(images)))

    def batches() -> Iterator[tuple[Any, Any]]:
        random = np.random.default_rng(0)
        while True:
            chosen = random.integers(0, len(images), 8)
            yield images[chosen], targets[chosen]

    def loss(outputs: list[Any], wanted: Any) -> Any:
        return tf.reduce_mean(tf.square(outputs[0] - wanted))

    result = train_with_labels(model, batches(), loss, Training(labels=True, steps=60), "per_channel", images)
    assert result.is_kept
    assert result.final_loss < 0.8 * result.initial_loss
    assert "QAT with labels: detection loss on 4 batches set aside" in result.notes[-1]
