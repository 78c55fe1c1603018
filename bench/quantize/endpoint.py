"""A Keras model as one traced function of fixed shape, with outputs by name: what both exporters start from.

The batch is fixed to one image, so that no converter has to guess shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import ModelError, UnavailableError
from bench.quantize.pixels import input_shape
from bench.wire.description import Preprocess


@dataclass(frozen=True)
class Endpoint:
    """What is exported of a model.

    Attributes:
        function: from the image tensor to a dictionary of output name -> tensor; a `tf.function`.
        signature: one `tf.TensorSpec`, batch 1.
        outputs: names in the model's order.
    """

    model: Any
    function: Any
    signature: tuple[Any, ...]
    input: str
    outputs: tuple[str, ...]


def trace_endpoint(model: Any, preprocess: Preprocess) -> Endpoint:
    """Wrap a Keras model for export.

    Raises:
        UnavailableError: the model has no single image input.
        ModelError: its input does not fit `preprocess`.
    """
    import tensorflow as tf

    shape = _checked_shape(model, preprocess)
    outputs = _unique([str(name) for name in model.output_names])
    signature = (tf.TensorSpec(shape, tf.float32, name=_plain(model.inputs[0].name)),)

    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator, unused-ignore]
    def run(image: Any) -> dict[str, Any]:
        results = model(image, training=False)
        return dict(zip(outputs, tf.nest.flatten(results), strict=True))

    return Endpoint(model, run, signature, signature[0].name, tuple(outputs))


def save_endpoint(endpoint: Endpoint, folder: Path) -> None:
    """Write a SavedModel of the endpoint.

    Tracking the model itself is what carries its weights along: converting the bare function dropped them.
    """
    import keras

    archive = keras.export.ExportArchive()
    archive.track(endpoint.model)
    archive.add_endpoint("serve", endpoint.function)
    archive.write_out(str(folder), verbose=False)


def num_kernel_weights(model: Any) -> int:
    """Count the weights of kernels (two axes or more): those that no folding removes."""
    return sum(int(weight.value.numpy().size) for weight in model.weights if len(weight.shape) >= 2)


def _checked_shape(model: Any, preprocess: Preprocess) -> tuple[int, ...]:
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) != 1:
        raise UnavailableError(
            f"the Keras model {model.name!r} has {len(inputs)} known inputs; exporting needs a functional "
            "or Sequential model with exactly one image input"
        )
    wanted, given = input_shape(preprocess), tuple(inputs[0].shape)
    fits = len(given) == 4 and all(size in (None, need) for size, need in zip(given, wanted, strict=True))
    if not fits:
        raise ModelError(
            f"the Keras model {model.name!r} takes {list(given)}, but its preprocessing makes {list(wanted)}"
            "; correct width, height or layout"
        )
    return wanted


def _plain(name: str) -> str:
    return name.split(":")[0]


def _unique(names: list[str]) -> list[str]:
    """Number repeated names, which a dictionary could not hold."""
    return [
        name if names.count(name) == 1 else f"{name}_{names[:index].count(name)}"
        for index, name in enumerate(names)
    ]
