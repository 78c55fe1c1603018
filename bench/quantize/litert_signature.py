"""Give a .tflite file the signature that quantizers address it by; many older files have none."""

from __future__ import annotations

from typing import Any

_KEY = b"serving_default"


def with_signature(content: bytes) -> bytes:
    """Return the file itself if it has a signature, else a copy with one over its inputs and outputs."""
    from ai_edge_litert import schema_py_generated as schema

    if schema.Model.GetRootAs(content, 0).SignatureDefsLength():
        return content
    return _with_new_signature(content)


def _with_new_signature(content: bytes) -> bytes:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph, signature = model.subgraphs[0], schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = _KEY, 0
    signature.inputs = [_entry(graph, index) for index in graph.inputs]
    signature.outputs = [_entry(graph, index) for index in graph.outputs]
    model.signatureDefs = [signature]
    builder = flatbuffers.Builder(len(content) + 4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _entry(graph: Any, index: int) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = graph.tensors[index].name, index
    return entry
