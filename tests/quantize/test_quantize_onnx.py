"""ONNX exports from a float file, judged by the onnx checker and by ONNX Runtime itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from tiny_models import write_conv_onnx

from bench.core.recipe import Calibration, Recipe
from bench.errors import BuildError
from bench.quantize import onnx_float, onnx_integer
from bench.quantize.check import Expectation, check_export
from bench.quantize.facts import read_facts, read_graph
from bench.quantize.pixels import normalise, random_pixels
from bench.quantize.precision import is_per_channel
from bench.wire.description import Preprocess

PREPROCESS = Preprocess(8, 8, layout="nchw")
PIXELS = random_pixels(8, PREPROCESS)


def outputs_of(path: Path) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"image": normalise(PIXELS[:1], PREPROCESS)})[0])


@pytest.mark.parametrize("activations", ["uint8", "int8"])
@pytest.mark.parametrize("granularity", ["per_channel", "per_tensor"])
@pytest.mark.parametrize("method", ["minmax", "percentile", "entropy"])
def test_static_quantization_makes_what_the_recipe_says(
    tmp_path: Path, activations: str, granularity: str, method: str
) -> None:
    source, target = write_conv_onnx(tmp_path / "float.onnx"), tmp_path / "integer.onnx"
    recipe = Recipe(
        "x",
        "int8",
        granularity=granularity,  # type: ignore[arg-type]
        activations=activations,  # type: ignore[arg-type]
        calibration=Calibration(method=method),  # type: ignore[arg-type]
    )
    onnx_integer.quantize_static_qdq(source, target, recipe, PIXELS, PREPROCESS)
    graph = read_graph(target)
    (convolution,) = graph.weighted
    assert (convolution.activation, convolution.weight) == (activations, "int8")
    assert is_per_channel(graph.weighted) == (granularity == "per_channel")
    assert read_facts(target).precision == "int8"
    expected = outputs_of(source)
    assert np.abs(outputs_of(target) - expected).max() < 0.1 * np.abs(expected).max()


def test_dynamic_range_keeps_float_activations_and_uint8_weights(tmp_path: Path) -> None:
    source, target = write_conv_onnx(tmp_path / "float.onnx"), tmp_path / "dynamic.onnx"
    onnx_integer.quantize_weights(source, target)
    (convolution,) = read_graph(target).weighted
    assert (convolution.op, convolution.activation, convolution.weight) == ("ConvInteger", "float32", "uint8")
    assert read_facts(target).precision == "dynamic"


def test_half_precision_keeps_float32_inputs_and_outputs(tmp_path: Path) -> None:
    source, target = write_conv_onnx(tmp_path / "float.onnx"), tmp_path / "half.onnx"
    onnx_float.convert_half(source, target)
    facts = read_facts(target)
    assert facts.precision == "fp16"
    assert facts.inputs == ("image float32 [1, 3, 8, 8]",)
    assert facts.outputs == ("scores float32 [1, 4, 6, 6]",)
    np.testing.assert_allclose(outputs_of(target), outputs_of(source), atol=0.02)


def test_quantizing_leaves_the_float_file_as_it_was(tmp_path: Path) -> None:
    source = write_conv_onnx(tmp_path / "float.onnx")
    before = source.read_bytes()
    onnx_integer.quantize_weights(source, tmp_path / "a.onnx")
    onnx_integer.quantize_static_qdq(source, tmp_path / "b.onnx", Recipe("x", "int8"), PIXELS, PREPROCESS)
    onnx_float.convert_half(source, tmp_path / "c.onnx")
    assert source.read_bytes() == before


def check(path: Path, precision: str, num_kernel_weights: int = 108, reference: float | None = None) -> None:
    values = {} if reference is None else {"scores": np.full((1, 4, 6, 6), reference, np.float32)}
    recipe = Recipe(precision, precision)  # type: ignore[arg-type]
    check_export(path, Expectation(recipe, PIXELS[0], PREPROCESS, num_kernel_weights, values))


def test_a_sound_export_passes_its_check(tmp_path: Path) -> None:
    check(write_conv_onnx(tmp_path / "a.onnx"), "fp32")


def test_an_export_of_another_precision_fails_its_check(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="declared precision int8 does not fit the file"):
        check(write_conv_onnx(tmp_path / "a.onnx"), "int8")


def test_an_export_that_lost_its_weights_fails_its_check(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="it holds 108 weights, but the float model has 50000"):
        check(write_conv_onnx(tmp_path / "a.onnx"), "fp32", num_kernel_weights=50_000)


def test_an_export_of_zeros_fails_its_check(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="all outputs are zero"):
        check(write_conv_onnx(tmp_path / "a.onnx", scale=0.0), "fp32")


def test_an_export_with_nan_fails_its_check(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="output scores holds NaN"):
        check(write_conv_onnx(tmp_path / "a.onnx", scale=float("nan")), "fp32")


def test_an_export_that_computes_something_else_fails_its_check(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="output scores differs from the float model's"):
        check(write_conv_onnx(tmp_path / "a.onnx"), "fp32", reference=7.0)


def test_a_missing_export_fails_its_check(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="the exported file is not usable"):
        check(tmp_path / "gone.onnx", "fp32")
