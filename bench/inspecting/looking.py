"""`look_into`: a model file to its report, from the cache or in a process of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.detectors.families.base import Recognition
from bench.errors import ModelError
from bench.inspecting.cache import hash_of, recall, remember, size_of
from bench.inspecting.contents import format_of
from bench.inspecting.file_report import FileReport
from bench.inspecting.process import inspect_in_process, limits_of
from bench.inspecting.refining import name_oddities, refine, with_operator_names


def look_into(path: Path, with_trial: bool = True, with_families: bool = True) -> FileReport:
    """Say what a model file is.

    The file is opened in a process of its own, with limits of memory and time, and never changed; the answer
    is remembered by the file's content.

    Args:
        path: .tflite, .onnx, .keras, .h5, or the folder of a SavedModel.
        with_trial: load and run it once in its runtime too.
        with_families: say which families it may be of; takes longer than recalling all the rest.

    Raises:
        ModelError: there is no such file, it is damaged, or its format is unknown.
    """
    path = path.absolute()
    kind, before = format_of(path), hash_of(path)
    report = recall(path, before, with_trial)
    if report is None:
        size = size_of(path)
        report = inspect_in_process(path, before, size, limits_of(kind, size), with_trial)
        if hash_of(path) != before:
            raise ModelError(
                f"{path}: the file changed while it was read; let its writer finish and run again"
            )
        if _is_lasting(report):
            remember(report, with_trial)
    if not with_families:
        return replace(report, path=str(path))
    found = recognise(report)
    oddities = (*report.oddities, *name_oddities(report, found))
    return replace(report, path=str(path), recognitions=found, oddities=oddities)


def recognise(report: FileReport) -> tuple[Recognition, ...]:
    """Return the families that a file may be of, the likeliest first.

    Not remembered, for families come and go with the packages that are installed.
    """
    from bench.detectors.recognition import recognise_all

    suffix = f".{report.format}" if report.format in ("tflite", "onnx") else ""
    outputs = with_operator_names(report.outputs, report.post_processing)
    return refine(report, recognise_all(report.inputs, outputs, report.facts.ops, suffix))


def _is_lasting(report: FileReport) -> bool:
    """Whether the same file would give the same report again: not if the machine's load decided."""
    return report.trial is None or "its process" not in report.trial.problem
