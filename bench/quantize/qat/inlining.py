"""Copy a functional model with its weights, nested models laid open, so that the original stays untouched."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from bench.quantize.qat import graph
from bench.quantize.qat.naming import Names


def inline(model: Any) -> keras.Model:
    """Return a copy without nesting; every layer may be trained, shared layers stay shared.

    Where two nested models have a layer of the same name, the second one is renamed.
    """
    copies: dict[int, Any] = {}
    names = Names()

    def visit(step: graph.Step, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        operation = step.operation
        inner = graph.functional_form(operation)
        if inner is not None:
            return graph.run(inner, keras.tree.flatten(arguments), visit)
        if not isinstance(operation, layers.Layer):
            return operation(*arguments, **keywords)
        if id(operation) in copies:
            return copies[id(operation)](*arguments, **keywords)
        copy = copies[id(operation)] = _copy(operation, names)
        outputs = copy(*arguments, **keywords)
        copy.set_weights(operation.get_weights())
        return outputs

    return graph.rebuild(model, visit)


def _copy(layer: Any, names: Names) -> Any:
    config = {**layer.get_config(), "name": names.fresh(layer.name)}
    copy = type(layer).from_config(config)
    copy.trainable = True
    return copy
