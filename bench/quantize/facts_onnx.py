"""Read an .onnx file's tensors and operators; no session is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bench.errors import ModelError
from bench.quantize.precision import ModelGraph, WeightedOp, describe_tensor

# Operators with a kernel -> positions of (activation, kernel) among their inputs.
_WEIGHTED = {
    "Conv": (0, 1),
    "ConvTranspose": (0, 1),
    "FusedConv": (0, 1),
    "Gemm": (0, 1),
    "MatMul": (0, 1),
    "ConvInteger": (0, 1),
    "MatMulInteger": (0, 1),
    "DynamicQuantizeMatMul": (0, 1),
    "QLinearConv": (0, 3),
    "QLinearMatMul": (0, 3),
    "QGemm": (0, 3),
}

# These quantize activations as they go, so what they really take is float.
_DYNAMIC = ("ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul")

_CONVERSIONS = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "Cast", "Constant")
_WEIGHT_TYPES = ("float32", "float16", "int8", "uint8", "int4", "uint4")


# What may lie between a kernel's constant and its operator.
_PASSED_THROUGH = ("QuantizeLinear", "DequantizeLinear", "Cast", "Transpose", "Identity", "Reshape")


@dataclass(frozen=True)
class _Kernel:
    """A constant kernel: its values, the type that the operator gets to see, its scales."""

    num_weights: int
    dtype: str
    num_scales: int


class _Graph:
    """A graph with its constants, and the node that makes each value."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.makers: dict[str, Any] = {}
        for node in graph.node:
            self.makers.update((name, node) for name in node.output)
            if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
                self.constants[node.output[0]] = node.attribute[0].t

    def kernel(self, name: str) -> _Kernel | None:
        """Follow a value back to the constant that holds it."""
        if name in self.constants:
            return _Kernel(_size(self.constants[name]), _dtype(self.constants[name]), 0)
        maker = self.makers.get(name)
        if maker is None or maker.op_type not in _PASSED_THROUGH:
            return None
        found = self.kernel(maker.input[0])
        if found is None or maker.op_type not in ("QuantizeLinear", "DequantizeLinear"):
            return found
        scale = self.constants.get(maker.input[1])
        dtype = self.zero_type(maker) if maker.op_type == "QuantizeLinear" else found.dtype
        return replace(found, dtype=dtype, num_scales=_size(scale) if scale is not None else 1)

    def zero_type(self, node: Any) -> str:
        """Return the integer type of a quantizing node, which is that of its zero point."""
        zero = self.constants.get(node.input[2]) if len(node.input) > 2 else None
        return _dtype(zero) if zero is not None else "uint8"

    def activation(self, name: str) -> str:
        """Return the integer type that a value had before it was dequantized; empty if it was none."""
        maker = self.makers.get(name)
        return self.zero_type(maker) if maker is not None and maker.op_type == "DequantizeLinear" else ""


