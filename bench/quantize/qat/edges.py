"""Where an integer runtime rounds: which tensors of a model lie on an 8-bit grid, and which share one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from bench.quantize.qat import graph, kinds


@dataclass(frozen=True)
class Edge:
    """A tensor that is rounded to 8 bits.

    Attributes:
        name: of the operation that makes it.
        grid: id of the symbolic tensor whose range it is rounded with: its own, or that of a concatenation.
        fixed: the range that runtimes prescribe, (low, high); None where calibration finds it.
    """

    name: str
    grid: int
    fixed: tuple[float, float] | None = None


def quantized_edges(model: keras.Model) -> dict[int, Edge]:
    """Return for the id of each symbolic tensor that is rounded, how.

    Left out are tensors that runtimes never write, sums under a fused activation; those that are their input
    moved about; and integers. The converter of TensorFlow 2.21 widens the ranges of an add's inputs to that
    of its output where the two share memory (tensorflow/tensorflow#127842); this fault is not copied.
    """
    grids = _shared_grids(model)
    edges = {id(tensor): Edge(tensor.name, grids.get(id(tensor), id(tensor))) for tensor in model.inputs}
    readers, outputs = graph.consumers(model), graph.output_ids(model)
    for step in graph.steps(model):
        for tensor in step.outputs:
            followers = [reader.operation for reader in readers.get(id(tensor), [])]
            is_inner = len(followers) == 1 and id(tensor) not in outputs
            is_fused = is_inner and _fuse(step.operation, followers[0])
            if not is_fused and not kinds.moves(step.operation) and _is_float(tensor):
                grid = grids.get(id(tensor), id(tensor))
                edges[id(tensor)] = Edge(step.operation.name, grid, kinds.fixed_range(step.operation))
    return edges


def _shared_grids(model: keras.Model) -> dict[int, int]:
    """Return for the id of each tensor that a concatenation reads the id of the tensor whose grid it takes.

    Runtimes copy such tensors unchanged, so they are made on the grid of the whole.
    """
    makers = {id(tensor): step for step in graph.steps(model) for tensor in step.outputs}
    grids: dict[int, int] = {}
    for step in reversed(graph.steps(model)):
        if kinds.concatenates(step.operation):
            whole = id(step.outputs[0])
            for part in step.inputs:
                source = _source(part, makers)
                if source not in makers or kinds.fixed_range(makers[source].operation) is None:
                    grids.setdefault(source, grids.get(whole, whole))
    return grids


def _source(tensor: graph.Tensor, makers: dict[int, graph.Step]) -> int:
    """Return the id of the tensor that was computed, before it was moved about."""
    while id(tensor) in makers and kinds.moves(makers[id(tensor)].operation):
        tensor = makers[id(tensor)].inputs[0]
    return id(tensor)


def _fuse(operation: Any, follower: Any) -> bool:
    """Whether runtimes compute an operation and the activation after it as one."""
    can_fuse = kinds.computes(operation) or kinds.adds_or_multiplies(operation)
    return can_fuse and kinds.fuses(follower)


def _is_float(tensor: graph.Tensor) -> bool:
    return str(tensor.dtype).startswith("float")
