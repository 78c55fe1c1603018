"""Calibration sees exactly what the device is fed, and impossible recipes are known beforehand."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bench.core.recipe import DEFAULT_PRECISIONS, Calibration, Recipe, Training
from bench.detectors.model_input import to_input
from bench.quantize.availability import availability
from bench.quantize.pixels import input_shape, inputs_one_by_one, noise_pixels, normalise, random_pixels
from bench.wire.description import Preprocess
from bench.wire.tensor import TensorSpec


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
def test_calibration_inputs_equal_what_the_agent_feeds(layout: str) -> None:
    preprocess = Preprocess(
        6,
        4,
        layout=layout,  # type: ignore[arg-type]
        mean=(123.675, 116.28, 103.53),
        std=(58.395, 57.12, 57.375),
    )
    pixels = random_pixels(2, preprocess)
    spec = TensorSpec("image", input_shape(preprocess), "float32")
    expected = [to_input(image, preprocess, spec) for image in pixels]
    np.testing.assert_array_equal(normalise(pixels, preprocess), np.concatenate(expected))
    one_by_one = list(inputs_one_by_one(pixels, preprocess))
    assert [value.shape for value in one_by_one] == [input_shape(preprocess)] * 2


def test_random_pixels_are_the_same_at_every_call() -> None:
    preprocess = Preprocess(5, 3)
    assert random_pixels(4, preprocess).shape == (4, 3, 5, 3)
    np.testing.assert_array_equal(random_pixels(4, preprocess), random_pixels(4, preprocess))


@pytest.mark.parametrize("runtime", ["litert", "onnxruntime"])
@pytest.mark.parametrize("precision", DEFAULT_PRECISIONS)
def test_the_five_precisions_are_available_for_both_runtimes(runtime: str, precision: str) -> None:
    recipe = Recipe(precision, precision)  # type: ignore[arg-type]
    assert availability("keras", recipe, runtime) == ""


def test_litert_says_that_it_calibrates_by_minmax_only() -> None:
    recipe = Recipe("x", "int8", calibration=Calibration(method="entropy"))
    assert "by minmax only, not by entropy" in availability("keras", recipe, "litert")
    assert availability("keras", recipe, "onnxruntime") == ""


def test_training_with_labels_is_for_the_built_in_detector_only() -> None:
    recipe = Recipe("x", "qat", training=Training(labels=True))
    assert "built-in detector only" in availability("keras", recipe, "litert")
    assert availability("builtin", recipe, "litert") == ""


def test_a_given_file_takes_no_recipe() -> None:
    assert "measured as it is" in availability("file", Recipe("x", "fp16"), "litert")


def test_an_unknown_runtime_is_named() -> None:
    assert "'tensorrt'" in availability("keras", Recipe("x", "fp32"), "tensorrt")


def test_planning_imports_no_framework() -> None:
    code = (
        "import sys, bench.quantize.availability, bench.quantize.facts, bench.building; "
        "print(*{'tensorflow', 'keras', 'onnx', 'onnxruntime', 'ai_edge_litert'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_noise_is_random_inputs_from_0_to_1() -> None:
    preprocess = Preprocess(64, 64, mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5))
    inputs = normalise(noise_pixels(4, preprocess), preprocess)
    # A pixel is one part in 127.5 of this input range.
    assert inputs.min() >= -0.5 / 127.5 and inputs.max() <= 1.0
    np.testing.assert_allclose([inputs.mean(), inputs.std()], [0.5, 12**-0.5], atol=0.01)
