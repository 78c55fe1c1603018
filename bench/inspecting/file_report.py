"""FileReport: everything that inspection found in one model file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from bench.core.artifact import FileFacts
from bench.core.record import Advice
from bench.detectors.families.base import Recognition
from bench.quantize.tensors import TensorFacts
from bench.wire.tensor import TensorSpec

FileFormat = Literal["tflite", "onnx", "keras", "h5", "saved_model"]

# suffix -> format; a folder is a SavedModel.
FORMATS: dict[str, FileFormat] = {".tflite": "tflite", ".onnx": "onnx", ".keras": "keras", ".h5": "h5"}


@dataclass(frozen=True)
class WeightGroup:
    """Operators with a constant kernel that compute alike.

    Attributes:
        activation, weight: dtypes as the kernels see them.
        scales: `none`, `per tensor` or `per channel`.
        ops: number of operators by type; `num_weights` in all of their kernels.
    """

    activation: str
    weight: str
    scales: str
    ops: dict[str, int]
    num_weights: int


@dataclass(frozen=True)
class Trial:
    """What a runtime made of the file: loaded, and fed with zeros once.

    Attributes:
        problem: why it did not load or run; empty if it did.
        proof: what the runtime reports of itself, see `bench.agent.runtimes`.
        output_shapes: of what came out, in the order of the outputs; empty if nothing was run.
    """

    runtime: str
    problem: str = ""
    proof: dict[str, Any] = field(default_factory=dict)
    output_shapes: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class PostProcessing:
    """What a graph's own post-processing operator was told when it was exported.

    Attributes:
        num_classes, max_detections, iou_threshold: 0 where it does not say.
        outputs: role -> name of the tensor that plays it, whatever converters called it.
    """

    num_classes: int = 0
    max_detections: int = 0
    iou_threshold: float = 0.0
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FileReport:
    """One model file, looked into.

    Attributes:
        path: absolute; a folder for a SavedModel.
        sha256: of the file; of names and hashes of all files of a folder.
        facts: precision as a whole, operators, weights by type.
        inputs, outputs: as a runtime declares them.
        tensors: every tensor that the file stores or declares.
        weighted: what computes in which types; empty for formats without operators.
        float_ops: operators that work on floats although an integer model would not need to.
        producer: what wrote the file, where it says.
        metadata: what its exporter noted in it, texts of unknown origin.
        layers: name -> operator of each layer, by the names that `keep_float` and `keep_8bit` are matched
            with; empty for formats whose layers get their names when they are exported.
        may_equalise: False where `equalize` would surely change nothing.
        post_processing: settings of the operator that suppresses boxes in the graph; None without one.
        class_names: as its exporter noted them; empty where it did not.
        oddities: what an engineer should know before relying on the file.
        recognitions: families that it may be of, the likeliest first.
        trial: None where no runtime takes the format, or none was asked for.
    """

    path: str
    format: FileFormat
    sha256: str
    size_bytes: int
    facts: FileFacts
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    tensors: tuple[TensorFacts, ...] = ()
    weighted: tuple[WeightGroup, ...] = ()
    float_ops: dict[str, int] = field(default_factory=dict)
    producer: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()
    layers: dict[str, str] = field(default_factory=dict)
    may_equalise: bool = True
    post_processing: PostProcessing | None = None
    oddities: tuple[Advice, ...] = ()
    recognitions: tuple[Recognition, ...] = ()
    trial: Trial | None = None
