"""Completes descriptions from the model files: what a suite leaves out (`detector: yolov8`) is read there.

What a suite says stays; where it contradicts the file, that is an error before any work.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.core.model import ModelSource
from bench.core.suite import Suite
from bench.detectors import Detector
from bench.detectors.families.base import Recognition
from bench.detectors.model_input import check_input
from bench.detectors.presets import default_description
from bench.errors import ModelError, SuiteError
from bench.inspecting import FileReport, look_into
from bench.running.fitness import check_patterns, with_fitness
from bench.wire.description import Layout, ModelDescription

# These are run as they are or read as they are, so that the description must fit their outputs.
_WITH_OUTPUTS = (".tflite", ".onnx")

# By so much more confidence than the suite's own family must another one be recognised to be the likelier.
_CLEARLY = 0.1


def complete_models(suite: Suite) -> Suite:
    """Fill in what the suite leaves to the model files, and hold its cases against what they are.

    Raises:
        SuiteError: a file does not tell its input size, suite and file disagree (the message has both), or a
            pattern of a recipe fits no layer.
        ModelError: a file from which something is to be filled in cannot be read.
    """
    reports = _look_into_files(suite)
    models = tuple(
        _completed(suite, model, reports[model.name]) if model.name in reports else model
        for model in suite.models
    )
    suite = replace(suite, models=models) if reports else suite
    suite = with_fitness(suite, reports)
    check_patterns(suite, reports)
    return suite


def _look_into_files(suite: Suite) -> dict[str, FileReport]:
    """Return reports on the model files that cases need, by model."""
    needed = {case.model for case in suite.cases}
    reports = {}
    for model in suite.models:
        is_open = not model.description.preprocess.width
        if model.name not in needed or not (is_open or Path(model.path).suffix.lower() in _WITH_OUTPUTS):
            continue
        try:
            reports[model.name] = look_into(Path(model.path), with_trial=False, with_families=is_open)
        except ModelError:
            # Where nothing is to be filled in, a damaged file is a failure of its own cases alone.
            if is_open:
                raise
    return reports


def _completed(suite: Suite, model: ModelSource, report: FileReport) -> ModelSource:
    try:
        if model.description.preprocess.width:
            _check_input(model.description, report)
            return model
        return replace(model, description=complete(model.description, report))
    except ModelError as problem:
        raise SuiteError(f"{suite.path}: model {model.name} ({model.path}): {problem}") from problem


def _check_input(description: ModelDescription, report: FileReport) -> None:
    if len(report.inputs) == 1:
        check_input(description.preprocess, report.inputs[0])


def complete(description: ModelDescription, report: FileReport) -> ModelDescription:
    """Return a description with what the file tells put in where nothing was said.

    Args:
        description: with an input of 0 x 0; its options are the family's customs except where told otherwise.

    Raises:
        ModelError: the file does not tell its input size, or description and file disagree.
    """
    width, height, layout = _input_of(report)
    family = description.decode.family
    found = next((r for r in report.recognitions if r.description.decode.family == family), None)
    preprocess = replace(description.preprocess, width=width, height=height, layout=layout)
    decode = replace(
        description.decode,
        options=_options(description, report, (width, height), found),
        outputs={**(found.description.decode.outputs if found else {}), **description.decode.outputs},
    )
    complete = replace(description, preprocess=preprocess, decode=decode)
    _check_classes(complete, report, found)
    _check_fit(complete, report)
    return complete


def _input_of(report: FileReport) -> tuple[int, int, Layout]:
    """Return width, height and layout of the one input that takes the photo."""
    if len(report.inputs) != 1:
        raise ModelError(f"the file has {len(report.inputs)} inputs, expected one that takes the photo")
    shape = report.inputs[0].shape
    if len(shape) in (3, 4):
        sizes = shape[-3:]
        is_first = sizes[0] == 3 and sizes[2] != 3
        height, width, channels = (*sizes[1:], sizes[0]) if is_first else sizes
        if channels == 3 and height > 0 and width > 0:
            return width, height, "nchw" if is_first else "nhwc"
    raise ModelError(
        f"the file does not tell the size of its input, {report.inputs[0].name!r} {list(shape)}; write it "
        "into the suite, as in detector: {family: yolov8, input: {size: 640}}"
    )


def _options(
    description: ModelDescription, report: FileReport, size: tuple[int, int], found: Recognition | None
) -> dict[str, Any]:
    """Return the family's options for this file; what the suite changed of the customs stays."""
    family, suffix = description.decode.family, f".{report.format}"
    blank = default_description(family, 0, 0, file_suffix=suffix).decode.options
    told = {
        name: value
        for name, value in description.decode.options.items()
        if name not in blank or blank[name] != value
    }
    if found is not None:
        return {**found.description.decode.options, **told}
    return {**default_description(family, *size, file_suffix=suffix).decode.options, **told}


def _check_classes(description: ModelDescription, report: FileReport, found: Recognition | None) -> None:
    if found is None or any("class count" in words for words in found.unknown):
        return
    labels, classes = len(description.category_ids), len(found.description.category_ids)
    if labels != classes:
        raise ModelError(
            f"{_likelier_family(description, report)}the labels name {labels} classes, but the file's "
            f"outputs have {classes}; write `labels` for these {classes} (a list of category ids or "
            "names, a file of names, or {offset, count})"
        )


def _check_fit(description: ModelDescription, report: FileReport) -> None:
    if f".{report.format}" not in _WITH_OUTPUTS:
        return
    try:
        Detector(description, report.inputs, report.outputs)
    except ModelError as problem:
        first = _likelier_family(description, report)
        raise ModelError(f"{first}{problem}; `bench inspect {report.path}` says more") from problem


def _likelier_family(description: ModelDescription, report: FileReport) -> str:
    """Name the family that a file looks like, where that is clearly another one; else empty.

    A wrong family shows first as a wrong number of classes, and labels are not what is to be mended then.
    """
    said = description.decode.family
    confidence = {found.description.decode.family: found.confidence for found in report.recognitions}
    likely = max(confidence, key=lambda family: confidence[family], default=said)
    if confidence.get(likely, 0.0) < confidence.get(said, 0.0) + _CLEARLY:
        return ""
    return f"the file looks like {likely}, not {said}: write detector: {likely}. Read as {said}, "
