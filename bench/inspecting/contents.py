"""Reads one model file into a report, by format. Runs in the worker, where a damaged file can do no harm."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from bench.core.record import Advice
from bench.errors import ModelError
from bench.inspecting.file_report import FORMATS, FileFormat, FileReport, WeightGroup
from bench.inspecting.metadata import read_metadata
from bench.inspecting.oddities import find_oddities
from bench.inspecting.post_processing import read_post_processing
from bench.quantize.facts import read_graph
from bench.quantize.layers import read_layers
from bench.quantize.onnx_passing import may_be_balanced
from bench.quantize.precision import ModelGraph, facts_of


def format_of(path: Path) -> FileFormat:
    """Return the format of a model file, or of a SavedModel's folder.

    Raises:
        ModelError: it is none of them, or is not there.
    """
    if path.is_dir():
        if (path / "saved_model.pb").is_file():
            return "saved_model"
        raise ModelError(f"{path}: a folder without saved_model.pb, expected a model file or a SavedModel")
    if not path.exists():
        raise ModelError(f"{path}: there is no such file; check the path")
    if not path.is_file():
        # Opening a pipe waits for its writer, and a device may never end.
        raise ModelError(
            f"{path}: a pipe, socket or device, expected a regular file or the folder of a SavedModel; write "
            "the model to a file first"
        )
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        known = ", ".join(FORMATS)
        raise ModelError(
            f"{path}: got {path.suffix or 'no suffix'!r}, expected a file that ends in {known}, or the "
            "folder of a SavedModel"
        )
    return found


def read_contents(path: Path, sha256: str, size_bytes: int) -> FileReport:
    """Read everything that a file says without being run.

    Raises:
        ModelError: it is damaged, or is not what its suffix says.
    """
    kind = format_of(path)
    if kind == "saved_model":
        from bench.inspecting.saved_model import read_saved_model

        report = read_saved_model(path, sha256, size_bytes)
    elif kind in ("keras", "h5"):
        from bench.inspecting.keras_files import read_keras

        report = read_keras(path, kind, sha256, size_bytes)
    else:
        report = _read_graph_file(path, kind, sha256, size_bytes)
    return replace(report, oddities=(*report.oddities, *find_oddities(report)))


def _read_graph_file(path: Path, kind: FileFormat, sha256: str, size_bytes: int) -> FileReport:
    graph = read_graph(path)
    found = read_metadata(path, kind)
    return FileReport(
        path=str(path),
        format=kind,
        sha256=sha256,
        size_bytes=size_bytes,
        facts=facts_of(graph),
        inputs=graph.input_specs,
        outputs=graph.output_specs,
        tensors=graph.tensors,
        weighted=_weight_groups(graph),
        float_ops=graph.float_ops,
        producer=found.producer,
        metadata=found.notes,
        class_names=found.class_names,
        post_processing=read_post_processing(path.read_bytes()) if kind == "tflite" else None,
        layers=_layers(path),
        may_equalise=kind == "tflite" or may_be_balanced(path),
        oddities=_own_oddities(path, kind),
    )


def _layers(path: Path) -> dict[str, str]:
    try:
        return {layer.name: layer.op for layer in read_layers(path)}
    except ModelError:
        # Names that are no text; the file may run all the same.
        return {}


def _own_oddities(path: Path, kind: FileFormat) -> tuple[Advice, ...]:
    if kind != "onnx":
        return ()
    from bench.inspecting.oddities_onnx import find_onnx_oddities

    return find_onnx_oddities(path)


def _weight_groups(graph: ModelGraph) -> tuple[WeightGroup, ...]:
    """Gather operators that compute alike, those with most weights first."""
    groups: dict[tuple[str, str, str], tuple[Counter[str], int]] = {}
    for op in graph.weighted:
        scales = "none" if op.num_scales == 0 else "per tensor" if op.num_scales == 1 else "per channel"
        ops, weights = groups.get((op.activation, op.weight, scales), (Counter(), 0))
        groups[op.activation, op.weight, scales] = (ops + Counter([op.op]), weights + op.num_weights)
    rows = [WeightGroup(*key, dict(ops), weights) for key, (ops, weights) in groups.items()]
    return tuple(sorted(rows, key=lambda row: -row.num_weights))
