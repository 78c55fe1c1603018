"""Simulated INT8 must round what an integer runtime rounds: held against numpy and converted files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray
from qat_networks import NETWORKS, lone, nested, plain, pyramid, residual, rewritten, scenes, separable

from bench.core.recipe import Granularity
from bench.quantize.qat import kinds
from bench.quantize.qat.edges import quantized_edges
from bench.quantize.qat.rewrite import rewrite
from bench.quantize.qat.rounding import round_kernel, scale_axes
from bench.quantize.qat.simulator import Simulator

Array = NDArray[Any]


def inputs(count: int, seed: int) -> Array:
    """Return normalised images; not in -1..1, where each pixel lies halfway between two grid points."""
    return (scenes(count, seed) / np.float32(130) - np.float32(0.93)).astype(np.float32)


def calibrated(network: Callable[[], keras.Model], granularity: Granularity = "per_channel") -> Simulator:
    simulator = Simulator(rewrite(network()), granularity)
    simulator.calibrate([inputs(20, 1), inputs(20, 2)])
    return simulator


@pytest.mark.parametrize(
    ("layer", "shape", "channel_axes"),
    [
        (layers.Conv2D(5, 3), (None, 8, 8, 4), (3,)),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (None, 8, 8, 4), (2, 3)),
        (layers.Conv2DTranspose(5, 3), (None, 8, 8, 4), (2,)),
        (layers.Dense(5), (None, 4), (1,)),
    ],
)
def test_each_output_channel_of_a_kernel_has_a_scale_of_its_own(
    layer: Any, shape: tuple[int | None, ...], channel_axes: tuple[int, ...]
) -> None:
    layer.build(shape)
    kernel = np.random.default_rng(0).normal(size=layer.kernel.shape).astype(np.float32)
    rounded = round_kernel(tf.constant(kernel), scale_axes(layer, "per_channel")).numpy()
    others = tuple(axis for axis in range(kernel.ndim) if axis not in channel_axes)
    scale = np.abs(kernel).max(others, keepdims=True) / 127
    np.testing.assert_allclose(rounded, np.round(kernel / scale) * scale, atol=1e-6)


def test_per_tensor_kernels_have_one_scale() -> None:
    layer = layers.DepthwiseConv2D(3)
    layer.build((None, 8, 8, 4))
    kernel = np.asarray(layer.kernel)
    rounded = round_kernel(tf.constant(kernel), scale_axes(layer, "per_tensor")).numpy()
    levels = rounded / (np.abs(kernel).max() / 127)
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-3)


def test_gradients_pass_straight_through_the_rounding_of_kernels() -> None:
    kernel = tf.constant([[0.1, -0.7], [0.33, 0.2]])
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        total = tf.reduce_sum(round_kernel(kernel, [0]) * [[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(tape.gradient(total, kernel), [[1, 2], [3, 4]])


def test_sums_under_a_fused_activation_are_not_rounded() -> None:
    names = [edge.name for edge in quantized_edges(rewritten(plain)).values()]
    assert names == ["image", "act0", "act1", "scores"]


def test_tensors_that_are_concatenated_share_one_grid() -> None:
    model = rewritten(pyramid)
    edges = quantized_edges(model).values()
    shared = {edge.name for edge in edges if edge.grid == id(model.outputs[0])}
    assert shared == {"head", "cells"}


def test_sigmoid_keeps_the_grid_that_runtimes_prescribe() -> None:
    fixed = {edge.name: edge.fixed for edge in quantized_edges(rewritten(residual)).values()}
    assert fixed["scores"] == (0, 255 / 256)
    assert fixed["boxes"] is None


def test_calibration_finds_the_smallest_and_largest_values() -> None:
    model = rewritten(plain)
    simulator = Simulator(model, "per_channel")
    simulator.calibrate([inputs(20, 1), inputs(20, 2)])
    outputs = np.concatenate([np.asarray(model(inputs(20, seed))) for seed in (1, 2)])
    low, high = simulator.state().ranges[-1]
    assert (low, high) == pytest.approx((outputs.min(), outputs.max()), rel=1e-5)


def test_outputs_take_at_most_256_values_within_half_a_step_of_the_unrounded() -> None:
    image = keras.Input((32, 32, 3))
    simulator = Simulator(rewrite(keras.Model(image, layers.DepthwiseConv2D(1)(image))), "per_channel")
    batch = inputs(8, 1)
    simulator.calibrate([batch])
    rounded, exact = simulator.outputs(batch, "quantize")[0], simulator.model(batch)
    (image_low, image_high), (low, high) = simulator.state().ranges
    assert len(np.unique(rounded)) <= 256
    largest_weight = np.abs(simulator.model.get_weights()[0]).max()
    bound = (high - low) / 510 + largest_weight * (image_high - image_low) / 510
    assert 0 < np.abs(rounded - exact).max() <= bound * 1.01


def test_without_rounding_the_simulator_is_the_model() -> None:
    simulator = Simulator(rewritten(residual), "per_channel")
    batch = inputs(4, 3)
    expected = keras.tree.flatten(simulator.model(batch))
    for first, second in zip(simulator.outputs(batch, "observe"), expected, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_baked_kernels_lie_on_the_grid_and_simulate_the_same() -> None:
    simulator = calibrated(plain)
    batch = inputs(4, 3)
    before = simulator.outputs(batch, "quantize")[0].numpy()
    simulator.bake()
    np.testing.assert_allclose(simulator.outputs(batch, "quantize")[0], before, atol=1e-5)
    for layer in filter(kinds.computes, simulator.model.layers):
        kernel = layer.get_weights()[0]
        levels = kernel / (np.abs(kernel).max((0, 1, 2), keepdims=True) / 127)
        np.testing.assert_allclose(levels, np.round(levels), atol=1e-3)


def test_a_state_brings_back_weights_and_ranges() -> None:
    simulator = calibrated(plain)
    batch = inputs(4, 3)
    state, before = simulator.state(), simulator.outputs(batch, "quantize")[0].numpy()
    simulator.model.set_weights([weight * 2 for weight in state.weights])
    simulator.calibrate([batch])
    assert np.abs(simulator.outputs(batch, "quantize")[0] - before).max() > 0.1
    simulator.restore(state)
    np.testing.assert_array_equal(simulator.outputs(batch, "quantize")[0], before)


# Root mean square distance of the simulation to the file, as a share of the output's deviation. The converter
# mends what it can: it moves the bias of a dense layer into the next one (separable), and its calibrator
# widens the ranges of an add's inputs (residual, lone; see `edges.quantized_edges`).
TOLERANCES = {plain: 0.005, nested: 0.005, pyramid: 0.008, separable: 0.02, residual: 0.05, lone: 0.04}


@pytest.mark.slow
@pytest.mark.parametrize("granularity", ["per_channel", "per_tensor"])
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_the_simulation_agrees_with_the_converted_file(
    network: Callable[[], keras.Model], granularity: Granularity
) -> None:
    simulator = calibrated(network, granularity)
    batch = inputs(16, 3)
    file = convert(simulator.model, np.concatenate([inputs(20, 1), inputs(20, 2)]), granularity)
    measured = run_file(file, batch)
    for simulated, exact in zip(
        simulator.outputs(batch, "quantize"), keras.tree.flatten(simulator.model(batch)), strict=True
    ):
        deviation = float(np.std(exact))
        found = min(
            (output for output in measured if output.shape == simulated.shape),
            key=lambda output: distance(output, simulated),
        )
        assert distance(simulated, found) < TOLERANCES[network] * deviation
        assert distance(simulated, exact) == pytest.approx(distance(found, exact), rel=0.25)


def distance(first: Any, second: Any) -> float:
    return float(np.sqrt(np.mean(np.square(np.asarray(first) - np.asarray(second)))))


def convert(model: keras.Model, images: Array, granularity: Granularity) -> bytes:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter._experimental_disable_per_channel = granularity == "per_tensor"
    return bytes(converter.convert())


def run_file(file: bytes, images: Array) -> list[Array]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=file)
    interpreter.allocate_tensors()
    answers = []
    for image in images:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[None])
        interpreter.invoke()
        answers.append(
            [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]
        )
    return [np.concatenate(parts) for parts in zip(*answers, strict=True)]
