"""Open the float model of a request, whatever kind of source it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.building.floats import FloatFile, FloatModel, SavedFloatModel
from bench.building.loading import copy_source, load_keras
from bench.building.request import BuildRequest
from bench.core.artifact import FileFacts
from bench.core.model import FLOAT_FILE_KINDS
from bench.errors import UnavailableError
from bench.quantize.equalize import equalise_keras
from bench.quantize.facts import read_facts


def open_source(
    path: Path, request: BuildRequest, folder: Path, balanced_on: NDArray[np.uint8] | None
) -> FloatModel:
    """Open a float model from a copy.

    Args:
        path: the source, or the model that training made of it.
        folder: of this model alone, in which files may be left.
        balanced_on: (num_images, height, width, 3) uint8 to equalise channels on; None to leave them.

    Raises:
        ModelError: the source cannot be read.
        UnavailableError: nothing can be made of it; the message is the reason.
    """
    if request.source.kind in FLOAT_FILE_KINDS:
        require_float(path)
        file = FloatFile(copy_source(path, folder), request.preprocess, folder)
        if balanced_on is not None and request.recipe is not None:
            file.equalise(balanced_on, request.recipe.granularity)
        return file
    if request.source.kind == "saved_model":
        return SavedFloatModel(copy_source(path, folder), request.preprocess, folder)
    model = load_keras(path, folder)
    if balanced_on is None:
        return FloatModel(model, request.preprocess, folder)
    assert request.recipe is not None
    granularity = request.recipe.granularity
    model, notes = equalise_keras(model, balanced_on, request.preprocess, granularity)
    return FloatModel(model, request.preprocess, folder, notes)


def require_float(path: Path) -> FileFacts:
    """Return the facts of a float32 file.

    Raises:
        UnavailableError: its weights have been quantized or shortened already.
    """
    facts = read_facts(path)
    problem = float_problem(path, facts.precision)
    if problem:
        raise UnavailableError(problem)
    return facts


def float_problem(path: Path, precision: str) -> str:
    """Say why recipes cannot start from a file of that precision; empty if they can."""
    if precision == "fp32":
        return ""
    return (
        f"{path.name} is {precision} by its tensors, and recipes start from float32 weights; give "
        "the float32 file as `source`, or measure this one as it is (tflite: or onnx: with its precision)"
    )
