"""Say before any work whether a model can be wrapped for quantization-aware training, and if not, why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from bench.quantize.qat import graph, kinds


def reason_not_wrappable(model: Any) -> str:
    """Return why a model cannot be trained under quantization; empty if it can.

    Reads the model only; a Keras model with layers that are not Keras' own is traced once.
    """
    return next(_reasons(model), "")


def _reasons(model: Any) -> Iterator[str]:
    """Yield what stands in the way, the widest reason first."""
    if graph.functional_form(model) is None:
        yield (
            f"the model {_called(model)} is not functional, so its layers cannot be read; "
            "build it with keras.Model(inputs, outputs)"
        )
        return
    yield from _input_reasons(model)
    operations = list(_operations(model))
    for operation in operations:
        yield from _operation_reasons(operation)
    if not any(kinds.computes(operation) or _is(operation, kinds.REWRITTEN) for operation in operations):
        yield "the model has no convolution or dense layer whose weights could be trained"
    if _suppresses(model, operations):
        yield (
            "the graph contains non-maximum suppression, through which nothing can be learnt; "
            "save the model without it and describe the suppression in the suite"
        )


def _operations(model: Any) -> Iterator[Any]:
    """Yield all operations, also those of nested functional models."""
    for step in graph.steps(model):
        inner = graph.functional_form(step.operation)
        if inner is None:
            yield step.operation
        else:
            yield from _operations(inner)


def _input_reasons(model: Any) -> Iterator[str]:
    if len(model.inputs) != 1:
        yield f"the model has {len(model.inputs)} inputs; expected one image tensor"
    for tensor in model.inputs:
        if tensor.dtype != "float32" or len(tensor.shape) != 4:
            yield (
                f"the input {tensor.name} is {tensor.dtype} of shape {tuple(tensor.shape)}; "
                "expected a float32 image tensor (batch, height, width, channels)"
            )


def _operation_reasons(operation: Any) -> Iterator[str]:
    name = _called(operation)
    if not isinstance(operation, layers.Layer):
        return
    if isinstance(operation, layers.Lambda):
        yield f"the layer {name} is a Lambda, whose code cannot be read; write it with layers or keras.ops"
    elif isinstance(operation, keras.Model):
        yield f"the nested model {name} is not functional, so its layers cannot be read"
    elif getattr(operation, "data_format", None) == "channels_first":
        yield f"the layer {name} is channels_first; expected channels_last"
    elif type(operation) in kinds.COMPUTING + kinds.REWRITTEN:
        yield from _weighted_reasons(operation)
    elif operation.weights:
        known = ", ".join(kind.__name__ for kind in kinds.COMPUTING + kinds.REWRITTEN)
        yield f"the layer {name} holds weights that cannot be simulated; known are {known}"


def _weighted_reasons(layer: Any) -> Iterator[str]:
    """Yield what is unusual about a layer whose type is known."""
    name = _called(layer)
    groups = getattr(layer, "groups", 1)
    if groups != 1:
        yield f"the layer {name} is a convolution of {groups} groups; expected 1 group or DepthwiseConv2D"
    if layer.compute_dtype != "float32":
        yield f"the layer {name} computes in {layer.compute_dtype}; expected a float32 model"
    if getattr(layer, "quantization_mode", None):
        yield f"the layer {name} is quantized already ({layer.quantization_mode}); expected a float32 model"


def _suppresses(model: Any, operations: list[Any]) -> bool:
    """Whether the traced graph holds non-maximum suppression; Keras' own layers never do."""
    if all(type(operation).__module__.startswith("keras.") for operation in operations):
        return False
    shape = [tensor.shape for tensor in model.inputs]
    signature = [tf.TensorSpec([1, *sizes[1:]], tf.float32) for sizes in shape]
    traced = tf.function(lambda *inputs: graph.run(model, inputs, graph.call)).get_concrete_function(
        *signature
    )
    definition = traced.graph.as_graph_def()
    bodies = [definition.node, *(function.node_def for function in definition.library.function)]
    return any("NonMaxSuppression" in node.op for body in bodies for node in body)


def _is(operation: Any, types: tuple[Any, ...]) -> bool:
    return type(operation) in types


def _called(operation: Any) -> str:
    return f"{operation.name!r} ({type(operation).__name__})"
