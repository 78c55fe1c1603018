"""One float model on its way to several files: what the exports share is made once and kept."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.recipe import Recipe
from bench.quantize import litert, onnx_float, onnx_integer
from bench.quantize.endpoint import Endpoint, num_kernel_weights, save_endpoint, trace_endpoint
from bench.quantize.litert_names import name_tensors
from bench.quantize.pixels import normalise
from bench.quantize.trial import Outputs
from bench.wire.description import Preprocess


class FloatModel:
    """A Keras model with its traced function, SavedModel and float ONNX file, each made when first needed.

    Args:
        folder: of this model alone, in which files may be left.
    """

    def __init__(self, model: Any, preprocess: Preprocess, folder: Path) -> None:
        self.model, self.preprocess, self.folder = model, preprocess, folder
        self._onnx: Path | None = None

    @cached_property
    def endpoint(self) -> Endpoint:
        """The traced function."""
        return trace_endpoint(self.model, self.preprocess)

    @cached_property
    def saved_model(self) -> Path:
        """A SavedModel of it."""
        save_endpoint(self.endpoint, self.folder / "saved_model")
        return self.folder / "saved_model"

    @property
    def onnx(self) -> Path:
        """A float ONNX file of it."""
        if self._onnx is None:
            onnx_float.export_onnx(self.endpoint, self.folder / "float.onnx")
            self._onnx = self.folder / "float.onnx"
        return self._onnx

    @property
    def has_onnx(self) -> bool:
        """Whether the float ONNX file is there already."""
        return self._onnx is not None

    def adopt_onnx(self, path: Path) -> None:
        """Take a float ONNX file that was made of the same model before; it is only read."""
        self._onnx = path

    @cached_property
    def num_kernel_weights(self) -> int:
        """How many weights an export must roughly hold."""
        return num_kernel_weights(self.model)

    def outputs(self, pixels: NDArray[np.uint8]) -> Outputs:
        """Return the float model's own outputs for one image, (height, width, 3) uint8."""
        results = self.endpoint.function(normalise(pixels[None], self.preprocess))
        return {name: np.asarray(value) for name, value in results.items()}


def export(
    model: FloatModel, recipe: Recipe, pixels: NDArray[np.uint8] | None, target: Path
) -> tuple[str, ...]:
    """Write the file of a recipe; the suffix of `target` says for which runtime.

    Args:
        pixels: (num_images, height, width, 3) uint8 to calibrate on, for int8 and qat.

    Returns:
        What a reader should know of the file.
    """
    if target.suffix == ".tflite":
        content = litert.convert_litert(model.saved_model, recipe, pixels, model.preprocess)
        target.write_bytes(name_tensors(content))
        return litert.litert_notes(recipe)
    return _export_onnx(model, recipe, pixels, target)


def _export_onnx(
    model: FloatModel, recipe: Recipe, pixels: NDArray[np.uint8] | None, target: Path
) -> tuple[str, ...]:
    if recipe.precision == "fp32":
        target.write_bytes(model.onnx.read_bytes())
        return ()
    if recipe.precision == "fp16":
        onnx_float.convert_half(model.onnx, target)
        return onnx_float.half_notes()
    if recipe.precision == "dynamic":
        onnx_integer.quantize_weights(model.onnx, target)
        return onnx_integer.dynamic_notes()
    assert pixels is not None
    onnx_integer.quantize_static_qdq(model.onnx, target, recipe, pixels, model.preprocess)
    return onnx_integer.static_notes(recipe)
