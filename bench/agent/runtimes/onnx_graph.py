"""Counts the operators of an ONNX file without the onnx package, which the device does not have.

Walks the few protobuf fields that lead to operator names (onnx.proto3: ModelProto.graph = 7,
GraphProto.node = 1, NodeProto.op_type = 4, NodeProto.attribute = 5, AttributeProto.g = 6) and skips the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.errors import ModelError

_GRAPH, _NODE, _OP_TYPE, _ATTRIBUTE, _SUBGRAPH = 7, 1, 4, 5, 6

# Wire types of the protobuf encoding (protobuf.dev, "Encoding").
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5

# Where nearly all of a detector's arithmetic is, in floats and in integers.
FLOAT_COMPUTE = frozenset(
    {"Conv", "FusedConv", "ConvTranspose", "MatMul", "Gemm", "FusedMatMul", "FusedGemm"}
)
INTEGER_COMPUTE = frozenset(
    {
        "QLinearConv",
        "QLinearMatMul",
        "QGemm",
        "ConvInteger",
        "MatMulInteger",
        "MatMulIntegerToFloat",
        "DynamicQuantizeMatMul",
        "QLinearConvTranspose",
    }
)
QUANTIZE = frozenset({"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"})


def count_operators(path: Path) -> dict[str, int]:
    """Return how many operators of each kind an ONNX file has, those of subgraphs included.

    Raises:
        ModelError: the file is no protobuf.
    """
    counts: Counter[str] = Counter()
    try:
        for graph in _fields(memoryview(path.read_bytes()), _GRAPH):
            counts.update(_operators(graph))
    except (IndexError, ValueError) as problem:
        raise ModelError(f"{path}: is no ONNX file ({problem})") from problem
    return dict(sorted(counts.items()))


def summarize_operators(ops: dict[str, int]) -> dict[str, int]:
    """Count what decides an integer model's speed.

    Returns:
        `num_fusable`: convolutions and matrix products; `num_fused`: those of them that run in integers;
        `num_quantize_ops`: conversions between floats and integers that are left over.
    """
    num_fused = sum(count for name, count in ops.items() if name in INTEGER_COMPUTE)
    num_float = sum(count for name, count in ops.items() if name in FLOAT_COMPUTE)
    return {
        "num_ops": sum(ops.values()),
        "num_fusable": num_fused + num_float,
        "num_fused": num_fused,
        "num_quantize_ops": sum(count for name, count in ops.items() if name in QUANTIZE),
    }


def _operators(graph: memoryview) -> Iterator[str]:
    for node in _fields(graph, _NODE):
        for name in _fields(node, _OP_TYPE):
            yield bytes(name).decode()
        for attribute in _fields(node, _ATTRIBUTE):
            for subgraph in _fields(attribute, _SUBGRAPH):
                yield from _operators(subgraph)


def _fields(message: memoryview, wanted: int) -> Iterator[memoryview]:
    """Yield the length-delimited fields of one number in a message."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == _LENGTH:
            size, position = _varint(message, position)
            if position + size > len(message):
                raise ValueError("a field runs past the end")
            if number == wanted:
                yield message[position : position + size]
            position += size
        elif wire_type == _VARINT:
            _, position = _varint(message, position)
        elif wire_type in (_FIXED64, _FIXED32):
            position += 8 if wire_type == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire_type} at byte {position}")


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
