"""Convolutions of an ONNX graph whose channels can be scaled without changing what the network computes.

What one convolution's output channel is multiplied with, the input channels of all that read it are divided
by. Weights that several nodes share are left alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.quantize.balance import TINY, Array

# Scale each channel by itself and keep its sign, so that a positive factor passes through them.
_RECTIFIERS = ("Relu", "LeakyRelu", "PRelu")
_CHANNELWISE = (*_RECTIFIERS, "MaxPool", "AveragePool", "GlobalAveragePool", "Resize", "Upsample", "Identity")


@dataclass(frozen=True)
class Pair:
    """A convolution, all that read its channels, the value between them, and where it is cut off."""

    first: Any
    seconds: tuple[Any, ...]
    between: str
    limit: float | None


class Network:
    """An ONNX model with its constants as arrays, and who reads what."""

    def __init__(self, model: Any) -> None:
        from onnx import numpy_helper

        self.model, self.graph = model, model.graph
        self.arrays: dict[str, NDArray[Any]] = {
            tensor.name: np.array(numpy_helper.to_array(tensor)) for tensor in self.graph.initializer
        }
        self.outputs = {output.name for output in self.graph.output}
        self.readers: dict[str, list[Any]] = {}
        for node in self.graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.uses = Counter(name for node in self.graph.node for name in node.input if name in self.arrays)

    def computes(self, node: Any) -> bool:
        """Whether a node is a convolution whose weights are its own."""
        if node.op_type != "Conv":
            return False
        return all(name in self.arrays and self.uses[name] == 1 for name in node.input[1:] if name)

    def groups(self, node: Any) -> int:
        """Return into how many groups a convolution's channels are split."""
        return next((item.i for item in node.attribute if item.name == "group"), 1)

    def pairs(self) -> Iterator[Pair]:
        """Yield the convolutions whose channels only other convolutions read."""
        for node in self.graph.node:
            if self.computes(node):
                between, limit = self._after_rectifiers(node.output[0])
                seconds = self._absorbers(between)
                if seconds and len({id(second) for second in seconds}) == len(seconds):
                    yield Pair(node, tuple(seconds), between, limit)

    def _after_rectifiers(self, name: str) -> tuple[str, float | None]:
        """Follow a value through rectifiers while nothing else reads it; return the limit met."""
        limit = None
        while name not in self.outputs and len(self.readers.get(name, [])) == 1:
            (node,) = self.readers[name]
            bounds = self._clip_bounds(node)
            if node.op_type not in _RECTIFIERS and bounds is None:
                break
            limit = bounds[1] if bounds is not None else limit
            name = node.output[0]
        return name, limit

    def _clip_bounds(self, node: Any) -> tuple[float, float] | None:
        """Return the bounds of a Clip that cuts off at zero below."""
        if node.op_type != "Clip" or len(node.input) < 3:
            return None
        lower, upper = (self.arrays.get(name) for name in node.input[1:3])
        if lower is None or upper is None or float(lower) != 0:
            return None
        return 0.0, float(upper)

    def _absorbers(self, name: str) -> list[Any]:
        """Return all convolutions that read a value's channels; none if anything else reads them too."""
        if name in self.outputs:
            return []
        found: list[Any] = []
        for node in self.readers.get(name, []):
            if node.input[0] != name:
                return []
            if self.computes(node):
                found.append(node)
                continue
            further = self._absorbers(node.output[0]) if node.op_type in _CHANNELWISE else []
            if not further:
                return []
            found += further
        return found

    def is_depthwise(self, node: Any) -> bool:
        """Whether each output channel reads one input channel."""
        return self.groups(node) > 1 and self.arrays[node.input[1]].shape[1] == 1

    def output_magnitudes(self, node: Any) -> Array:
        """Return the largest weight of each output channel."""
        kernel = np.abs(self.arrays[node.input[1]])
        return np.asarray(kernel.max(tuple(range(1, kernel.ndim))) + TINY)

    def input_magnitudes(self, node: Any) -> Array:
        """Return the largest weight of each input channel."""
        kernel = np.abs(self._by_group(node))
        return np.asarray(kernel.max((1, *range(3, kernel.ndim))).ravel() + TINY)

    def _by_group(self, node: Any) -> NDArray[Any]:
        """Return a view of a kernel as (groups, outputs of one, inputs of one, ...)."""
        kernel, groups = self.arrays[node.input[1]], self.groups(node)
        return kernel.reshape(groups, kernel.shape[0] // groups, *kernel.shape[1:])

    def scale(self, pair: Pair, factors: Array) -> None:
        """Multiply the channels between a pair by their factors."""
        for name in pair.first.input[1:]:
            if name:
                values = self.arrays[name]
                values *= factors.reshape(-1, *[1] * (values.ndim - 1))
        for second in pair.seconds:
            kernel = self._by_group(second)
            kernel /= factors.reshape(kernel.shape[0], 1, kernel.shape[2], *[1] * (kernel.ndim - 3))

    def save(self, path: Path) -> None:
        """Write the model with its weights as they are now."""
        import onnx
        from onnx import numpy_helper

        for tensor in self.graph.initializer:
            tensor.CopyFrom(numpy_helper.from_array(self.arrays[tensor.name], tensor.name))
        onnx.save(self.model, str(path))
