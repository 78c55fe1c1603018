"""ModelSource: where a float model comes from, or a model file that is measured as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.wire.description import ModelDescription

SourceKind = Literal["builtin", "keras", "saved_model", "onnx", "tflite", "file"]

# Float model files that recipes quantize without a training framework's model behind them.
FLOAT_FILE_KINDS: tuple[SourceKind, ...] = ("onnx", "tflite")


@dataclass(frozen=True)
class Expected:
    """Accuracy that somebody published for a model: what a measured figure is held against.

    Attributes:
        data: the data set it was measured on, as people call it (`COCO val2017`).
        source: where it stands, so that a reader can look it up.
        map_50_95, map_50: AP from 0 to 1; `map_50` is None where it was not published.
    """

    data: str
    source: str
    map_50_95: float
    map_50: float | None = None


@dataclass(frozen=True)
class ModelSource:
    """One model of a suite.

    Attributes:
        name: unique in the suite.
        group: models of one group are the same network at different precisions; the fp32 one is the sibling.
        kind: a `file` (.tflite, .onnx) is run as it is; all others are float models that recipes quantize:
            `builtin`, `keras` (.keras, .h5), `saved_model` (a folder), `onnx` and `tflite` (float files).
        path: absolute; empty for the built-in model.
        class_names: of each class index, where a suite labels classes by names; `description.category_ids`
            is final once `bench.running.labels.resolve_labels` has found their categories in the data set.
        precision: declared precision of a given file (`fp32` ... `qat`); empty otherwise.
        expected: the accuracy published for it; None where the suite names none.
    """

    name: str
    group: str
    kind: SourceKind
    path: str
    description: ModelDescription
    precision: str = ""
    expected: Expected | None = None
    class_names: tuple[str, ...] = ()
