"""Give the inputs and outputs of a .tflite file the names that the Keras model had.

The converter calls outputs `StatefulPartitionedCall:1` and may reorder them, while the signature in the same
file still maps the original names to tensors. The new names are appended to the file and pointed at, so that
nothing else moves and the weights keep their alignment.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

# Where the vtable of a Tensor keeps the offset of its name: fields shape, type, buffer, name follow a head of
# 4 bytes, 2 bytes each.
_NAME_SLOT = 4 + 2 * 3


def name_tensors(content: bytes) -> bytes:
    """Return the file with its input and output tensors named as in its signature."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    result = bytearray(content)
    for index in range(model.SignatureDefsLength()):
        for tensor, name in _named(model, model.SignatureDefs(index)):
            field = tensor._tab.Offset(_NAME_SLOT)
            if field and tensor.Name() != name:
                _point_to_new_string(result, tensor._tab.Pos + field, name)
    return bytes(result)


def end_names(content: bytes) -> list[bytes]:
    """Return the names of the input tensors and then of the output tensors, in the file's order."""
    from ai_edge_litert import schema_py_generated as schema

    return [tensor.Name() for tensor in _ends(schema.Model.GetRootAs(content, 0))]


def rename_ends(content: bytes, names: list[bytes]) -> bytes:
    """Return the file with its input and output tensors called so; order and number are those of `end_names`.

    A quantizer that adds conversions at the ends calls the new ends otherwise (`scores_dequant`).
    """
    from ai_edge_litert import schema_py_generated as schema

    result = bytearray(content)
    for tensor, name in zip(_ends(schema.Model.GetRootAs(content, 0)), names, strict=True):
        field = tensor._tab.Offset(_NAME_SLOT)
        if field and tensor.Name() != name:
            _point_to_new_string(result, tensor._tab.Pos + field, name)
    return bytes(result)


def _ends(model: Any) -> list[Any]:
    graph = model.Subgraphs(0)
    indices = [graph.Inputs(i) for i in range(graph.InputsLength())]
    indices += [graph.Outputs(i) for i in range(graph.OutputsLength())]
    return [graph.Tensors(index) for index in indices]


def _named(model: Any, signature: Any) -> Iterator[tuple[Any, bytes]]:
    """Yield the tensors of a signature with the names that it has for them."""
    graph = model.Subgraphs(signature.SubgraphIndex())
    entries = [signature.Inputs(i) for i in range(signature.InputsLength())]
    entries += [signature.Outputs(i) for i in range(signature.OutputsLength())]
    for entry in entries:
        yield graph.Tensors(entry.TensorIndex()), entry.Name()


def _point_to_new_string(content: bytearray, field: int, name: bytes) -> None:
    """Append a flatbuffer string (length, bytes, zero; aligned to 4) and let a field refer to it."""
    content += bytes(-len(content) % 4)
    struct.pack_into("<I", content, field, len(content) - field)
    content += struct.pack("<I", len(name)) + name + b"\0"
    content += bytes(-len(content) % 4)
