"""Tiny model files with chosen tensor types, written through the formats' own schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper, numpy_helper

KERNEL_SHAPE = (4, 1, 1, 3)


class TfliteWriter:
    """Collects tensors and operators of one subgraph; dtypes are names such as `INT8`."""

    def __init__(self) -> None:
        self.tensors: list[Any] = []
        self.buffers: list[Any] = [schema.BufferT()]
        self.operators: list[Any] = []
        self.codes: list[Any] = []

    def tensor(
        self,
        name: str,
        dtype: str,
        shape: tuple[int, ...],
        data: bytes = b"",
        scales: tuple[float, ...] = (),
    ) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.shape = name, getattr(schema.TensorType, dtype), list(shape)
        tensor.buffer = 0
        if data:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data, np.uint8)
            tensor.buffer = len(self.buffers)
            self.buffers.append(buffer)
        if scales:
            quantization = schema.QuantizationParametersT()
            quantization.scale, quantization.zeroPoint = list(scales), [3] * len(scales)
            tensor.quantization = quantization
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def operator(self, name: str, inputs: list[int], outputs: list[int]) -> None:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = len(self.codes), inputs, outputs
        self.codes.append(code)
        self.operators.append(operator)

    def write(self, path: Path, inputs: list[int], outputs: list[int]) -> Path:
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = inputs, outputs
        model = schema.ModelT()
        model.version, model.operatorCodes, model.buffers, model.subgraphs = (
            3,
            self.codes,
            self.buffers,
            [graph],
        )
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        path.write_bytes(bytes(builder.Output()))
        return path


SIZES = {"FLOAT32": 4, "FLOAT16": 2, "INT8": 1, "UINT8": 1, "INT16": 2, "INT4": 0.5}


def write_conv_tflite(
    path: Path, activation: str, weight: str, num_scales: int = 0, *, unpack: bool = False
) -> Path:
    """Write one CONV_2D; with `unpack` its kernel passes a DEQUANTIZE first, as float16 kernels do."""
    writer = TfliteWriter()
    quantized = (0.5,) if activation in ("INT8", "UINT8", "INT16") else ()
    image = writer.tensor("image", activation, (1, 8, 8, 3), scales=quantized)
    data = bytes(int(np.prod(KERNEL_SHAPE) * SIZES[weight]))
    kernel = writer.tensor("kernel", weight, KERNEL_SHAPE, data, scales=(0.1,) * num_scales)
    if unpack:
        packed, kernel = kernel, writer.tensor("unpacked", "FLOAT32", KERNEL_SHAPE)
        writer.operator("DEQUANTIZE", [packed], [kernel])
    result = writer.tensor("result", activation, (1, 8, 8, 4), scales=quantized)
    writer.operator("CONV_2D", [image, kernel], [result])
    return writer.write(path, [image], [result])


def write_conv_onnx(path: Path, dtype: str = "float32", scale: float = 1.0) -> Path:
    """Write one Conv, NCHW, of a float type; its kernel is `scale` times random numbers."""
    kernel = (np.random.default_rng(0).normal(size=(4, 3, 3, 3)) * scale).astype(dtype)
    kind = TensorProto.FLOAT if dtype == "float32" else TensorProto.FLOAT16
    node = helper.make_node("Conv", ["image", "kernel"], ["scores"], kernel_shape=[3, 3])
    graph = helper.make_graph(
        [node],
        "tiny",
        [helper.make_tensor_value_info("image", kind, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("scores", kind, [1, 4, 6, 6])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path
