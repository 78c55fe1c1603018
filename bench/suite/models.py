"""The models of a suite: names, groups, files and descriptions."""

from __future__ import annotations

import re
from pathlib import Path as FilePath
from typing import Any

from bench.core.model import Expected, ModelSource, SourceKind
from bench.detectors.presets import default_description
from bench.suite.describing import describe
from bench.suite.forms import Name
from bench.suite.nodes import Node, Path
from bench.suite.reading import Reading
from bench.wire.description import ModelDescription

# The built-in detector's input side in pixels, and its classes; a test holds them against the model itself.
BUILTIN_SIZE = 160
BUILTIN_CLASSES = 8

# Suffix of a float model file that recipes quantize as it is -> what the model is then.
_FILE_KINDS: dict[str, SourceKind] = {".onnx": "onnx", ".tflite": "tflite"}


def builtin_description() -> ModelDescription:
    """Return how the built-in detector is fed and read."""
    return default_description("ltrb", BUILTIN_SIZE, BUILTIN_SIZE, BUILTIN_CLASSES)


def build_models(values: dict[str, Any], reading: Reading) -> tuple[ModelSource, ...]:
    """Build the models from what was read below `model` or `models`; those that are wrong are left out."""
    if "model" in values:
        entries: list[tuple[Path, Any]] = [(("model",), values["model"])]
    else:
        entries = [(("models", i), entry) for i, entry in _listed(values, reading)]
    models: dict[str, ModelSource] = {}
    for path, entry in entries:
        model = _build(entry if isinstance(entry, dict) else {"builtin": True}, path, reading)
        if model is None:
            continue
        if model.name in models:
            reading.complain(
                path, f"got a second model named {model.name!r}, expected unique names: give one a `name`"
            )
            continue
        models[model.name] = model
    return tuple(models.values())


def _listed(values: dict[str, Any], reading: Reading) -> list[tuple[int, Any]]:
    """Pair the models that were read with their places; a list with wrong items is left out altogether."""
    read, written = values.get("models", ()), reading.root.fields.get("models", Node((), 1)).items
    return list(enumerate(read)) if len(read) == len(written) else []


def _build(entry: dict[str, Any], path: Path, reading: Reading) -> ModelSource | None:
    if entry.get("builtin"):
        return _build_builtin(entry, path, reading)
    key = next((key for key in ("keras", "source", "file", "tflite", "onnx") if key in entry), None)
    if key is None:
        return None
    file = FilePath(entry[key])
    is_given = key not in ("keras", "source")
    name = entry.get("name", file.stem)
    _check_name(name, path, reading)
    written = reading.find(path)
    is_wrong = written is not None and "precision" in written.fields
    if is_given and "precision" not in entry and not is_wrong:
        reading.complain(
            (*path, "precision"), "missing, expected the precision of the given file, as in precision: int8"
        )
    if not is_given and "precision" in entry:
        reading.complain(
            (*path, "precision"),
            "a float model has none, expected what to make of it in matrix.precision: remove the key",
        )
    suffix = file.suffix.lower()
    described = _describe(entry, suffix if suffix in _FILE_KINDS else "", path, reading)
    if described is None:
        return None
    description, class_names = described
    if not is_given:
        _refuse_quantization(description, path, reading)
    source: SourceKind = "file" if is_given else _source_kind(suffix)
    return ModelSource(
        name,
        entry.get("group", name),
        source,
        str(file),
        description,
        entry.get("precision", ""),
        _expected(entry),
        class_names,
    )


def _refuse_quantization(description: ModelDescription, path: Path, reading: Reading) -> None:
    """Complain of a quantization for files that the recipes are yet to make, each with its own."""
    for place, own in (
        ("input", description.preprocess.quantization),
        ("outputs", description.decode.quantization),
    ):
        if own:
            text = "a float model has no quantization, expected it for given files only"
            reading.complain((*path, "detector", place), f"{text}: remove scale and zero_point")


def _source_kind(suffix: str) -> SourceKind:
    """Return the kind of a float model; a folder without a suffix of its own is a SavedModel."""
    return "keras" if suffix in (".keras", ".h5") else _FILE_KINDS.get(suffix, "saved_model")


def _expected(entry: dict[str, Any]) -> Expected | None:
    """Return the accuracy published for a model, if the suite names one and all of it is right."""
    values = entry.get("expected", {})
    return Expected(**values) if {"data", "source", "map_50_95"} <= set(values) else None


def _build_builtin(entry: dict[str, Any], path: Path, reading: Reading) -> ModelSource:
    for key in ("detector", "precision"):
        if key in entry:
            reading.complain(
                (*path, key), "the built-in model brings its own, expected no such key: remove it"
            )
    name = entry.get("name", "builtin")
    expected = _expected(entry)
    return ModelSource(
        name, entry.get("group", name), "builtin", "", builtin_description(), expected=expected
    )


def _describe(
    entry: dict[str, Any], suffix: str, path: Path, reading: Reading
) -> tuple[ModelDescription, tuple[str, ...]] | None:
    if "detector" in entry:
        return describe(entry["detector"], suffix, (*path, "detector"), reading)
    if reading.is_clean(str(path[0])):
        expected = "as in detector: yolov8, or detector: {family: yolov8, input: {size: 640}, labels: coco80}"
        reading.complain((*path, "detector"), f"missing, expected how the model is fed and read, {expected}")
    return None


def _check_name(name: str, path: Path, reading: Reading) -> None:
    """Complain of a file's name that cannot be a model's."""
    if not re.fullmatch(Name.pattern, name):
        reading.complain(
            (*path, "name"), f"missing, expected one since the file's own ({name!r}) is not {Name.expected}"
        )
