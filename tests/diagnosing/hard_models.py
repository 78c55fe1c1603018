"""The built-in detector made hard to quantize, its function unchanged: ill-scaled, or with one output."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from keras import layers

from bench.models.builtin import network
from bench.models.builtin.description import INPUT_SIZE, NUM_CELLS, NUM_CLASSES
from bench.models.builtin.shipped import load_builtin

STRIDE = 8

# Channels reach from one to 3,000 times as far: 8 bits have 256 steps.
FACTORS = np.random.default_rng(5).permutation(np.geomspace(1, 3000, 64)).astype(np.float32)


def write_ill_scaled(path: Path) -> Path:
    """Write the detector with two layers more, which scale each channel up and down again."""
    image = keras.Input((INPUT_SIZE, INPUT_SIZE, 3), name="image")
    merged = network._pyramid(network._backbone(image))
    merged = layers.Conv2D(64, 1, use_bias=False, name="widen")(merged)
    merged = layers.Conv2D(64, 1, use_bias=False, name="narrow")(merged)
    sizes = {"scores": NUM_CLASSES, "boxes": 4}
    heads = [network._head(merged, channels, name, 0.0) for name, channels in sizes.items()]
    model = _with_weights(keras.Model(image, heads))
    model.get_layer("widen").set_weights([np.diag(FACTORS)[None, None]])
    model.get_layer("narrow").set_weights([np.diag(1 / FACTORS)[None, None]])
    model.save(path)
    return path


def write_shared_output(path: Path) -> Path:
    """Write the detector with one output, (1, cells, 4 + classes): boxes in pixels, then probabilities."""
    image = keras.Input((INPUT_SIZE, INPUT_SIZE, 3), name="image")
    merged = network._pyramid(network._backbone(image))
    scores = network._head(merged, NUM_CLASSES, "scores", 0.0)
    reach = network._head(merged, 4, "boxes", 0.0)
    scores = layers.Activation("sigmoid", name="probabilities")(scores)
    shape = (NUM_CELLS, 4)
    boxes = layers.EinsumDense("bnc,cd->bnd", shape, bias_axes="nd", name="centred")(reach)
    model = keras.Model(image, layers.Concatenate(name="predictions")([boxes, scores]))
    _with_weights(model)
    # Left, top, right and bottom reach to centre x, centre y, width and height, in pixels.
    turned = np.array([[-0.5, 0, 1, 0], [0, -0.5, 0, 1], [0.5, 0, 1, 0], [0, 0.5, 0, 1]], np.float32)
    grid = np.mgrid[: INPUT_SIZE // STRIDE, : INPUT_SIZE // STRIDE].reshape(2, -1).T[:, ::-1]
    centres = np.concatenate([(grid + 0.5) * STRIDE, np.zeros((NUM_CELLS, 2))], axis=1)
    model.get_layer("centred").set_weights([turned * STRIDE, centres])
    model.save(path)
    return path


def _with_weights(model: keras.Model) -> keras.Model:
    """Give every layer that the built-in detector has too its weights."""
    trained = {layer.name: layer for layer in load_builtin().layers}
    for layer in model.layers:
        if layer.name in trained and layer.get_weights():
            layer.set_weights(trained[layer.name].get_weights())
    return model
