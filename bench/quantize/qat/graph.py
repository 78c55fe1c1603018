"""The node graph of a functional Keras model: read it, run it, build it anew.

This is the one module that touches private Keras API, and why the Keras version is pinned:
`Functional._nodes_by_depth` (the order of the nodes), `Node.operation`, `Node.is_input`,
`Node.input_tensors`, `Node.outputs`, `Node.arguments.fill_in` (what each was called with), and
`Sequential._functional`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras.src.models.functional import Functional

# A symbolic, eager or traced tensor: Keras passes all of them through the same layers.
Tensor = Any


@dataclass(frozen=True)
class Step:
    """One call of an operation in a model.

    Attributes:
        operation: a layer, or a stateless Keras operation.
        inputs, outputs: symbolic tensors, known by identity.
    """

    operation: Any
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


# (step, positional arguments, keyword arguments) -> what the step shall return.
Visit = Callable[[Step, tuple[Any, ...], dict[str, Any]], Any]


def functional_form(operation: Any) -> Any | None:
    """Return the functional model that an operation is or wraps, or None if it is anything else."""
    if isinstance(operation, keras.Sequential):
        return operation._functional
    is_functional = isinstance(operation, Functional) and type(operation).call is Functional.call
    return operation if is_functional else None


def _functional(model: Any) -> Any:
    form = functional_form(model)
    if form is None:
        raise TypeError(f"{model.name!r} is not a functional model")
    return form


def steps(model: Any) -> list[Step]:
    """Return the calls of a functional model, each after those that it depends on."""
    return [Step(node.operation, tuple(node.input_tensors), tuple(node.outputs)) for node in _nodes(model)]


def _nodes(model: Any) -> list[Any]:
    by_depth = _functional(model)._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth] if not node.is_input]


def consumers(model: Any) -> dict[int, list[Step]]:
    """Return for the id of each symbolic tensor the steps that read it."""
    found: dict[int, list[Step]] = {}
    for step in steps(model):
        for tensor in step.inputs:
            found.setdefault(id(tensor), []).append(step)
    return found


def uses(model: Any) -> dict[int, list[Step]]:
    """Return for the id of each operation its calls; a shared layer has several."""
    found: dict[int, list[Step]] = {}
    for step in steps(model):
        found.setdefault(id(step.operation), []).append(step)
    return found


def output_ids(model: Any) -> set[int]:
    """Return the ids of the symbolic tensors that leave the model."""
    return {id(tensor) for tensor in model.outputs}


def run(model: Any, inputs: Sequence[Tensor], visit: Visit) -> list[Tensor]:
    """Interpret a model: call `visit` for each step with its actual arguments.

    Returns:
        The model's outputs as a flat list.
    """
    values = {id(symbol): value for symbol, value in zip(model.inputs, inputs, strict=True)}
    for node in _nodes(model):
        arguments, keywords = node.arguments.fill_in(values)
        step = Step(node.operation, tuple(node.input_tensors), tuple(node.outputs))
        results = keras.tree.flatten(visit(step, arguments, keywords))
        values.update({id(symbol): value for symbol, value in zip(node.outputs, results, strict=True)})
    return [values[id(symbol)] for symbol in model.outputs]


def call(step: Step, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """The visit that changes nothing."""
    return step.operation(*arguments, **keywords)


def rebuild(model: Any, visit: Visit) -> keras.Model:
    """Build a model whose steps are what `visit` makes of the old ones; the structure of its outputs stays.

    The new model takes any batch size.
    """
    inputs = [keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name) for tensor in model.inputs]
    outputs = keras.tree.pack_sequence_as(_functional(model).output, run(model, inputs, visit))
    return keras.Model(inputs[0] if len(inputs) == 1 else inputs, outputs, name=model.name)
