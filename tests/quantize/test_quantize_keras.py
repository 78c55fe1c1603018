"""Keras models through every exporter, compared with what Keras itself computes. Slow: it converts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.building.exporting import FloatModel, export
from bench.core.recipe import Recipe
from bench.errors import ModelError, UnavailableError
from bench.quantize.check import Expectation, check_export
from bench.quantize.endpoint import trace_endpoint
from bench.quantize.facts import read_graph
from bench.quantize.pixels import normalise, random_pixels
from bench.quantize.precision import is_per_channel
from bench.quantize.trial import run_once
from bench.wire.description import Preprocess

pytestmark = pytest.mark.slow

PREPROCESS = Preprocess(32, 32, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
PIXELS = random_pixels(8, PREPROCESS)


@pytest.fixture(scope="module")
def float_model(tmp_path_factory: pytest.TempPathFactory) -> FloatModel:
    """A detector-like model with constants outside its weights, two outputs, and a name longer than usual."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Normalization(mean=[100.0, 110.0, 120.0], variance=[2500.0, 3000.0, 3600.0])(image)
    x = layers.Conv2D(16, 3, 2, padding="same", use_bias=False)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.Conv2D(32, 3, 2, padding="same", activation="hard_swish")(x)
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    scores = layers.Reshape((64, 5), name="scores")(layers.Conv2D(5, 1)(x))
    boxes = layers.Reshape((64, 4), name="distances_from_cell_centre_to_sides")(layers.Conv2D(4, 1)(x))
    model = keras.Model(image, [scores, boxes])
    return FloatModel(model, PREPROCESS, tmp_path_factory.mktemp("float"))


def keras_outputs(model: FloatModel) -> dict[str, np.ndarray]:
    values = model.model.predict(normalise(PIXELS[:1], PREPROCESS), verbose=0)
    return dict(zip(("scores", "distances_from_cell_centre_to_sides"), values, strict=True))


# Largest error relative to the largest output; quantized ones are loose, for the weights are random.
@pytest.mark.parametrize("suffix", [".tflite", ".onnx"])
@pytest.mark.parametrize(
    ("precision", "error"), [("fp32", 1e-4), ("fp16", 0.01), ("dynamic", 0.1), ("int8", 0.15)]
)
def test_an_export_computes_what_keras_computes(
    float_model: FloatModel, tmp_path: Path, suffix: str, precision: Any, error: float
) -> None:
    recipe, target = Recipe(precision, precision, io="float32"), tmp_path / f"model{suffix}"
    export(float_model, recipe, PIXELS, target)
    expected = keras_outputs(float_model)
    facts = check_export(target, Expectation(recipe, PIXELS[0], PREPROCESS, float_model.num_kernel_weights))
    assert facts.precision == precision
    found = run_once(target, PIXELS[0], PREPROCESS)
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert np.abs(found[name] - values).max() <= error * np.abs(values).max()


@pytest.mark.parametrize("io", ["float32", "int8", "uint8"])
def test_the_io_type_of_an_integer_tflite_file_is_the_recipes(
    float_model: FloatModel, tmp_path: Path, io: Any
) -> None:
    target = tmp_path / "model.tflite"
    export(float_model, Recipe("x", "int8", io=io), PIXELS, target)
    graph = read_graph(target)
    assert graph.inputs[0].startswith(f"image {io} [1, 32, 32, 3]")
    assert all(f" {io} [" in line for line in graph.outputs)
    assert not graph.float_ops
    assert is_per_channel(graph.weighted)


def test_per_tensor_scales_are_what_the_tflite_file_holds(float_model: FloatModel, tmp_path: Path) -> None:
    target = tmp_path / "model.tflite"
    export(float_model, Recipe("x", "int8", granularity="per_tensor"), PIXELS, target)
    assert not is_per_channel(read_graph(target).weighted)


def test_an_input_of_another_size_is_refused(float_model: FloatModel) -> None:
    with pytest.raises(ModelError, match="takes .*32, 32, 3.* its preprocessing makes"):
        trace_endpoint(float_model.model, Preprocess(64, 64))


def test_a_model_with_two_inputs_is_not_available() -> None:
    import keras

    inputs = [keras.Input((32, 32, 3)), keras.Input((32, 32, 3))]
    with pytest.raises(UnavailableError, match="has 2 known inputs"):
        trace_endpoint(keras.Model(inputs, keras.layers.Add()(inputs)), PREPROCESS)


def test_dynamic_range_of_a_model_without_large_kernels_is_not_available(tmp_path: Path) -> None:
    import keras

    image = keras.Input((32, 32, 3))
    model = FloatModel(keras.Model(image, keras.layers.Conv2D(4, 3)(image)), PREPROCESS, tmp_path)
    recipe, target = Recipe("dynamic", "dynamic"), tmp_path / "model.tflite"
    export(model, recipe, None, target)
    with pytest.raises(UnavailableError, match="dynamic range changes nothing here"):
        check_export(target, Expectation(recipe, PIXELS[0], PREPROCESS, 108))