def read_onnx(content: bytes, name: str) -> ModelGraph:
    """Read the bytes of an .onnx file.

    Raises:
        ModelError: the bytes are not a complete ONNX model.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped, unused-ignore]

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as problem:
        raise ModelError(f"{name}: not an ONNX model, or damaged ({problem}); fetch it again") from problem
    if not model.graph.node:
        raise ModelError(f"{name}: the ONNX model has no operators; it is damaged or not a model")
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise ModelError(
            f"{name}: the ONNX model keeps its weights in another file; save it as one file "
            "(onnx.save(onnx.load(path), path))"
        )
    return _read(model)


def _read(model: Any) -> ModelGraph:
    graph = _Graph(model.graph)
    constants = list(graph.constants.values())
    weighted = tuple(_weighted(graph))
    weight_bytes: Counter[str] = Counter()
    for tensor in constants:
        weight_bytes[_dtype(tensor)] += _num_bytes(tensor)
    return ModelGraph(
        weighted=weighted,
        weight_bytes=dict(weight_bytes),
        ops=dict(Counter(node.op_type for node in _all_nodes(model.graph))),
        inputs=tuple(_describe(value) for value in model.graph.input if value.name not in graph.constants),
        outputs=tuple(_describe(value) for value in model.graph.output),
        num_constants=sum(_size(tensor) for tensor in constants if _dtype(tensor) in _WEIGHT_TYPES),
        opset=max((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), default=0),
        float_ops=dict(Counter(_float_ops(graph))),
    )


def _weighted(graph: _Graph) -> Iterator[WeightedOp]:
    for node in graph.graph.node:
        places = _WEIGHTED.get(node.op_type)
        found = graph.kernel(node.input[places[1]]) if places and len(node.input) > places[1] else None
        if places and found is not None:
            activation = _activation(graph, node, places[0], found.dtype)
            scales = found.num_scales or _own_scales(graph, node)
            yield WeightedOp(node.op_type, activation, found.dtype, found.num_weights, scales)


def _activation(graph: _Graph, node: Any, place: int, kernel_type: str) -> str:
    if node.op_type in _DYNAMIC:
        return "float32"
    if node.op_type.startswith("Q"):
        zero = graph.constants.get(node.input[2])
        return _dtype(zero) if zero is not None else "uint8"
    quantized = graph.activation(node.input[place])
    if quantized:
        return quantized
    # ONNX operators are homogeneous: a float kernel computes in its own type.
    return kernel_type if kernel_type == "float16" else "float32"


def _own_scales(graph: _Graph, node: Any) -> int:
    """Return the number of kernel scales of an operator that carries them itself."""
    place = 4 if node.op_type.startswith("Q") else None
    scale = graph.constants.get(node.input[place]) if place and len(node.input) > place else None
    return _size(scale) if scale is not None else 0


def _float_ops(graph: _Graph) -> Iterator[str]:
    """Name operators whose data input comes neither from a DequantizeLinear nor from a constant.

    In QDQ form an operator computes in integers when its inputs are dequantized right before it.
    """
    integer = ("ConvInteger", "MatMulInteger")
    for node in graph.graph.node:
        is_exempt = (
            node.op_type in _CONVERSIONS or node.op_type in integer or node.op_type.startswith("QLinear")
        )
        if is_exempt or not node.input:
            continue
        maker = graph.makers.get(node.input[0])
        if node.input[0] not in graph.constants and (maker is None or maker.op_type != "DequantizeLinear"):
            yield node.op_type


def _all_nodes(graph: Any) -> Iterator[Any]:
    """Yield nodes, those of branches and loops included."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _all_nodes(attribute.g)


def _describe(value: Any) -> str:
    tensor = value.type.tensor_type
    shape = [
        item.dim_value if item.HasField("dim_value") else item.dim_param or "?" for item in tensor.shape.dim
    ]
    return describe_tensor(value.name, _type_name(tensor.elem_type), shape)


def _dtype(tensor: Any) -> str:
    return _type_name(tensor.data_type)


def _type_name(code: int) -> str:
    """Return numpy's name of an ONNX element type."""
    import onnx

    name = str(onnx.TensorProto.DataType.Name(code)).lower()
    return {"float": "float32", "double": "float64"}.get(name, name)


def _size(tensor: Any) -> int:
    count = 1
    for size in tensor.dims:
        count *= size
    return count


def _num_bytes(tensor: Any) -> int:
    """Return the bytes that the values take when stored raw."""
    if tensor.HasField("raw_data"):
        return len(tensor.raw_data)
    bits = {"float64": 64, "int64": 64, "uint64": 64, "float32": 32, "int32": 32, "uint32": 32, "float16": 16}
    bits |= {"bfloat16": 16, "int16": 16, "uint16": 16, "int4": 4, "uint4": 4}
    return _size(tensor) * bits.get(_dtype(tensor), 8) // 8
