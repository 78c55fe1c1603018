"""Read a .tflite file's tensors and operators through the flatbuffer schema, without an interpreter."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bench.errors import ModelError
from bench.quantize.precision import ModelGraph, WeightedOp
from bench.quantize.tflite_graph import TfliteGraph, indices_of

# Operators whose second input is a kernel.
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "CONV_3D", "BATCH_MATMUL")

# Where a weighted operator takes its activations; TRANSPOSE_CONV has the output shape first.
_ACTIVATION_INPUT = {"TRANSPOSE_CONV": 2}

# Conversions, which an integer model with float inputs or outputs cannot do without.
_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE", "CAST")

# So many bytes are looked at to tell text from anything else.
_TEXT_BYTES = 256

# The only dtypes whose values count as weights; int32 and int64 constants are shapes and biases.
_WEIGHT_TYPES = ("float32", "float16", "int8", "uint8", "int4")


def read_tflite(content: bytes, name: str) -> ModelGraph:
    """Read the bytes of a .tflite file.

    Args:
        name: of the file, for messages.

    Raises:
        ModelError: the bytes are not a complete TFLite model.
    """
    from ai_edge_litert import schema_py_generated as schema

    if content[4:8] != b"TFL3":
        raise ModelError(f"{name}: not a TFLite model{_other_words(content)}")
    try:
        return _read(schema.Model.GetRootAs(content, 0), len(content))
    except (
        struct.error,
        IndexError,
        ValueError,
        TypeError,
        KeyError,
        OverflowError,
        AttributeError,
        RecursionError,
    ) as problem:
        raise ModelError(
            f"{name}: the TFLite model is damaged or cut short ({type(problem).__name__}: {problem}); fetch "
            "it again"
        ) from problem


def _other_words(content: bytes) -> str:
    """Say what a file is instead, as far as its first bytes tell."""
    start = content[:_TEXT_BYTES].decode("utf-8", errors="ignore")
    if start and len(start.encode()) >= min(len(content), _TEXT_BYTES) - 3 and _is_text(start):
        return ": this is text, such as a web page or a Git LFS pointer in its place; fetch the file itself"
    return f" (its identifier is {content[4:8]!r}, expected b'TFL3'); check what was exported"


def _is_text(start: str) -> bool:
    return all(letter.isprintable() or letter.isspace() for letter in start)


def _read(model: Any, size: int) -> ModelGraph:
    graphs = [TfliteGraph(model, model.Subgraphs(i)) for i in range(model.SubgraphsLength())]
    stored = sum(model.Buffers(i).DataLength() for i in range(model.BuffersLength()))
    if not graphs or stored > size:
        raise ValueError(f"{len(graphs)} subgraphs, {stored} bytes of weights in a file of {size} bytes")
    main = graphs[0]
    return ModelGraph(
        weighted=tuple(op for graph in graphs for op in _weighted(graph)),
        weight_bytes=dict(_weight_bytes(graphs)),
        ops=dict(Counter(graph.op_name(op) for graph in graphs for op in graph.operators())),
        inputs=tuple(main.describe(i) for i in indices_of(main.graph.InputsAsNumpy())),
        outputs=tuple(main.describe(i) for i in indices_of(main.graph.OutputsAsNumpy())),
        num_constants=sum(_num_constants(graph) for graph in graphs),
        float_ops=dict(Counter(name for graph in graphs for name in _float_ops(graph))),
        tensors=tuple(fact for graph in graphs for fact in graph.facts()),
        input_specs=tuple(main.spec(i) for i in indices_of(main.graph.InputsAsNumpy())),
        output_specs=tuple(main.spec(i) for i in indices_of(main.graph.OutputsAsNumpy())),
    )


def _weighted(graph: TfliteGraph) -> Iterator[WeightedOp]:
    for operator in graph.operators():
        name = graph.op_name(operator)
        if name not in _WEIGHTED:
            continue
        kernel = graph.source(int(operator.Inputs(1)))
        if graph.num_bytes(kernel):
            activation = graph.dtype(int(operator.Inputs(_ACTIVATION_INPUT.get(name, 0))))
            scales = graph.num_scales(kernel)
            yield WeightedOp(name, activation, graph.dtype(kernel), graph.num_values(kernel), scales)


def _weight_bytes(graphs: list[TfliteGraph]) -> Counter[str]:
    """Count each buffer once, though several tensors may share it."""
    found: dict[int, tuple[str, int]] = {}
    for graph in graphs:
        for index, tensor in enumerate(graph.tensors):
            if graph.num_bytes(index):
                found[tensor.Buffer()] = (graph.dtype(index), graph.num_bytes(index))
    total: Counter[str] = Counter()
    for dtype, num_bytes in found.values():
        total[dtype] += num_bytes
    return total


def _num_constants(graph: TfliteGraph) -> int:
    constants = (
        i for i in range(len(graph.tensors)) if graph.num_bytes(i) and graph.dtype(i) in _WEIGHT_TYPES
    )
    return sum(graph.num_values(i) for i in constants)


def _float_ops(graph: TfliteGraph) -> Iterator[str]:
    for operator in graph.operators():
        name = graph.op_name(operator)
        outputs = [graph.dtype(i) for i in indices_of(operator.OutputsAsNumpy())]
        if name not in _CONVERSIONS and any(dtype in ("float32", "float16") for dtype in outputs):
            yield name
