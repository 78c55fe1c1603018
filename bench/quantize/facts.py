"""What a model file says of itself, read from its tensors and never from its name."""

from __future__ import annotations

from pathlib import Path

from bench.core.artifact import FileFacts
from bench.core.recipe import PRECISIONS
from bench.errors import ModelError
from bench.quantize.facts_onnx import read_onnx
from bench.quantize.facts_tflite import read_tflite
from bench.quantize.precision import ModelGraph, facts_of


def read_facts(path: Path) -> FileFacts:
    """Read the facts of a .tflite or .onnx file.

    Raises:
        ModelError: the file cannot be read, is damaged, or is of another kind.
    """
    return facts_of(read_graph(path))


def read_graph(path: Path) -> ModelGraph:
    """Read operators and tensors of a .tflite or .onnx file; raises like `read_facts`."""
    readers = {".tflite": read_tflite, ".onnx": read_onnx}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ModelError(f"{path}: model files end in .tflite or .onnx, got {path.suffix or 'no suffix'!r}")
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise ModelError(
            f"{path}: the model file cannot be read ({problem.strerror}); check the path"
        ) from problem
    if not content:
        raise ModelError(f"{path}: the model file is empty; fetch it again")
    return reader(content, str(path))


def verify_declared(declared: str, facts: FileFacts, keeps_layers: bool = False) -> str:
    """Compare a declared precision with what the file holds.

    Quantization-aware training leaves no trace in a file, so a declared `qat` is satisfied by int8 tensors.

    Args:
        keeps_layers: some layers were left out on purpose, so that the file may be mixed, or wholly integer
            where the layers left out have no weights.

    Returns:
        The problem and its cure; empty if they agree.
    """
    if declared not in PRECISIONS:
        return f"unknown precision {declared!r}; expected one of {', '.join(PRECISIONS)}"
    expected = "int8" if declared == "qat" else declared
    if facts.precision == expected or (keeps_layers and facts.precision == "mixed"):
        return ""
    if keeps_layers and expected == "mixed" and facts.precision == "int8":
        return ""
    details = "; ".join(facts.notes)
    found = facts.precision + (f" ({details})" if details else "")
    return (
        f"declared precision {declared} does not fit the file, whose tensors are {found}; correct `precision`"
    )
