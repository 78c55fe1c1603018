"""Give the inputs and outputs of a .tflite file the names that the Keras model had.

The converter calls outputs `StatefulPartitionedCall:1` and may reorder them, while the signature in the same
file still maps the original names to tensors. A shorter name is written over the longer one in place, so that
no offset and no alignment of the weights changes.
"""

from __future__ import annotations

import struct
from typing import Any


def name_tensors(content: bytes) -> bytes:
    """Return the file with its input and output tensors named as in its signature.

    A tensor whose present name is shorter than the new one keeps it.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    result = bytearray(content)
    for index in range(model.SignatureDefsLength()):
        signature = model.SignatureDefs(index)
        graph = model.Subgraphs(signature.SubgraphIndex())
        maps = [signature.Inputs(i) for i in range(signature.InputsLength())]
        maps += [signature.Outputs(i) for i in range(signature.OutputsLength())]
        for entry in maps:
            _overwrite(result, _name_position(graph.Tensors(entry.TensorIndex())), entry.Name())
    return bytes(result)


def _name_position(tensor: Any) -> int:
    """Return where the tensor's name string starts (its length word), as the flatbuffer stores it."""
    # Field 3 of the Tensor table (shape, type, buffer, name): vtable entry 4 + 2 * 3 bytes.
    table = tensor._tab
    field = table.Offset(10)
    return int(table.Indirect(table.Pos + field)) if field else 0


def _overwrite(content: bytearray, position: int, name: bytes) -> None:
    if not position:
        return
    (length,) = struct.unpack_from("<I", content, position)
    if len(name) > length:
        return
    struct.pack_into("<I", content, position, len(name))
    start = position + 4
    content[start : start + length] = name + bytes(length - len(name))
