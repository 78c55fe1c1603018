"""Where an integer runtime rounds: which tensors of a rewritten model get an 8-bit grid of their own."""

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
        fixed: the range that runtimes prescribe, (low, high); None where calibration finds it.
    """

    name: str
    fixed: tuple[float, float] | None = None


def quantized_edges(model: keras.Model) -> dict[int, Edge]:
    """Return for the id of each symbolic tensor that is rounded, how.

    Left out are tensors that runtimes never write: sums under a fused activation; those that share the grid
    of their input; those that go straight into a concatenation, whose grid they take; and integers.
    """
    readers, outputs = graph.consumers(model), graph.output_ids(model)
    edges = {id(tensor): Edge(tensor.name) for tensor in model.inputs}
    for step in graph.steps(model):
        for tensor in step.outputs:
            followers = [reader.operation for reader in readers.get(id(tensor), [])]
            is_inner = len(followers) == 1 and id(tensor) not in outputs
            if _is_float(tensor) and not _is_passed_on(step.operation, followers[0] if is_inner else None):
                edges[id(tensor)] = Edge(step.operation.name, kinds.fixed_range(step.operation))
    return edges


def _is_passed_on(operation: Any, follower: Any | None) -> bool:
    """Whether an operation's output has no grid of its own; `follower` is its only reader, if it has one."""
    if kinds.moves(operation):
        return True
    if follower is None:
        return False
    if kinds.concatenates(follower):
        return kinds.fixed_range(operation) is None
    is_fusing = kinds.computes(operation) or kinds.adds_or_multiplies(operation)
    return is_fusing and kinds.fuses(follower)


def _is_float(tensor: graph.Tensor) -> bool:
    return str(tensor.dtype).startswith("float")
