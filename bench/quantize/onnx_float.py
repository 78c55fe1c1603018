"""Float ONNX files: fp32 from a traced Keras model, and fp16 from that.

Inputs keep the model's own layout (NHWC for most Keras models) and float32 type.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.errors import BuildError
from bench.quantize.endpoint import Endpoint

# Per-channel QDQ needs 13; ONNX Runtime reads 17 since 1.12, so older devices are not shut out.
OPSET = 17


def export_onnx(endpoint: Endpoint, path: Path) -> None:
    """Write the fp32 ONNX file of a traced model, with shapes inferred.

    Raises:
        BuildError: an operator has no ONNX counterpart, or the graph is not valid.
    """
    import onnx
    import tf2onnx

    try:
        model, _ = tf2onnx.convert.from_function(endpoint.function, list(endpoint.signature), opset=OPSET)
        _keep_captured_constants(model.graph, endpoint)
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
        onnx.checker.check_model(model)
    except Exception as problem:
        # tf2onnx raises bare ValueError, KeyError and RuntimeError; onnx its own ValidationError.
        raise BuildError(f"tf2onnx could not convert the model: {str(problem)[:500]}") from problem
    onnx.save(model, str(path))


def _keep_captured_constants(graph: Any, endpoint: Endpoint) -> None:
    """Give the constants that a layer holds outside its weights back to the graph.

    `Normalization` keeps mean and variance so, and tf2onnx turns them into inputs that nobody feeds.
    """
    import onnx

    captures = endpoint.function.get_concrete_function().graph.captures
    values = {inner.name: outer for outer, inner in captures}
    for entry in [entry for entry in graph.input if entry.name in values]:
        graph.initializer.append(onnx.numpy_helper.from_array(values[entry.name].numpy(), entry.name))
        graph.input.remove(entry)
    if len(graph.input) != 1:
        names = ", ".join(entry.name for entry in graph.input)
        raise ValueError(f"the converted graph has the inputs {names}, expected one image")


# The opset from which Resize may leave its scales out (ONNX operators' changelog).
_OPTIONAL_SCALES = 13


def convert_half(source: Path, target: Path) -> None:
    """Write a float16 copy of an fp32 ONNX file; inputs and outputs stay float32."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    model = onnx.load(str(source))
    if max(item.version for item in model.opset_import if item.domain in ("", "ai.onnx")) >= _OPTIONAL_SCALES:
        _leave_out_empty(model.graph)
    onnx.save(convert_float_to_float16(model, keep_io_types=True), str(target))


def _leave_out_empty(graph: Any) -> None:
    """Take the empty constants out of Resize, where older exporters put them for what is not given.

    The converter casts what it does not convert, and a cast of nothing no longer counts as not given.
    """
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    constants = (node for node in graph.node if node.op_type == "Constant" and node.attribute)
    tensors |= {node.output[0]: node.attribute[0].t for node in constants if node.attribute[0].HasField("t")}
    empty = {name for name, tensor in tensors.items() if 0 in tensor.dims}
    for node in graph.node:
        if node.op_type == "Resize":
            node.input[:] = ["" if name in empty else name for name in node.input]


def half_notes() -> tuple[str, ...]:
    """Say what a reader should know of a float16 ONNX file."""
    return (
        "ONNX Runtime has few float16 kernels on x86 processors: it casts to float32 around the others, so "
        "fp16 halves the file and may be slower",
    )
