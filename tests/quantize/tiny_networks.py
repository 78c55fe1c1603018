"""Tiny float networks of a few layers, written without a framework: convolution, depthwise, two heads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper, numpy_helper
from tiny_models import TfliteWriter

SIZE, CHANNELS, CLASSES = 16, 16, 8


def weights(*shape: int, seed: int = 0) -> np.ndarray:
    """Return weights that keep the variance of what passes."""
    deviation = (2 / np.prod(shape[1:])) ** 0.5
    return (np.random.default_rng(seed).normal(size=shape) * deviation).astype(np.float32)


def write_network_tflite(path: Path) -> Path:
    """Write conv (ReLU) -> depthwise (ReLU6) -> 1x1 conv, named `stem`, `wise`, `scores`, no signature."""
    writer, rows = TfliteWriter(), SIZE
    image = writer.tensor("image", "FLOAT32", (1, SIZE, SIZE, 3))
    layers = [
        ("CONV_2D", "stem", weights(CHANNELS, 3, 3, 3)),
        ("DEPTHWISE_CONV_2D", "wise", weights(CHANNELS, 3, 3, 1, seed=1).transpose(3, 1, 2, 0).copy()),
        ("CONV_2D", "scores", weights(CLASSES, 1, 1, CHANNELS, seed=2)),
    ]
    value = image
    for op, name, kernel in layers:
        channels = CHANNELS if name != "scores" else CLASSES
        kernel_tensor = writer.tensor(f"{name}_kernel", "FLOAT32", kernel.shape, kernel.tobytes())
        bias = np.linspace(-0.1, 0.1, channels, dtype=np.float32)
        bias_tensor = writer.tensor(f"{name}_bias", "FLOAT32", (channels,), bias.tobytes())
        result = writer.tensor(name, "FLOAT32", (1, rows, rows, channels))
        writer.operator(op, [value, kernel_tensor, bias_tensor], [result])
        value = result
    writer.write(path, [image], [value])
    return _with_options(path)


def _with_options(path: Path) -> Path:
    """Give the convolutions their strides and activations."""
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    kinds = schema.ActivationFunctionType
    for operator, activation in zip(
        model.subgraphs[0].operators, (kinds.RELU, kinds.RELU6, kinds.NONE), strict=True
    ):
        is_wise = activation == kinds.RELU6
        options: Any = schema.DepthwiseConv2DOptionsT() if is_wise else schema.Conv2DOptionsT()
        options.strideW = options.strideH = options.dilationWFactor = options.dilationHFactor = 1
        options.padding, options.fusedActivationFunction = schema.Padding.SAME, activation
        if is_wise:
            options.depthMultiplier = 1
        union = schema.BuiltinOptions
        operator.builtinOptionsType = union.DepthwiseConv2DOptions if is_wise else union.Conv2DOptions
        operator.builtinOptions = options
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def write_network_onnx(
    path: Path, *, opset: int = 17, weights_as_inputs: bool = False, box_gain: float = 300.0
) -> Path:
    """Write conv (ReLU) -> depthwise (ReLU) -> a score and a box head, joined to one output, NCHW.

    Args:
        box_gain: how much larger boxes are than scores.
    """
    kernels = {
        "stem": weights(CHANNELS, 3, 3, 3),
        "wise": weights(CHANNELS, 1, 3, 3, seed=1),
        "scores": weights(CLASSES, CHANNELS, 1, 1, seed=2) * 0.3,
        "boxes": weights(4, CHANNELS, 1, 1, seed=3) * box_gain,
    }
    nodes = [
        helper.make_node("Conv", ["image", "stem_k"], ["s0"], "stem", pads=[1] * 4),
        helper.make_node("Relu", ["s0"], ["s"], "stem_relu"),
        helper.make_node("Conv", ["s", "wise_k"], ["w0"], "wise", pads=[1] * 4, group=CHANNELS),
        helper.make_node("Relu", ["w0"], ["w"], "wise_relu"),
        helper.make_node("Conv", ["w", "scores_k"], ["scores"], "scores"),
        helper.make_node("Conv", ["w", "boxes_k"], ["boxes"], "boxes"),
        helper.make_node("Concat", ["boxes", "scores"], ["output"], "joined", axis=1),
    ]
    tensors = [numpy_helper.from_array(value, f"{name}_k") for name, value in kernels.items()]
    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIZE, SIZE])]
    if weights_as_inputs:
        inputs += [helper.make_tensor_value_info(item.name, TensorProto.FLOAT, item.dims) for item in tensors]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 4 + CLASSES, SIZE, SIZE])
    graph = helper.make_graph(nodes, "tiny", inputs, [output], tensors)
    version = helper.make_opsetid("", opset)
    onnx.save(helper.make_model(graph, opset_imports=[version], ir_version=4), str(path))
    return path


def signal_to_noise(reference: np.ndarray, found: np.ndarray) -> float:
    """Return the power of a signal over that of its error, in dB."""
    noise = float(((reference - found) ** 2).sum())
    return 10 * float(np.log10(float((reference**2).sum()) / max(noise, 1e-30)))
