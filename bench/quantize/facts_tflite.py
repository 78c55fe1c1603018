"""Read a .tflite file's tensors and operators through the flatbuffer schema, without an interpreter."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from bench.errors import ModelError
from bench.quantize.precision import ModelGraph, WeightedOp, describe_tensor

# Operators whose second input is a kernel.
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "CONV_3D", "BATCH_MATMUL")

# Where a weighted operator takes its activations; TRANSPOSE_CONV has the output shape first.
_ACTIVATION_INPUT = {"TRANSPOSE_CONV": 2}

# Conversions, which an integer model with float inputs or outputs cannot do without.
_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE", "CAST")

# The only dtypes whose values count as weights; int32 and int64 constants are shapes and biases.
_WEIGHT_TYPES = ("float32", "float16", "int8", "uint8", "int4")


class _Graph:
    """One subgraph with what each tensor is."""

    def __init__(self, model: Any, graph: Any) -> None:
        self.model, self.graph = model, graph
        self.tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
        self.makers = {int(out): op for op in self.operators() for out in _indices(op.OutputsAsNumpy())}

    def operators(self) -> Iterator[Any]:
        return (self.graph.Operators(i) for i in range(self.graph.OperatorsLength()))

    def op_name(self, operator: Any) -> str:
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        # Codes above 127 came later: old files fill the first field only, new ones both.
        name = _op_names()[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        return str(code.CustomCode().decode()) if name == "CUSTOM" else name

    def dtype(self, index: int) -> str:
        return _type_names()[self.tensors[index].Type()]

    def num_bytes(self, index: int) -> int:
        return int(self.model.Buffers(self.tensors[index].Buffer()).DataLength())

    def source(self, index: int) -> int:
        """Follow a kernel back through DEQUANTIZE to the constant that holds it."""
        maker = self.makers.get(index)
        is_unpacked = maker is not None and self.op_name(maker) in ("DEQUANTIZE", "DENSIFY")
        return self.source(int(maker.Inputs(0))) if maker is not None and is_unpacked else index

    def num_values(self, index: int) -> int:
        count = 1
        for size in _indices(self.tensors[index].ShapeAsNumpy()):
            count *= size
        return count

    def num_scales(self, index: int) -> int:
        quantization = self.tensors[index].Quantization()
        return int(quantization.ScaleLength()) if quantization is not None else 0

    def describe(self, index: int) -> str:
        tensor = self.tensors[index]
        quantized = None
        if self.num_scales(index) == 1:
            found = tensor.Quantization()
            quantized = (float(found.Scale(0)), int(found.ZeroPoint(0)) if found.ZeroPointLength() else 0)
        shape = _indices(tensor.ShapeAsNumpy())
        return describe_tensor(tensor.Name().decode(), self.dtype(index), shape, quantized)


def read_tflite(content: bytes, name: str) -> ModelGraph:
    """Read the bytes of a .tflite file.

    Args:
        name: of the file, for messages.

    Raises:
        ModelError: the bytes are not a complete TFLite model.
    """
    from ai_edge_litert import schema_py_generated as schema

    if content[4:8] != b"TFL3":
        raise ModelError(f"{name}: not a TFLite model (its identifier is {content[4:8]!r}, expected b'TFL3')")
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
    ) as problem:
        raise ModelError(
            f"{name}: the TFLite model is damaged or cut short ({type(problem).__name__}: {problem}); fetch "
            "it again"
        ) from problem


def _read(model: Any, size: int) -> ModelGraph:
    graphs = [_Graph(model, model.Subgraphs(i)) for i in range(model.SubgraphsLength())]
    stored = sum(model.Buffers(i).DataLength() for i in range(model.BuffersLength()))
    if not graphs or stored > size:
        raise ValueError(f"{len(graphs)} subgraphs, {stored} bytes of weights in a file of {size} bytes")
    main = graphs[0]
    return ModelGraph(
        weighted=tuple(op for graph in graphs for op in _weighted(graph)),
        weight_bytes=dict(_weight_bytes(graphs)),
        ops=dict(Counter(graph.op_name(op) for graph in graphs for op in graph.operators())),
        inputs=tuple(main.describe(i) for i in _indices(main.graph.InputsAsNumpy())),
        outputs=tuple(main.describe(i) for i in _indices(main.graph.OutputsAsNumpy())),
        num_constants=sum(_num_constants(graph) for graph in graphs),
        float_ops=dict(Counter(name for graph in graphs for name in _float_ops(graph))),
    )


def _weighted(graph: _Graph) -> Iterator[WeightedOp]:
    for operator in graph.operators():
        name = graph.op_name(operator)
        if name not in _WEIGHTED:
            continue
        kernel = graph.source(int(operator.Inputs(1)))
        if graph.num_bytes(kernel):
            activation = graph.dtype(int(operator.Inputs(_ACTIVATION_INPUT.get(name, 0))))
            scales = graph.num_scales(kernel)
            yield WeightedOp(name, activation, graph.dtype(kernel), graph.num_values(kernel), scales)


def _weight_bytes(graphs: list[_Graph]) -> Counter[str]:
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


def _num_constants(graph: _Graph) -> int:
    constants = (
        i for i in range(len(graph.tensors)) if graph.num_bytes(i) and graph.dtype(i) in _WEIGHT_TYPES
    )
    return sum(graph.num_values(i) for i in constants)


def _float_ops(graph: _Graph) -> Iterator[str]:
    for operator in graph.operators():
        name = graph.op_name(operator)
        outputs = [graph.dtype(i) for i in _indices(operator.OutputsAsNumpy())]
        if name not in _CONVERSIONS and any(dtype in ("float32", "float16") for dtype in outputs):
            yield name


def _indices(array: Any) -> list[int]:
    """Return a flatbuffer vector as a list; the generated code gives the number 0 for an absent one."""
    return [] if isinstance(array, int) else [int(value) for value in array if value >= 0]


@cache
def _type_names() -> dict[int, str]:
    from ai_edge_litert import schema_py_generated as schema

    return {value: name.lower() for name, value in vars(schema.TensorType).items() if isinstance(value, int)}


@cache
def _op_names() -> dict[int, str]:
    from ai_edge_litert import schema_py_generated as schema

    return {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
