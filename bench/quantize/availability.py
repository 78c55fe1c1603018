"""Which combinations of model, recipe and runtime can be made at all, known without importing a framework."""

from __future__ import annotations

from bench.core.model import SourceKind
from bench.core.recipe import Recipe

# Runtime -> file name suffix of the models that it runs.
SUFFIXES = {"litert": ".tflite", "onnxruntime": ".onnx"}

_KIND_WORDS = {"saved_model": "SavedModel", "onnx": "float ONNX file", "tflite": "float .tflite file"}


def availability(source_kind: SourceKind, recipe: Recipe, runtime: str) -> str:
    """Say why a combination cannot be made.

    Args:
        runtime: canonical name, as in `SUFFIXES`.

    Returns:
        The reason, one sentence that a report can show; empty if the combination can be tried.
    """
    if runtime not in SUFFIXES:
        return f"no exporter makes files for runtime {runtime!r}; expected one of {', '.join(SUFFIXES)}"
    return (
        _source_problem(source_kind, recipe, runtime)
        or _equalising_problem(source_kind, recipe)
        or _calibration_problem(recipe, runtime)
        or _io_problem(source_kind, recipe, runtime)
        or _training_problem(source_kind, recipe)
    )


def _source_problem(kind: SourceKind, recipe: Recipe, runtime: str) -> str:
    if kind == "file":
        return "a given model file is measured as it is; recipes need a float model as `source`"
    own = {"onnx": "onnxruntime", "tflite": "litert"}.get(kind, runtime)
    if own != runtime:
        return (
            f"a float {SUFFIXES[own]} file is quantized for {own} only: there is no converter to "
            f"{SUFFIXES[runtime]} here; start from the Keras model or a SavedModel"
        )
    if recipe.precision == "qat" and kind not in ("builtin", "keras"):
        return f"QAT trains the layers of a Keras model; a {_KIND_WORDS[kind]} has none to train"
    return ""


def _equalising_problem(kind: SourceKind, recipe: Recipe) -> str:
    if recipe.equalize and kind in ("saved_model", "tflite"):
        return (
            "equalize balances the layers of Keras models and float ONNX files; those of a "
            f"{_KIND_WORDS[kind]} are not read here"
        )
    return ""


def _io_problem(kind: SourceKind, recipe: Recipe, runtime: str) -> str:
    is_by_layer = kind == "tflite" or recipe.keeps_layers
    if runtime == "litert" and recipe.is_static and is_by_layer and recipe.io == "uint8":
        return (
            "ai-edge-quantizer, which quantizes layer by layer, writes int8 or float32 inputs and outputs; "
            "use io: int8 or io: float32"
        )
    return ""


def _calibration_problem(recipe: Recipe, runtime: str) -> str:
    if not recipe.is_static:
        return ""
    if recipe.calibration.images < 1:
        return f"calibration needs 1 image or more, got {recipe.calibration.images}"
    if runtime == "litert" and recipe.calibration.method != "minmax":
        return (
            f"the LiteRT converter calibrates by minmax only, not by {recipe.calibration.method}; use "
            "minmax, or runtime onnxruntime"
        )
    return ""


def _training_problem(source_kind: SourceKind, recipe: Recipe) -> str:
    if recipe.precision == "qat" and recipe.training.labels and source_kind != "builtin":
        return (
            "training with labels needs the model's own loss, which is known for the built-in detector only; "
            "set training.labels to false to learn from the float model's outputs"
        )
    return ""
