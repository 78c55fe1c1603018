"""Simulate full INT8 inference on a rewritten model: kernels and activations rounded, arithmetic in float32.

Biases stay float: runtimes hold them in 32 bits. Learning and exporting are left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bench.core.recipe import Granularity
from bench.quantize.qat import graph, kinds
from bench.quantize.qat.edges import quantized_edges
from bench.quantize.qat.rounding import round_kernel, scale_axes

# observe: nothing is rounded, and ranges widen to what is seen. quantize: all is rounded,
# ranges stay. learn: all is rounded, and ranges follow what is seen.
Mode = Literal["observe", "quantize", "learn"]

# Share of a new batch's range in the running one while learning.
_FOLLOW = 0.1

_BITS = 8

Arrays = list[NDArray[np.float32]]


@dataclass(frozen=True)
class State:
    """Everything that learning changes: weights, and the range of each rounded tensor."""

    weights: Arrays
    ranges: NDArray[np.float32]


class Simulator:
    """A rewritten model with rounding laid over its edges and kernels."""

    def __init__(self, model: keras.Model, granularity: Granularity) -> None:
        """Lay the rounding over a model that `rewrite` returned; the model is trained in place."""
        self.model = model
        self._granularity: Granularity = granularity
        self._edges = quantized_edges(model)
        # Range of each grid: (low, high).
        self._ranges = {
            edge.grid: tf.Variable(edge.fixed or (0.0, 0.0), trainable=False, dtype=tf.float32)
            for edge in self._edges.values()
        }
        self._compiled: dict[str, Callable[[Any], list[Any]]] = {}

    def forward(self, images: Any, mode: Mode) -> list[Any]:
        """Return the model's outputs, differentiable with respect to its weights.

        Args:
            images: (batch, height, width, channels) float32, normalised.
            mode: what is rounded and whether ranges move.
        """

        def visit(step: graph.Step, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            results = self._apply(step.operation, arguments, keywords, mode)
            flat = keras.tree.flatten(results)
            rounded = [self._round(*pair, mode) for pair in zip(step.outputs, flat, strict=True)]
            return keras.tree.pack_sequence_as(results, rounded)

        return graph.run(self.model, [self._round(self.model.inputs[0], images, mode)], visit)

    def outputs(self, images: Any, mode: Mode) -> list[Any]:
        """Return `forward` of one batch of any size, compiled."""
        if mode not in self._compiled:
            shape = [None, *self.model.inputs[0].shape[1:]]
            self._compiled[mode] = tf.function(
                lambda batch: self.forward(batch, mode),
                input_signature=[tf.TensorSpec(shape, tf.float32)],
                autograph=False,
            )
        return self._compiled[mode](images)

    def calibrate(self, batches: Iterable[Any]) -> None:
        """Set the ranges to the smallest and largest values that batches of images produce, 0 included."""
        for edge in self._edges.values():
            if edge.fixed is None:
                self._ranges[edge.grid].assign([0.0, 0.0])
        for batch in batches:
            self.outputs(batch, "observe")

    def state(self) -> State:
        """Return a copy of weights and ranges."""
        ranges = np.array([variable.numpy() for variable in self._ranges.values()])
        return State(self.model.get_weights(), ranges)

    def restore(self, state: State) -> None:
        """Bring back weights and ranges."""
        self.model.set_weights(state.weights)
        for variable, pair in zip(self._ranges.values(), state.ranges, strict=True):
            variable.assign(pair)

    def bake(self) -> None:
        """Move the kernels onto their int8 grid, where an exporter's rounding finds them unchanged."""
        for layer in self.model.layers:
            if kinds.computes(layer):
                variable = layer.weights[0]
                variable.assign(round_kernel(variable.value, scale_axes(layer, self._granularity)))

    def _apply(self, operation: Any, arguments: Any, keywords: Any, mode: Mode) -> Any:
        if not kinds.computes(operation) or mode == "observe":
            return operation(*arguments, **keywords)
        kernel = operation.weights[0]
        rounded = round_kernel(tf.convert_to_tensor(kernel), scale_axes(operation, self._granularity))
        with keras.StatelessScope(state_mapping=[(kernel, rounded)]):
            return operation(*arguments, **keywords)

    def _round(self, symbol: graph.Tensor, value: Any, mode: Mode) -> Any:
        """Round a tensor to its edge's grid, if it has one, after moving the grid's range as `mode` says."""
        edge = self._edges.get(id(symbol))
        if edge is None:
            return value
        pair = self._ranges[edge.grid]
        if edge.fixed is None and mode == "observe":
            pair.assign(_widened(pair, value))
        elif edge.fixed is None and mode == "learn":
            # A part of a concatenation may widen the common range; only the whole may narrow it.
            target = _range(value) if edge.grid == id(symbol) else _widened(pair, value)
            pair.assign_add(_FOLLOW * (target - pair))
        if mode == "observe":
            return value
        return tf.quantization.fake_quant_with_min_max_vars(value, pair[0], pair[1], num_bits=_BITS)


def _range(value: Any) -> Any:
    """Return (low, high) of a tensor; zero always lies inside, as padding needs it."""
    return tf.stack([tf.minimum(tf.reduce_min(value), 0.0), tf.maximum(tf.reduce_max(value), 1e-6)])


def _widened(pair: Any, value: Any) -> Any:
    low, high = tf.unstack(_range(value))
    return tf.stack([tf.minimum(pair[0], low), tf.maximum(pair[1], high)])
