"""Which combinations of model, recipe and runtime can be made at all, known without importing a framework."""

from __future__ import annotations

from bench.core.model import SourceKind
from bench.core.recipe import Recipe

# Runtime -> file name suffix of the models that it runs.
SUFFIXES = {"litert": ".tflite", "onnxruntime": ".onnx"}


def availability(source_kind: SourceKind, recipe: Recipe, runtime: str) -> str:
    """Say why a combination cannot be made.

    Args:
        runtime: canonical name, as in `SUFFIXES`.

    Returns:
        The reason, one sentence that a report can show; empty if the combination can be tried.
    """
    if runtime not in SUFFIXES:
        return f"no exporter makes files for runtime {runtime!r}; expected one of {', '.join(SUFFIXES)}"
    if source_kind == "file":
        return "a given model file is measured as it is; recipes need a Keras model"
    if recipe.precision in ("int8", "qat"):
        return _calibration_problem(recipe, runtime) or _training_problem(source_kind, recipe)
    return ""


def _calibration_problem(recipe: Recipe, runtime: str) -> str:
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
