"""Which precision a file has, judged by the types its weighted operators compute with.

A weighted operator is one with a constant kernel: convolutions and matrix products. Names are never asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.core.artifact import FileFacts
from bench.quantize.tensors import TensorFacts
from bench.wire.tensor import TensorSpec

# Converters leave small tensors as they are; a file counts as fp16 or dynamic if at least this share of its
# kernel weights is stored so, the others being float32.
_MAIN_SHARE = 0.5

# What the other operators of such a file may be. Not every kernel can be int4; those then have int8 weights.
_MAY_REMAIN = {"fp16": {"fp32"}, "dynamic": {"fp32"}, "int4": {"fp32", "dynamic"}}


@dataclass(frozen=True)
class WeightedOp:
    """One operator with a constant kernel.

    Attributes:
        activation: dtype of what flows in, as the kernel sees it.
        weight: dtype in which the kernel is stored.
        num_weights: values in the kernel.
        num_scales: quantization scales of the kernel; 0 if it is not quantized.
    """

    op: str
    activation: str
    weight: str
    num_weights: int
    num_scales: int = 0


@dataclass(frozen=True)
class ModelGraph:
    """What is read from a model file of any format.

    Attributes:
        weight_bytes: bytes of constant tensors by dtype.
        num_constants: constant values of float and 4 to 8 bit integer type.
        float_ops: number of operators, by type, that work on floats although an integer model
            would not need to: conversions between floats and integers are left out.
        tensors: every tensor that the file stores or declares.
        input_specs, output_specs: as a runtime declares them.
    """

    weighted: tuple[WeightedOp, ...]
    weight_bytes: dict[str, int]
    ops: dict[str, int]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    num_constants: int
    opset: int = 0
    float_ops: dict[str, int] = field(default_factory=dict)
    tensors: tuple[TensorFacts, ...] = ()
    input_specs: tuple[TensorSpec, ...] = ()
    output_specs: tuple[TensorSpec, ...] = ()


def facts_of(graph: ModelGraph) -> FileFacts:
    """Condense a graph into the facts that a record keeps."""
    return FileFacts(
        precision=precision_of(graph.weighted),
        weight_bytes=graph.weight_bytes,
        ops=graph.ops,
        inputs=graph.inputs,
        outputs=graph.outputs,
        opset=graph.opset,
        notes=_notes(graph),
    )


def precision_of(ops: Sequence[WeightedOp]) -> str:
    """Return `fp32`, `fp16`, `dynamic`, `int8`, `int16x8`, `int4`, or `mixed` where none of them fits."""
    totals: dict[str, int] = {}
    for op in ops:
        kind = _kind(op)
        totals[kind] = totals.get(kind, 0) + op.num_weights
    if not totals:
        return "mixed"
    if len(totals) == 1:
        return next(iter(totals))
    main = max(totals, key=lambda kind: totals[kind])
    is_mostly_one = set(totals) - {main} <= _MAY_REMAIN.get(main, set())
    return main if is_mostly_one and totals[main] >= _MAIN_SHARE * sum(totals.values()) else "mixed"


def is_per_channel(ops: Sequence[WeightedOp]) -> bool:
    """Whether any kernel has more than one scale."""
    return any(op.num_scales > 1 for op in ops)


def _kind(op: WeightedOp) -> str:
    floats = ("float32", "float16")
    if op.activation in floats and op.weight == "float16":
        return "fp16"
    if op.activation == "float16" and op.weight in floats:
        return "fp16"
    if op.activation == "float32" and op.weight == "float32":
        return "fp32"
    if op.weight in ("int4", "uint4") and op.activation in floats:
        return "int4"
    if op.weight in ("int8", "uint8"):
        if op.activation in ("int16", "uint16"):
            return "int16x8"
        if op.activation in floats:
            return "dynamic"
        if op.activation in ("int8", "uint8"):
            return "int8"
    return "mixed"


def _notes(graph: ModelGraph) -> tuple[str, ...]:
    notes = []
    kinds = {(op.activation, op.weight) for op in graph.weighted}
    precision = precision_of(graph.weighted)
    if precision == "mixed":
        listed = ", ".join(
            f"{weight} weights with {activation} activations" for activation, weight in sorted(kinds)
        )
        notes.append(f"mixed: {listed}" if listed else "no operator with weights was found")
    if precision in ("int8", "int16x8"):
        notes.append("weights " + ("per channel" if is_per_channel(graph.weighted) else "per tensor"))
        notes += _integer_notes(graph)
    return tuple(notes)


def _integer_notes(graph: ModelGraph) -> list[str]:
    notes = []
    if any(op.activation == "uint8" and op.weight == "uint8" for op in graph.weighted):
        notes.append("asymmetric uint8 weights, as TensorFlow 1 quantization-aware training makes them")
    if graph.float_ops:
        listed = ", ".join(f"{name} x{count}" for name, count in sorted(graph.float_ops.items()))
        notes.append(f"these operators work on floats: {listed}")
    return notes


def describe_tensor(
    name: str, dtype: str, shape: Sequence[int | str], quantization: tuple[float, int] | None = None
) -> str:
    """Return the line that stands for a tensor in `FileFacts`."""
    text = f"{name} {dtype} [{', '.join(map(str, shape))}]"
    return (
        text if quantization is None else f"{text} scale {quantization[0]:.9g} zero point {quantization[1]}"
    )
