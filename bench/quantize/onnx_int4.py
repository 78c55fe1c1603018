"""ONNX files with int4 weights: each kernel is stored in 4 bits and dequantized to float where it is used.

ONNX Runtime's own quantizer makes 4-bit weights for matrix products only, or together with integer
activations; its DequantizeLinear takes them for any operator, so convolutions are done here. Activations
stay in float, as in LiteRT's int4 files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.recipe import Granularity
from bench.errors import BuildError
from bench.quantize.layers import KeptLayers
from bench.quantize.onnx_integer import prepare, still_there

# Operators with a kernel -> axis of its output channels.
_KERNEL_AXIS = {"Conv": 0, "ConvTranspose": 1, "MatMul": -1, "Gemm": -1}

# Largest integer of symmetric grids of 4 and 8 bits, which leave out -8 and -128.
_LARGEST = {4: 7, 8: 127}

# 4-bit tensors came with this version of the file format.
_IR_VERSION = 10


def quantize_int4(source: Path, target: Path, granularity: Granularity, kept: KeptLayers) -> None:
    """Write a copy with int4 weights; depthwise kernels and the layers kept so have int8 weights.

    Raises:
        BuildError: there is no kernel to quantize.
    """
    import onnx

    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(source, Path(folder))
        in_float = set(still_there(kept.in_float, prepared))
        at_8_bits = set(still_there(kept.at_8_bits, prepared))
        model = onnx.load(str(prepared))
    chosen = [item for item in _kernels(model.graph) if item[0].name not in in_float]
    if not chosen:
        raise BuildError("int4: no convolution or matrix product with constant weights is left to quantize")
    for node, tensor in chosen:
        bits = 8 if node.name in at_8_bits or _is_depthwise(node, tensor) else 4
        _pack(model.graph, node, tensor, bits, granularity)
    _drop_unused(model.graph, {tensor.name for _, tensor in chosen})
    _declare(model)
    onnx.save(model, str(target))


def int4_notes() -> tuple[str, ...]:
    """Say what a reader should know of an ONNX file with int4 weights."""
    return (
        "weights are int4 and dequantized to float32 at every call, which saves size and no time; depthwise "
        "convolutions have int8 weights, as in LiteRT",
    )


def _kernels(graph: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each node that has a constant float kernel, and the kernel."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        tensor = constants.get(node.input[1]) if node.op_type in _KERNEL_AXIS else None
        if tensor is not None and tensor.data_type == 1 and len(tensor.dims) >= 2:
            yield node, tensor


def _is_depthwise(node: Any, tensor: Any) -> bool:
    return bool(node.op_type == "Conv" and tensor.dims[1] == 1 and tensor.dims[0] > 1)


def _pack(graph: Any, node: Any, tensor: Any, bits: int, granularity: Granularity) -> None:
    """Store a kernel in few bits and let the node read what becomes of it."""
    from onnx import helper, numpy_helper

    values = numpy_helper.to_array(tensor)
    axis = _axis(node, values.ndim)
    steps, scale = _round(values, bits, axis if granularity == "per_channel" else None)
    name = f"{tensor.name}_{bits}bit"
    if name not in {item.name for item in graph.initializer}:
        graph.initializer.extend(
            [_packed(name, steps, bits), numpy_helper.from_array(scale, f"{name}_scale")]
        )
        keywords = {"axis": axis} if scale.ndim else {}
        inputs = [name, f"{name}_scale"]
        unpack = helper.make_node(
            "DequantizeLinear",
            inputs,
            [f"{name}_float"],
            f"{name}_dequantize",
            domain="com.microsoft",
            **keywords,
        )
        graph.node.insert(0, unpack)
    node.input[1] = f"{name}_float"


def _packed(name: str, steps: NDArray[np.int8], bits: int) -> Any:
    """Return integers as a tensor of the file; two of 4 bits share a byte, the first in its lower half."""
    from onnx import TensorProto, helper, numpy_helper

    if bits == 8:
        return numpy_helper.from_array(steps, name)
    halves = steps.ravel().view(np.uint8) & 15
    if halves.size % 2:
        halves = np.append(halves, np.uint8(0))
    content = (halves[0::2] | halves[1::2] << 4).tobytes()
    return helper.make_tensor(name, TensorProto.INT4, steps.shape, content, raw=True)


def _axis(node: Any, rank: int) -> int:
    is_turned = node.op_type == "Gemm" and any(item.name == "transB" and item.i for item in node.attribute)
    return 0 if is_turned else _KERNEL_AXIS[node.op_type] % rank


def _round(values: NDArray[Any], bits: int, axis: int | None) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round to a symmetric grid, of one scale or one for each index of an axis."""
    others = None if axis is None else tuple(i for i in range(values.ndim) if i != axis)
    reach = np.abs(values).max(others, keepdims=axis is not None)
    scale = np.asarray(np.where(reach > 0, reach, 1) / _LARGEST[bits], np.float32)
    steps = np.clip(np.rint(values / scale), -_LARGEST[bits], _LARGEST[bits]).astype(np.int8)
    return steps, scale if axis is None else scale.ravel()


def _drop_unused(graph: Any, names: set[str]) -> None:
    used = {name for node in graph.node for name in node.input}
    for tensor in [item for item in graph.initializer if item.name in names - used]:
        graph.initializer.remove(tensor)


def _declare(model: Any) -> None:
    from onnx import helper

    model.ir_version = max(model.ir_version, _IR_VERSION)
    if all(item.domain != "com.microsoft" for item in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
