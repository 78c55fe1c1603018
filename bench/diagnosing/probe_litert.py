"""Runs a .tflite file so that every layer's output can be read. Only in the process that compares tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors import to_input
from bench.diagnosing.layer_graph import GraphLayer
from bench.wire.description import Preprocess
from bench.wire.tensor import TensorSpec

_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")

CHANNEL_AXIS = -1


class LiteRtProbe:
    """One file, its layers, and what they give for an image. No delegate: it would hide tensors."""

    channel_axis = CHANNEL_AXIS

    def __init__(self, path: Path, preprocess: Preprocess) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._preprocess = preprocess
        self._interpreter = Interpreter(
            str(path),
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            num_threads=2,
        )
        self._interpreter.allocate_tensors()
        self._tensors = {detail["index"]: detail for detail in self._interpreter.get_tensor_details()}
        self._place: dict[str, int] = {}
        self.layers = self._read_layers()

    def run(self, pixels: NDArray[np.uint8]) -> None:
        """Run one image, (height, width, 3) uint8 in the model's channel order."""
        (detail,) = self._interpreter.get_input_details()
        self._interpreter.set_tensor(detail["index"], to_input(pixels, self._preprocess, _spec(detail)))
        self._interpreter.invoke()

    def output(self, name: str) -> NDArray[Any] | None:
        """Return a layer's output as reals; None where it holds whole numbers that stand for themselves."""
        detail = self._tensors[self._place[name]]
        values = self._interpreter.get_tensor(detail["index"])
        return values if values.dtype.kind == "f" else _dequantized(values, detail)

    def _read_layers(self) -> list[GraphLayer]:
        origin: dict[int, str] = {}
        layers: list[GraphLayer] = []
        for operator in self._interpreter._get_ops_details():
            outputs = [int(tensor) for tensor in operator["outputs"]]
            inputs = [int(tensor) for tensor in operator["inputs"]]
            if not outputs:
                continue
            if operator["op_name"] in _CONVERSIONS:
                origin.update({outputs[0]: origin[inputs[0]]} if inputs[0] in origin else {})
                continue
            name = str(self._tensors[outputs[0]]["name"])
            shape = tuple(int(size) for size in self._tensors[outputs[0]]["shape"])
            sources = tuple(dict.fromkeys(origin[tensor] for tensor in inputs if tensor in origin))
            layers.append(GraphLayer(name, str(operator["op_name"]), name, shape, sources))
            origin.update(dict.fromkeys(outputs, name))
            self._place[name] = outputs[0]
        return layers


def _dequantized(values: NDArray[Any], detail: dict[str, Any]) -> NDArray[Any] | None:
    found = detail["quantization_parameters"]
    if not len(found["scales"]):
        return None
    shape = [1] * values.ndim
    if len(found["scales"]) > 1:
        shape[found["quantized_dimension"]] = -1
    scales, zeros = (np.reshape(found[key], shape) if values.ndim else found[key][0] for key in _PARAMETERS)
    real: NDArray[Any] = (values.astype(np.float32) - zeros) * scales
    return real


_PARAMETERS = ("scales", "zero_points")


def _spec(detail: dict[str, Any]) -> TensorSpec:
    scale, zero_point = detail["quantization"]
    shape = tuple(int(size) for size in detail["shape"])
    return TensorSpec(detail["name"], shape, np.dtype(detail["dtype"]).name, float(scale), int(zero_point))
