"""From a float model and a recipe to the one file: which exporter makes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.building.floats import FloatFile, FloatModel
from bench.core.recipe import Recipe
from bench.quantize import litert, litert_edge, onnx_float, onnx_int4, onnx_integer, onnx_shared
from bench.quantize.layers import NOTHING_KEPT, KeptLayers, choose_layers, read_layers, require_weights
from bench.quantize.litert_names import name_tensors

__all__ = ["FloatModel", "export", "starts_from_file"]

# Precisions whose activations stay in float: layers without weights are as they were.
_WEIGHTS_ALONE = ("dynamic", "int4")


def starts_from_file(recipe: Recipe, runtime: str) -> bool:
    """Whether a recipe quantizes the float file of a runtime rather than the model itself."""
    if runtime == "litert":
        return recipe.precision == "int4" or recipe.keeps_layers
    return recipe.precision not in ("fp32", "qat")


def export(
    model: FloatModel, recipe: Recipe, pixels: NDArray[np.uint8] | None, target: Path
) -> tuple[str, ...]:
    """Write the file of a recipe; the suffix of `target` says for which runtime.

    Args:
        pixels: (num_images, height, width, 3) uint8 to calibrate on, where activations become integers.

    Returns:
        What a reader should know of the file.

    Raises:
        BuildError: an exporter refused, or a pattern of `keep_float` or `keep_8bit` fits no layer.
    """
    if target.suffix != ".tflite":
        return _export_onnx(model, recipe, pixels, target)
    if starts_from_file(recipe, "litert") or isinstance(model, FloatFile):
        kept = _kept(recipe, model.tflite)
        content = litert_edge.quantize_edge(model.tflite, recipe, kept, pixels, model.preprocess)
        target.write_bytes(content)
        return model.notes + litert_edge.edge_notes(recipe, kept)
    content = litert.convert_litert(model.saved_model, recipe, pixels, model.preprocess)
    target.write_bytes(name_tensors(content))
    return model.notes + litert.litert_notes(recipe)


def _kept(recipe: Recipe, file: Path) -> KeptLayers:
    """Return the layers of a float file that a recipe quantizes otherwise."""
    if not recipe.keeps_layers:
        return NOTHING_KEPT
    layers = read_layers(file)
    kept = choose_layers(recipe.keep_float, recipe.keep_8bit, layers)
    if recipe.precision in _WEIGHTS_ALONE:
        require_weights(kept, layers)
    return kept


def _export_onnx(
    model: FloatModel, recipe: Recipe, pixels: NDArray[np.uint8] | None, target: Path
) -> tuple[str, ...]:
    if recipe.precision == "fp32":
        target.write_bytes(model.onnx.read_bytes())
        return model.notes
    if recipe.precision == "fp16":
        onnx_float.convert_half(model.onnx, target)
        return model.notes + onnx_float.half_notes()
    kept = _kept(recipe, model.onnx)
    notes = model.notes
    if kept:
        counts = len(kept.in_float), len(kept.at_8_bits)
        notes += (f"{counts[0]} layers kept in float, {counts[1]} at 8 bits",)
    if recipe.precision == "dynamic":
        onnx_integer.quantize_weights(model.onnx, target, kept)
        return notes + onnx_integer.dynamic_notes()
    if recipe.precision == "int4":
        onnx_int4.quantize_int4(model.onnx, target, recipe.granularity, kept)
        return notes + onnx_int4.int4_notes()
    assert pixels is not None
    onnx_integer.quantize_static_qdq(model.onnx, target, recipe, pixels, model.preprocess, kept)
    notes += onnx_integer.static_notes(recipe)
    if recipe.precision == "int16x8":
        return notes
    return notes + onnx_shared.shared_scale_notes(model.onnx, pixels[0], model.preprocess, kept)
