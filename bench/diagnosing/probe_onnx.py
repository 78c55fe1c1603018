"""Runs an .onnx file so that every layer's output can be read. Only in the process that compares tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors import to_input
from bench.diagnosing.layer_graph import GraphLayer
from bench.quantize.layers import node_names
from bench.wire.description import Preprocess
from bench.wire.tensor import TensorSpec

_QUANTIZE, _DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"
_CONVERSIONS = (_QUANTIZE, _DEQUANTIZE, "Cast")

# Values that decide shapes; nothing is lost in them.
_SHAPE_OPS = ("Shape", "Constant", "ConstantOfShape")


class OnnxProbe:
    """One file, its layers, and what they give for an image. The file stays as it is: a copy gets outputs.

    Without graph optimisations conversions stay in place, and their arithmetic shows.
    """

    channel_axis = 1

    def __init__(self, path: Path, preprocess: Preprocess) -> None:
        import onnx

        self._preprocess = preprocess
        model = onnx.load(str(path))
        self._read_back = _read_back(model.graph)
        self.layers = _layers(model.graph)
        self._tensor = {layer.name: self._read_back.get(layer.tensor, layer.tensor) for layer in self.layers}
        self._session = _session(_with_outputs(model, self._tensor.values()))
        self._outputs: dict[str, NDArray[Any]] = {}

    def run(self, pixels: NDArray[np.uint8]) -> None:
        """Run one image, (height, width, 3) uint8 in the model's channel order."""
        (given,) = self._session.get_inputs()
        names = [output.name for output in self._session.get_outputs()]
        values = self._session.run(names, {given.name: to_input(pixels, self._preprocess, _spec(given))})
        self._outputs = dict(zip(names, values, strict=True))

    def output(self, name: str) -> NDArray[Any] | None:
        """Return a layer's output as reals; None where it holds whole numbers."""
        values = self._outputs.get(self._tensor[name])
        is_real = isinstance(values, np.ndarray) and values.dtype.kind == "f"
        return values if is_real else None


def _session(model: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    content = model.SerializeToString()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _with_outputs(model: Any, tensors: Any) -> Any:
    """Return the model with more of its tensors as outputs; their types are inferred by the runtime."""
    import onnx

    known = {output.name for output in model.graph.output}
    for tensor in dict.fromkeys(tensors):
        if tensor and tensor not in known:
            model.graph.output.append(onnx.ValueInfoProto(name=tensor))
    return model


def _read_back(graph: Any) -> dict[str, str]:
    """Return tensor -> the tensor that holds it after it was quantized and read back."""
    steps = {node.input[0]: node.output[0] for node in graph.node if node.op_type == _QUANTIZE}
    reals = {node.input[0]: node.output[0] for node in graph.node if node.op_type == _DEQUANTIZE}
    found = {tensor: reals[quantized] for tensor, quantized in steps.items() if quantized in reals}
    # An integer operator's own output, read back once.
    return {**{tensor: real for tensor, real in reals.items() if tensor not in steps.values()}, **found}


def _layers(graph: Any) -> list[GraphLayer]:
    origin: dict[str, str] = {}
    layers = []
    for name, node in zip(node_names(graph), graph.node, strict=True):
        if not node.output or node.op_type in _SHAPE_OPS:
            continue
        if node.op_type in _CONVERSIONS:
            origin.update({node.output[0]: origin[node.input[0]]} if node.input[0] in origin else {})
            continue
        sources = tuple(dict.fromkeys(origin[tensor] for tensor in node.input if tensor in origin))
        op = node.op_type.removeprefix("QLinear")
        layers.append(GraphLayer(name, op, node.output[0], (), sources))
        origin.update(dict.fromkeys(node.output, name))
    return layers


def _spec(given: Any) -> TensorSpec:
    shape = tuple(size if isinstance(size, int) else -1 for size in given.shape)
    dtype = {"tensor(float)": "float32", "tensor(float16)": "float16"}.get(given.type, given.type[7:-1])
    return TensorSpec(given.name, shape, dtype)
