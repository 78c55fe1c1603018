"""Read an .onnx file's tensors and operators; no session is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bench.errors import ModelError
from bench.quantize.onnx_graph import OnnxGraph, dtype_of, num_bytes_of, size_of, spec_of, type_name
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
    try:
        return _read(model)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, RecursionError) as problem:
        raise ModelError(
            f"{name}: the ONNX model is damaged ({type(problem).__name__}: {problem}); fetch it again"
        ) from problem


def _read(model: Any) -> ModelGraph:
    graph = OnnxGraph(model.graph)
    constants = list(graph.constants.values())
    weighted = tuple(_weighted(graph))
    weight_bytes: Counter[str] = Counter()
    for tensor in constants:
        weight_bytes[dtype_of(tensor)] += num_bytes_of(tensor)
    return ModelGraph(
        weighted=weighted,
        weight_bytes=dict(weight_bytes),
        ops=dict(Counter(node.op_type for node in _all_nodes(model.graph))),
        inputs=tuple(_describe(value) for value in graph.inputs()),
        outputs=tuple(_describe(value) for value in model.graph.output),
        num_constants=sum(size_of(tensor) for tensor in constants if dtype_of(tensor) in _WEIGHT_TYPES),
        opset=max((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), default=0),
        float_ops=dict(Counter(_float_ops(graph))),
        tensors=tuple(graph.facts()),
        input_specs=tuple(spec_of(value) for value in graph.inputs()),
        output_specs=tuple(spec_of(value) for value in model.graph.output),
    )


def _weighted(graph: OnnxGraph) -> Iterator[WeightedOp]:
    for node in graph.graph.node:
        places = _WEIGHTED.get(node.op_type)
        found = graph.kernel(node.input[places[1]]) if places and len(node.input) > places[1] else None
        if places and found is not None:
            activation = _activation(graph, node, places[0], found.dtype)
            scales = found.num_scales or _own_scales(graph, node)
            yield WeightedOp(node.op_type, activation, found.dtype, found.num_weights, scales)


def _activation(graph: OnnxGraph, node: Any, place: int, kernel_type: str) -> str:
    if node.op_type in _DYNAMIC:
        return "float32"
    if node.op_type.startswith("Q"):
        zero = graph.constants.get(node.input[2])
        return dtype_of(zero) if zero is not None else "uint8"
    quantized = graph.activation(node.input[place])
    if quantized:
        return quantized
    # ONNX operators are homogeneous: a float kernel computes in its own type.
    return kernel_type if kernel_type == "float16" else "float32"


def _own_scales(graph: OnnxGraph, node: Any) -> int:
    """Return the number of kernel scales of an operator that carries them itself."""
    place = 4 if node.op_type.startswith("Q") else None
    scale = graph.constants.get(node.input[place]) if place and len(node.input) > place else None
    return size_of(scale) if scale is not None else 0


def _float_ops(graph: OnnxGraph) -> Iterator[str]:
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
    return describe_tensor(value.name, type_name(tensor.elem_type), shape)
