"""The key of a build: a hash of everything that made the file, so that a cached file is never stale.

What does not touch a file stays out of its key: fp32 does not depend on calibration images.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.building.fingerprint import RESIZE_CODE, code_hash, library_versions
from bench.building.hashing import sha256_of
from bench.building.request import BuildRequest, calibration_images, training_images, training_set
from bench.core.recipe import Recipe
from bench.errors import ModelError
from bench.quantize.pixels import NOISE_SEED
from bench.wire.codec import content_hash, to_json

# Which code and which libraries make which file.
_SHARED_CODE = (
    "quantize/endpoint.py",
    "quantize/pixels.py",
    "quantize/check.py",
    "quantize/trial.py",
    "quantize/layers.py",
    "quantize/saved_model.py",
    "quantize/onnx_source.py",
    "building/workshop.py",
    "building/exporting.py",
    "building/floats.py",
    "building/opening.py",
    "building/loading.py",
)
_CODE = {
    "litert": (
        "quantize/litert.py",
        "quantize/litert_edge.py",
        "quantize/litert_names.py",
        "quantize/litert_signature.py",
    ),
    "onnxruntime": (
        "quantize/onnx_float.py",
        "quantize/onnx_integer.py",
        "quantize/onnx_int4.py",
        "quantize/onnx_shared.py",
    ),
}
_EQUALISING_CODE = (
    "quantize/equalize.py",
    "quantize/balance.py",
    "quantize/qat",
    "quantize/onnx_balance.py",
    "quantize/onnx_channels.py",
)
_TRAINING_CODE = (
    "quantize/qat",
    "quantize/balance.py",
    "quantize/pixels.py",
    "building/training.py",
    "building/loading.py",
)
_LABELLED_CODE = ("models/builtin",)
_FACTS_CODE = (
    "quantize/facts.py",
    "quantize/facts_tflite.py",
    "quantize/facts_onnx.py",
    "quantize/precision.py",
    "quantize/tensors.py",
    "quantize/tflite_graph.py",
    "quantize/onnx_graph.py",
)
_LIBRARIES = {
    "litert": ("tensorflow", "keras", "ai-edge-quantizer"),
    "onnxruntime": ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime"),
}


def build_key(request: BuildRequest) -> str:
    """Return the key of a request, 64 hex digits. Imports no framework.

    A request whose model file cannot be read has a key too, under which nothing is ever stored.
    """
    if request.recipe is None:
        about = [request.source.path, _source(request), request.source.precision]
        return content_hash(["given", *about, code_hash(_FACTS_CODE)])
    return content_hash(
        {
            "kind": "control" if request.control else "export",
            "model": trained_key(request) if request.needs_training else _source(request),
            "recipe": _recipe_parts(request.recipe, request.runtime) if not request.control else "fp32",
            "input": [request.preprocess.width, request.preprocess.height, request.preprocess.layout],
            "calibration": _calibration_parts(request) if request.needs_pixels else None,
            "equalising": code_hash(_EQUALISING_CODE) if request.recipe.equalize else None,
            "code": code_hash(_SHARED_CODE + _CODE[request.runtime] + _FACTS_CODE),
            "libraries": library_versions(_LIBRARIES[request.runtime]),
        }
    )


def trained_key(request: BuildRequest) -> str:
    """Return the key of the trained Keras model that a QAT request is exported from; runtimes share it."""
    recipe, images = request.recipe, training_set(request)
    assert recipe is not None
    labels = recipe.training.labels
    return content_hash(
        {
            "kind": "control model" if request.control else "qat model",
            "model": _source(request),
            "training": recipe.training,
            "granularity": None if request.control else recipe.granularity,
            "images": [image.sha256 for image in training_images(request)],
            "annotations": sha256_of(Path(images.annotations))
            if labels and images and images.annotations
            else "",
            "calibration": _calibration_parts(request) if labels else None,
            "preprocess": request.preprocess,
            "code": code_hash(_TRAINING_CODE + RESIZE_CODE + (_LABELLED_CODE if labels else ())),
            "libraries": library_versions(_LIBRARIES["litert"]),
        }
    )


def source_file(request: BuildRequest) -> Path:
    """Return the file, or the folder of a SavedModel, that holds the float model or the given one."""
    if request.source.kind == "builtin":
        from bench.models.builtin.shipped import weights_path

        return weights_path()
    return Path(request.source.path)


def _source(request: BuildRequest) -> str:
    try:
        return sha256_of(source_file(request))
    except ModelError as problem:
        return f"unreadable: {problem}"


def _recipe_parts(recipe: Recipe, runtime: str) -> dict[str, Any]:
    """Return the fields of a recipe that its file depends on, under this runtime."""
    parts: dict[str, Any] = {
        "precision": "int8" if recipe.precision == "qat" else recipe.precision,
        "keep_float": recipe.keep_float,
        "keep_8bit": recipe.keep_8bit,
        "equalize": recipe.equalize,
    }
    if recipe.is_static or recipe.precision == "int4" or recipe.equalize:
        parts["granularity"] = recipe.granularity
    if recipe.is_static:
        own = {"io": recipe.end_type} if runtime == "litert" else {"activations": recipe.activations}
        parts |= {"method": recipe.calibration.method, **own}
    return parts


def _calibration_parts(request: BuildRequest) -> Any:
    """Return what calibration saw: the images' hashes and how they became inputs, or which noise it was."""
    recipe = request.recipe
    assert recipe is not None
    if recipe.calibration.source != "images":
        return [recipe.calibration.source, NOISE_SEED, recipe.calibration.images, to_json(request.preprocess)]
    hashes = [image.sha256 for image in calibration_images(request)]
    return [hashes, to_json(request.preprocess), code_hash(RESIZE_CODE)]
