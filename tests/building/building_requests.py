"""Requests for tests: a Keras source, a few photos, and given files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.building.request import BuildRequest
from bench.core.data import ImageSet
from bench.core.model import ModelSource
from bench.core.recipe import Recipe
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression
from bench.wire.job import ImageRef

PREPROCESS = Preprocess(32, 32)


def describe(preprocess: Preprocess = PREPROCESS) -> ModelDescription:
    return ModelDescription(preprocess, Decode("ltrb"), Suppression(), tuple(range(1, 9)))


def write_photos(folder: Path, count: int) -> ImageSet:
    """Write PNG photos and list them."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    refs = []
    for index in range(count):
        path = folder / f"{index}.png"
        Image.fromarray(rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(path)
        refs.append(ImageRef(index, str(path), hashlib.sha256(path.read_bytes()).hexdigest()))
    return ImageSet(tuple(refs), "unused")


def keras_request(path: Path, recipe: Recipe, runtime: str = "litert", **details: Any) -> BuildRequest:
    source = ModelSource("tiny", "tiny", "keras", str(path), describe())
    return BuildRequest(source, recipe, runtime, **details)


def given_request(path: Path, precision: str = "fp32") -> BuildRequest:
    source = ModelSource(path.stem, "given", "file", str(path), describe(), precision)
    return BuildRequest(source, None, "onnxruntime" if path.suffix == ".onnx" else "litert")


def source_request(path: Path, recipe: Recipe, runtime: str, **details: Any) -> BuildRequest:
    """Return a request of a recipe for a float model of any kind; ONNX files are channels first."""
    kinds = {".onnx": "onnx", ".tflite": "tflite", ".keras": "keras", ".h5": "keras"}
    kind: Any = kinds.get(path.suffix, "saved_model")
    size = details.pop("size", 32)
    preprocess = Preprocess(size, size, layout="nchw" if kind == "onnx" else "nhwc")
    source = ModelSource("tiny", "tiny", kind, str(path), describe(preprocess))
    return BuildRequest(source, recipe, runtime, **details)
