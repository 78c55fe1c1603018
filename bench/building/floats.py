"""One float model on its way to several files: what the exports share is made once and kept.

Each kind of source offers what it can: Keras models and SavedModels a traced function, float files
themselves.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.recipe import Granularity, Recipe
from bench.quantize import litert, onnx_float, saved_model
from bench.quantize.endpoint import Endpoint, num_kernel_weights, save_endpoint, trace_endpoint
from bench.quantize.facts import read_graph
from bench.quantize.litert_names import name_tensors
from bench.quantize.onnx_balance import equalise_onnx
from bench.quantize.onnx_source import clean_onnx
from bench.quantize.pixels import normalise
from bench.quantize.trial import Outputs, run_once
from bench.wire.description import Preprocess

_FLOAT = Recipe("fp32", "fp32")


class FloatModel:
    """A Keras model with its traced function, SavedModel and float files, each made when first needed.

    Args:
        folder: of this model alone, in which files may be left.
        notes: what a reader should know of every file made of it.
    """

    def __init__(self, model: Any, preprocess: Preprocess, folder: Path, notes: tuple[str, ...] = ()) -> None:
        self.model, self.preprocess, self.folder, self.notes = model, preprocess, folder, notes
        self._files: dict[str, Path] = {}

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
        if "onnxruntime" not in self._files:
            onnx_float.export_onnx(self.endpoint, self.folder / "float.onnx")
            self._files["onnxruntime"] = self.folder / "float.onnx"
        return self._files["onnxruntime"]

    @property
    def tflite(self) -> Path:
        """A float .tflite file of it."""
        if "litert" not in self._files:
            content = litert.convert_litert(self.saved_model, _FLOAT, None, self.preprocess)
            (self.folder / "float.tflite").write_bytes(name_tensors(content))
            self._files["litert"] = self.folder / "float.tflite"
        return self._files["litert"]

    def has_file(self, runtime: str) -> bool:
        """Whether the float file of a runtime is there already."""
        return runtime in self._files

    def adopt(self, runtime: str, path: Path) -> None:
        """Take a float file that was made of the same model before; it is only read."""
        self._files[runtime] = path

    @cached_property
    def num_kernel_weights(self) -> int:
        """How many weights an export must roughly hold."""
        return num_kernel_weights(self.model)

    def outputs(self, pixels: NDArray[np.uint8]) -> Outputs:
        """Return the float model's own outputs for one image, (height, width, 3) uint8."""
        results = self.endpoint.function(normalise(pixels[None], self.preprocess))
        return {name: np.asarray(value) for name, value in results.items()}


class SavedFloatModel(FloatModel):
    """A TensorFlow SavedModel at a fixed input shape.

    Args:
        model: folder of a copy of it.
    """

    @cached_property
    def endpoint(self) -> Endpoint:
        """Its serving function."""
        return saved_model.load_endpoint(self.model, self.preprocess)

    @cached_property
    def saved_model(self) -> Path:
        """The SavedModel of the fixed function."""
        saved_model.save_fixed(self.endpoint, self.folder / "fixed")
        return self.folder / "fixed"

    @cached_property
    def num_kernel_weights(self) -> int:
        """How many weights an export must roughly hold; 0 where they are constants of the graph."""
        return saved_model.num_variable_weights(self.endpoint)


class FloatFile(FloatModel):
    """A float .tflite or .onnx file, which is quantized for its own runtime only.

    Args:
        model: path of a copy of it.
    """

    def __init__(self, model: Path, preprocess: Preprocess, folder: Path) -> None:
        super().__init__(model, preprocess, folder)
        if model.suffix == ".tflite":
            self.adopt("litert", model)
        else:
            self.notes = clean_onnx(model, folder / "clean.onnx", preprocess)
            self.adopt("onnxruntime", folder / "clean.onnx")

    def equalise(self, pixels: NDArray[np.uint8], granularity: Granularity) -> None:
        """Balance the channels of an ONNX file over calibration images, (n, height, width, 3) uint8."""
        balanced = self.folder / "balanced.onnx"
        self.notes += equalise_onnx(self.onnx, balanced, pixels, self.preprocess, granularity)
        self.adopt("onnxruntime", balanced)

    @cached_property
    def num_kernel_weights(self) -> int:
        """How many weights an export must roughly hold."""
        return sum(op.num_weights for op in read_graph(self.model).weighted)

    def outputs(self, pixels: NDArray[np.uint8]) -> Outputs:
        """Return what its runtime computes for one image, (height, width, 3) uint8."""
        return run_once(self.model, pixels, self.preprocess)
