"""ModelSource: where a float model comes from, or a model file that is measured as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.wire.description import ModelDescription

SourceKind = Literal["builtin", "keras", "file"]


@dataclass(frozen=True)
class ModelSource:
    """One model of a suite.

    Attributes:
        name: unique in the suite.
        group: models of one group are the same network at different precisions; the fp32 one is the sibling.
        kind: `builtin` and `keras` are quantized by recipes; a `file` (.tflite, .onnx) is run as it is.
        path: absolute; empty for the built-in model.
        precision: declared precision of a given file (`fp32` ... `qat`); empty otherwise.
    """

    name: str
    group: str
    kind: SourceKind
    path: str
    description: ModelDescription
    precision: str = ""
