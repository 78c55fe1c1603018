"""Changes of the family: what the file's own outputs look like, where the description says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.detectors.families.base import Recognition
from bench.diagnosing.change import Change
from bench.errors import BenchError
from bench.inspecting import look_into
from bench.wire.description import ModelDescription

# Formats whose outputs inspection can read.
_SUFFIXES = (".tflite", ".onnx")


def recognise_file(path: Path) -> tuple[Recognition, ...]:
    """Return the families that a model file looks like; none where it cannot be read."""
    if path.suffix not in _SUFFIXES:
        return ()
    try:
        return look_into(path, with_trial=False).recognitions
    except BenchError:
        # What is wrong with the file is told by whoever runs it.
        return ()


def family_changes(description: ModelDescription, found: Sequence[Recognition]) -> Iterator[Change]:
    """Yield what the file looks like, where that is another family, input size or layout."""
    for recognition in found:
        other = recognition.description
        if _shape(other) != _shape(description):
            if len(other.category_ids) == len(description.category_ids):
                other = replace(other, category_ids=description.category_ids)
            reason = recognition.reason.rstrip(".")
            yield Change("family", f"the file looks like family {other.decode.family}: {reason}", other)


def _shape(description: ModelDescription) -> tuple[object, ...]:
    preprocess = description.preprocess
    return description.decode.family, preprocess.width, preprocess.height, preprocess.layout
