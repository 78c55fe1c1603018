"""LiteRT files (.tflite) from a SavedModel: fp32, fp16, dynamic range, full integer and int16x8.

Full integer means that every operator computes in int8 (int16x8: in int16, with int8 weights); where `io`
is float32, one QUANTIZE at the input and one DEQUANTIZE an output remain. The converter knows minmax
calibration only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.recipe import Recipe
from bench.errors import BuildError
from bench.quantize.pixels import inputs_one_by_one
from bench.wire.description import Preprocess


def convert_litert(
    saved_model: Path, recipe: Recipe, pixels: NDArray[np.uint8] | None, preprocess: Preprocess
) -> bytes:
    """Convert a SavedModel by a recipe; `qat` is converted as int8.

    Args:
        pixels: (n, h, w, 3) uint8 calibration images; needed for int8, int16x8 and qat only.

    Raises:
        BuildError: the converter refused, with its reason.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    if recipe.precision != "fp32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if recipe.precision == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    if recipe.is_static:
        assert pixels is not None
        _set_integer(converter, recipe, pixels, preprocess)
    try:
        return bytes(converter.convert())
    except Exception as problem:
        # The converter raises a private ConverterError, ValueError or RuntimeError, all meaning the same.
        raise BuildError(
            f"the LiteRT converter refused {recipe.precision}: {_first_lines(problem)}"
        ) from problem


def litert_notes(recipe: Recipe) -> tuple[str, ...]:
    """Say what a reader should know of a LiteRT file made by this recipe."""
    if recipe.precision == "int16x8":
        return ("LiteRT has no fast kernels for int16 activations: int16x8 shows accuracy and costs time",)
    if recipe.precision == "dynamic":
        return ("LiteRT leaves weight tensors of fewer than 1,024 values in float32 (dynamic range)",)
    return ()


def _set_integer(converter: Any, recipe: Recipe, pixels: NDArray[np.uint8], preprocess: Preprocess) -> None:
    import tensorflow as tf

    def representative_dataset() -> Iterator[list[NDArray[np.float32]]]:
        for value in inputs_one_by_one(pixels, preprocess):
            yield [value]

    converter.representative_dataset = representative_dataset
    wide = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    is_wide = recipe.precision == "int16x8"
    converter.target_spec.supported_ops = [wide if is_wide else tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.dtypes.as_dtype(recipe.end_type)
    converter.inference_output_type = tf.dtypes.as_dtype(recipe.end_type)
    # The converter offers no public switch; that it took effect is checked in the file.
    converter._experimental_disable_per_channel = recipe.granularity == "per_tensor"


def _first_lines(problem: Exception) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return " ".join(lines[:3])[:500] or type(problem).__name__
