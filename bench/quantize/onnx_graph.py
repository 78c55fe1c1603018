"""The graph of an .onnx file: its constants, what makes each value, and how values are quantized."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bench.quantize.tensors import Role, TensorFacts
from bench.wire.tensor import TensorSpec

# What may lie between a kernel's constant and its operator.
_PASSED_THROUGH = ("QuantizeLinear", "DequantizeLinear", "Cast", "Transpose", "Identity", "Reshape")


@dataclass(frozen=True)
class Kernel:
    """A constant kernel: its values, the type that the operator gets to see, its scales."""

    num_weights: int
    dtype: str
    num_scales: int


class OnnxGraph:
    """A graph with its constants, and the node that makes each value."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.makers: dict[str, Any] = {}
        for node in graph.node:
            self.makers.update((name, node) for name in node.output)
            if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
                self.constants[node.output[0]] = node.attribute[0].t

    def kernel(self, name: str) -> Kernel | None:
        """Follow a value back to the constant that holds it."""
        if name in self.constants:
            return Kernel(size_of(self.constants[name]), dtype_of(self.constants[name]), 0)
        maker = self.makers.get(name)
        if maker is None or maker.op_type not in _PASSED_THROUGH:
            return None
        found = self.kernel(maker.input[0])
        if found is None or maker.op_type not in ("QuantizeLinear", "DequantizeLinear"):
            return found
        scale = self.constants.get(maker.input[1])
        dtype = self.zero_type(maker) if maker.op_type == "QuantizeLinear" else found.dtype
        return replace(found, dtype=dtype, num_scales=size_of(scale) if scale is not None else 1)

    def zero_type(self, node: Any) -> str:
        """Return the integer type of a quantizing node, which is that of its zero point."""
        zero = self.constants.get(node.input[2]) if len(node.input) > 2 else None
        return dtype_of(zero) if zero is not None else "uint8"

    def activation(self, name: str) -> str:
        """Return the integer type that a value had before it was dequantized; empty if it was none."""
        maker = self.makers.get(name)
        return self.zero_type(maker) if maker is not None and maker.op_type == "DequantizeLinear" else ""

    def inputs(self) -> list[Any]:
        """Return what the graph is fed; old files list their constants as inputs too."""
        return [value for value in self.graph.input if value.name not in self.constants]

    def facts(self) -> Iterator[TensorFacts]:
        """Yield inputs, outputs, constants and what quantizing nodes make, in this order."""
        for role, values in (("input", self.inputs()), ("output", self.graph.output)):
            for value in values:
                spec = spec_of(value)
                yield TensorFacts(spec.name, cast(Role, role), spec.dtype, spec.shape)
        of_weights = dict(self._weight_scales())
        for name, tensor in self.constants.items():
            scales = of_weights.get(name, 0)
            yield TensorFacts(
                name, "weight", dtype_of(tensor), tuple(tensor.dims), num_bytes_of(tensor), scales
            )
        for node in self.graph.node:
            if node.op_type == "QuantizeLinear" and node.output and node.input[0] not in self.constants:
                yield self._quantized(node)

    def _quantized(self, node: Any) -> TensorFacts:
        """Describe what a quantizing node makes."""
        scales, dtype = self.scales(node), self.zero_type(node)
        scale, zero_point = (float(scales[0]), self.zero_point(node)) if scales.size == 1 else (0.0, 0)
        return TensorFacts(node.output[0], "activation", dtype, (), 0, len(scales), scale, zero_point)

    def _weight_scales(self) -> Iterator[tuple[str, int]]:
        """Yield each constant that is quantized with the number of its scales."""
        places = {"QuantizeLinear": (0, 1), "DequantizeLinear": (0, 1), "QLinearConv": (3, 4)}
        for node in self.graph.node:
            weight, scale = places.get(node.op_type, (0, 0))
            if scale and len(node.input) > scale and node.input[weight] in self.constants:
                found = self.constants.get(node.input[scale])
                yield node.input[weight], 1 if found is None else size_of(found)

    def scales(self, node: Any) -> NDArray[np.float64]:
        """Return the scales of a quantizing node, flat; none where they are not constant."""
        return self._values(node.input[1]) if len(node.input) > 1 else np.empty(0)

    def zero_point(self, node: Any) -> int:
        """Return the first zero point of a quantizing node."""
        values = self._values(node.input[2]) if len(node.input) > 2 else np.empty(0)
        return int(values[0]) if values.size else 0

    def _values(self, name: str) -> NDArray[np.float64]:
        import onnx

        found = self.constants.get(name)
        if found is None:
            return np.empty(0)
        return np.asarray(onnx.numpy_helper.to_array(found), np.float64).reshape(-1)


def spec_of(value: Any) -> TensorSpec:
    """Return an input or output as a runtime declares it: -1 for a dimension with a name or nothing."""
    tensor = value.type.tensor_type
    shape = tuple(item.dim_value if item.HasField("dim_value") else -1 for item in tensor.shape.dim)
    return TensorSpec(value.name, shape, type_name(tensor.elem_type))


def dtype_of(tensor: Any) -> str:
    """Return numpy's name of a constant's element type."""
    return type_name(tensor.data_type)


def type_name(code: int) -> str:
    """Return numpy's name of an ONNX element type."""
    import onnx

    name = str(onnx.TensorProto.DataType.Name(code)).lower()
    return {"float": "float32", "double": "float64"}.get(name, name)


def size_of(tensor: Any) -> int:
    """Return the number of values of a constant."""
    count = 1
    for size in tensor.dims:
        count *= size
    return count


def num_bytes_of(tensor: Any) -> int:
    """Return the bytes that the values take when stored raw."""
    if tensor.HasField("raw_data"):
        return len(tensor.raw_data)
    bits = {"float64": 64, "int64": 64, "uint64": 64, "float32": 32, "int32": 32, "uint32": 32, "float16": 16}
    bits |= {"bfloat16": 16, "int16": 16, "uint16": 16, "int4": 4, "uint4": 4}
    return size_of(tensor) * bits.get(dtype_of(tensor), 8) // 8
