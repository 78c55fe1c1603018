"""TensorFlow SavedModels as sources: their serving function at a fixed input shape.

A SavedModel is a graph of TensorFlow operators, some of which read and write files or call Python; those
that do are refused before anything is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.errors import ModelError, UnavailableError
from bench.quantize.endpoint import Endpoint
from bench.quantize.pixels import input_shape
from bench.wire.description import Preprocess

# A detector needs none of these.
_REFUSED_OPS = {
    "ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "PyFuncStateless", "EagerPyFunc", "PrintV2",
    "DecodeAndSendToHost", "OpenVariantTensor", "LoadLibrary",
}  # fmt: skip


def load_endpoint(folder: Path, preprocess: Preprocess) -> Endpoint:
    """Load a SavedModel's only, or default, serving function and fix its input to one image.

    Args:
        folder: a copy; TensorFlow only reads it.

    Raises:
        ModelError: the folder is no SavedModel, or holds operators that reach outside.
        UnavailableError: it has no single float32 image input.
    """
    import tensorflow as tf

    _require_harmless(folder)
    try:
        loaded = tf.saved_model.load(str(folder))
    except Exception as problem:
        # TensorFlow raises OSError, ValueError, KeyError and its own OpErrors for a damaged SavedModel.
        text = f"{folder.name}: TensorFlow cannot load the SavedModel: {str(problem)[:300]}"
        raise ModelError(text) from problem
    serve, name, shape = _serving(loaded, preprocess)
    signature = (tf.TensorSpec(shape, tf.float32, name=name),)

    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator, unused-ignore]
    def run(image: Any) -> dict[str, Any]:
        return dict(serve(**{name: image}))

    return Endpoint(loaded, run, signature, name, tuple(sorted(serve.structured_outputs)))


def save_fixed(endpoint: Endpoint, folder: Path) -> None:
    """Write a SavedModel of the fixed function, its weights along."""
    import tensorflow as tf

    module = tf.Module()
    module.source, module.serve = endpoint.model, endpoint.function
    concrete = endpoint.function.get_concrete_function()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": concrete})


def num_variable_weights(endpoint: Endpoint) -> int:
    """Count the weights of kernels that are variables; frozen graphs have them as constants and give 0."""
    found = getattr(endpoint.model, "variables", None) or endpoint.function.get_concrete_function().variables
    return sum(int(variable.shape.num_elements() or 0) for variable in found if len(variable.shape) >= 2)


def _require_harmless(folder: Path) -> None:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped, unused-ignore]
    from tensorflow.core.protobuf import saved_model_pb2

    content = saved_model_pb2.SavedModel()
    try:
        content.ParseFromString((folder / "saved_model.pb").read_bytes())
    except (OSError, DecodeError) as problem:
        raise ModelError(
            f"{folder.name}: not a TensorFlow SavedModel, its saved_model.pb cannot be read ({problem})"
        ) from problem
    for item in content.meta_graphs:
        bodies = [item.graph_def.node, *(body.node_def for body in item.graph_def.library.function)]
        found = sorted({node.op for nodes in bodies for node in nodes} & _REFUSED_OPS)
        if found:
            raise ModelError(
                f"{folder.name}: the SavedModel holds {', '.join(found)}, which reach outside the model; "
                "export it without them"
            )


def _serving(loaded: Any, preprocess: Preprocess) -> tuple[Any, str, tuple[int, ...]]:
    """Return the serving function, the name of its input and the shape to fix it to."""
    signatures = dict(getattr(loaded, "signatures", {}))
    only = next(iter(signatures.values())) if len(signatures) == 1 else None
    serve = signatures.get("serving_default") or only
    if serve is None:
        names = ", ".join(signatures) or "none"
        raise UnavailableError(f"the SavedModel has no serving_default signature (it has: {names})")
    inputs = serve.structured_input_signature[1]
    if len(inputs) != 1:
        raise UnavailableError(f"the SavedModel's signature has {len(inputs)} inputs, expected one image")
    ((name, spec),) = inputs.items()
    wanted, given = input_shape(preprocess), spec.shape
    if spec.dtype.name != "float32":
        raise UnavailableError(
            f"the SavedModel takes {spec.dtype.name}; recipes start from a float32 input, so export the "
            "model without its preprocessing"
        )
    if not given.is_compatible_with(wanted):
        raise ModelError(
            f"the SavedModel takes {given}, but its preprocessing makes {list(wanted)}; correct width, "
            "height or layout"
        )
    return serve, str(name), wanted
