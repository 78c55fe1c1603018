"""A clean copy of a user's float ONNX file, from which quantizers can start.

Old files list weights among the inputs, have an opset without scales per channel, leave the batch open, or
name nodes twice. None of that changes what the model computes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.errors import UnavailableError
from bench.quantize.layers import node_names
from bench.quantize.onnx_float import OPSET
from bench.quantize.pixels import input_shape
from bench.wire.description import Preprocess

# Scales for each channel came with this opset (QuantizeLinear-13).
_OLDEST_OPSET = 13


def clean_onnx(source: Path, target: Path, preprocess: Preprocess) -> tuple[str, ...]:
    """Write the clean copy.

    Returns:
        What was changed, a sentence each.

    Raises:
        UnavailableError: the model cannot be quantized by this project; the message is the reason.
    """
    import onnx

    model = onnx.load(str(source))
    notes = [*_own_weights(model.graph)]
    for name, node in zip(node_names(model.graph), model.graph.node, strict=True):
        node.name = name
    _fix_input(model.graph, preprocess)
    opset = next((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), 0)
    if opset < _OLDEST_OPSET:
        model = _raised(model, opset)
        notes.append(f"opset {opset} raised to {OPSET}: scales per channel need {_OLDEST_OPSET}")
    # Graph inputs hid the weights from older readers; from this version on they stand by themselves.
    model.ir_version = max(model.ir_version, 4)
    onnx.save(onnx.shape_inference.infer_shapes(model), str(target))
    return tuple(notes)


def _own_weights(graph: Any) -> list[str]:
    """Take weights out of the list of inputs."""
    names = {tensor.name for tensor in graph.initializer}
    listed = [entry for entry in graph.input if entry.name in names]
    for entry in listed:
        graph.input.remove(entry)
    return [f"{len(listed)} weights taken out of the list of inputs"] if listed else []


def _fix_input(graph: Any, preprocess: Preprocess) -> None:
    """Give the image input its fixed shape."""
    import onnx

    if len(graph.input) != 1:
        raise UnavailableError(
            f"the ONNX model has {len(graph.input)} inputs; quantizing needs exactly one image input"
        )
    tensor = graph.input[0].type.tensor_type
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        kind = onnx.TensorProto.DataType.Name(tensor.elem_type).lower()
        raise UnavailableError(f"the ONNX model's input is {kind}; quantizing starts from a float32 input")
    for size, wanted in zip(tensor.shape.dim, input_shape(preprocess), strict=False):
        if not size.HasField("dim_value") or size.dim_value < 1:
            size.dim_value = wanted


def _raised(model: Any, opset: int) -> Any:
    import onnx.version_converter

    try:
        return onnx.version_converter.convert_version(model, OPSET)
    except Exception as problem:
        # The converter raises RuntimeError and ConvertError for operators that it has no rule for.
        first = (str(problem).strip() or type(problem).__name__).splitlines()[0][:200]
        raise UnavailableError(
            f"the ONNX model has opset {opset}, and onnx cannot raise it to {OPSET} ({first}); export it "
            f"with opset {_OLDEST_OPSET} or later"
        ) from problem
