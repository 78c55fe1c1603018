"""Small model files with the oddities of real ones, written through the formats' schemas."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers
from onnx import TensorProto, helper, numpy_helper

# Rows of a YOLO head on 64 x 64 pixels with strides 8, 16 and 32: 64 + 16 + 4.
ROWS = 84


def write_tflite(
    path: Path,
    input_shape: tuple[int, ...],
    outputs: dict[str, tuple[int, ...]],
    *,
    dtype: str = "FLOAT32",
    scale: float = 0.0,
    operator: str = "CONV_2D",
    options: dict[str, Any] | None = None,
    reverse: bool = False,
) -> Path:
    """Write one operator from the input, with a kernel, to the outputs.

    Args:
        options: of a custom operator.
        reverse: the graph lists its outputs in the reverse of the operator's order.
    """
    writer = _Tflite()
    image = writer.tensor("image", dtype, input_shape, scale=scale)
    kernel = writer.tensor("kernel", dtype, (4, 1, 1, 3), bytes(12 * (4 if dtype == "FLOAT32" else 1)), 0.1)
    results = [writer.tensor(name, dtype, shape, scale=scale) for name, shape in outputs.items()]
    code = schema.OperatorCodeT()
    if hasattr(schema.BuiltinOperator, operator):
        code.builtinCode = getattr(schema.BuiltinOperator, operator)
    else:
        code.builtinCode, code.customCode = schema.BuiltinOperator.CUSTOM, operator
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    node = schema.OperatorT()
    node.opcodeIndex, node.inputs, node.outputs = 0, [image, kernel], results
    if options:
        node.customOptions = np.frombuffer(bytes(flexbuffers.Dumps(options)), np.uint8)
    return writer.write(path, code, node, [image], results[::-1] if reverse else results)


class _Tflite:
    def __init__(self) -> None:
        self.tensors: list[Any] = []
        self.buffers: list[Any] = [schema.BufferT()]

    def tensor(
        self, name: str, dtype: str, shape: tuple[int, ...], data: bytes = b"", scale: float = 0.0
    ) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.shape = name, getattr(schema.TensorType, dtype), list(shape)
        tensor.buffer = len(self.buffers) if data else 0
        if data:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data, np.uint8)
            self.buffers.append(buffer)
        if scale and dtype != "FLOAT32":
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [3]
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def write(self, path: Path, code: Any, node: Any, inputs: list[int], outputs: list[int]) -> Path:
        graph = schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = self.tensors, [node], inputs, outputs
        model = schema.ModelT()
        model.version, model.operatorCodes, model.buffers, model.subgraphs = 3, [code], self.buffers, [graph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        path.write_bytes(bytes(builder.Output()))
        return path


def append_archive(path: Path, members: dict[str, str]) -> Path:
    """Append an archive of notes to a file, as TFLite metadata does."""
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def write_yolo_onnx(
    path: Path,
    *,
    opset: int = 13,
    output_scale: float = 0.0,
    kernel_scales: int = 0,
    constants_are_inputs: bool = False,
    side: int | str = 64,
    notes: dict[str, str] | None = None,
) -> Path:
    """Write a graph that runs and ends like YOLOv8 with 80 classes.

    Args:
        output_scale: of a QuantizeLinear and DequantizeLinear around the end of the graph; 0 for none.
        kernel_scales: scales of a DequantizeLinear behind the kernel; 0 for a float kernel.
        side: of the input; a text leaves it open.
    """
    kernel = np.full((84, 3, 8, 8), 0.01, np.float32)
    constants = [numpy_helper.from_array(kernel, "kernel")]
    nodes = []
    if kernel_scales:
        constants = [
            numpy_helper.from_array(np.ones((84, 3, 8, 8), np.int8), "packed"),
            numpy_helper.from_array(
                np.full(kernel_scales, 0.01, np.float32) if kernel_scales > 1 else np.float32(0.01), "scales"
            ),
            numpy_helper.from_array(
                np.zeros(kernel_scales, np.int8) if kernel_scales > 1 else np.int8(0), "zeros"
            ),
        ]
        axis = {"axis": 0} if kernel_scales > 1 and opset >= 13 else {}
        nodes.append(helper.make_node("DequantizeLinear", ["packed", "scales", "zeros"], ["kernel"], **axis))
    nodes.append(helper.make_node("Conv", ["images", "kernel"], ["cells"], strides=[8, 8]))
    constants.append(numpy_helper.from_array(np.array([1, 84, -1], np.int64), "shape"))
    end = "raw" if output_scale else "output0"
    nodes += [
        helper.make_node("AveragePool", [fine], [coarse], kernel_shape=[2, 2], strides=[2, 2])
        for fine, coarse in (("cells", "cells16"), ("cells16", "cells32"))
    ]
    levels = ("cells", "cells16", "cells32")
    nodes += [helper.make_node("Reshape", [level, "shape"], [f"{level}_rows"]) for level in levels]
    nodes.append(helper.make_node("Concat", [f"{level}_rows" for level in levels], [end], axis=2))
    if output_scale:
        constants.append(numpy_helper.from_array(np.float32(output_scale), "end_scale"))
        constants.append(numpy_helper.from_array(np.uint8(0), "end_zero"))
        nodes.append(helper.make_node("QuantizeLinear", [end, "end_scale", "end_zero"], ["steps"]))
        nodes.append(helper.make_node("DequantizeLinear", ["steps", "end_scale", "end_zero"], ["rows"]))
        nodes.append(helper.make_node("Identity", ["rows"], ["output0"]))
    return _save_onnx(path, nodes, constants, opset, constants_are_inputs, side, notes or {})


def _save_onnx(
    path: Path,
    nodes: list[Any],
    constants: list[Any],
    opset: int,
    constants_are_inputs: bool,
    side: int | str,
    notes: dict[str, str],
) -> Path:
    rows = ROWS if isinstance(side, int) else "rows"
    inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, side, side])]
    if constants_are_inputs:
        inputs += [helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in constants]
    outputs = [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 84, rows])]
    graph = helper.make_graph(nodes, "made", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    helper.set_model_props(model, notes)
    onnx.save(model, str(path))
    return path
