"""Looks into a TensorFlow SavedModel: signatures, operators and variables, parsed and never executed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.core.artifact import FileFacts
from bench.core.record import Advice
from bench.errors import ModelError
from bench.inspecting.file_report import FileReport
from bench.quantize.tensors import TensorFacts
from bench.wire.tensor import TensorSpec

_SIGNATURE = "serving_default"

# The checkpoint keeps the object graph under this key, which is no variable.
_NO_VARIABLE = "_CHECKPOINTABLE_OBJECT_GRAPH"

# What holds, moves, saves and restores values, and computes nothing.
_PLUMBING = frozenset(
    {
        *("Placeholder", "Const", "Identity", "IdentityN", "NoOp", "Select", "StringJoin"),
        *("VarHandleOp", "ReadVariableOp", "AssignVariableOp", "VarIsInitializedOp", "DisableCopyOnRead"),
        *("PartitionedCall", "StatefulPartitionedCall"),
        *("SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename", "StaticRegexFullMatch"),
    }
)

_NUMPY_NAMES = {"float": "float32", "half": "float16", "double": "float64"}


def read_saved_model(path: Path, sha256: str, size_bytes: int) -> FileReport:
    """Read the folder of a SavedModel.

    Raises:
        ModelError: it is damaged, or has no signature to call.
    """
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped, unused-ignore]
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString((path / "saved_model.pb").read_bytes())
    except DecodeError as problem:
        raise ModelError(f"{path}: saved_model.pb is damaged ({problem}); save the model again") from problem
    if not model.meta_graphs:
        raise ModelError(f"{path}: saved_model.pb holds no graph; save the model again")
    graph = model.meta_graphs[0]
    signature, oddities = _signature(path, graph.signature_def)
    tensors = tuple(_variables(path, graph))
    inputs, outputs = tuple(_specs(signature.inputs)), tuple(_specs(signature.outputs))
    return FileReport(
        path=str(path),
        format="saved_model",
        sha256=sha256,
        size_bytes=size_bytes,
        facts=_facts(graph, tensors, inputs, outputs),
        inputs=inputs,
        outputs=outputs,
        tensors=tensors,
        producer=f"TensorFlow {graph.meta_info_def.tensorflow_version}".strip(),
        oddities=oddities,
    )


def _signature(path: Path, signatures: Any) -> tuple[Any, tuple[Advice, ...]]:
    names = sorted(name for name in signatures if not name.startswith("__"))
    if not names:
        raise ModelError(f"{path}: the SavedModel has no signature; export it with one ({_SIGNATURE})")
    chosen = _SIGNATURE if _SIGNATURE in names else names[0]
    if chosen == _SIGNATURE or len(names) == 1:
        return signatures[chosen], ()
    text = f"{len(names)} signatures ({', '.join(names[:6])}); this is {chosen!r}"
    return signatures[chosen], (Advice("signatures", text),)


def _specs(infos: Any) -> Iterator[TensorSpec]:
    for name, info in sorted(infos.items()):
        sizes = tuple(int(item.size) for item in info.tensor_shape.dim)
        yield TensorSpec(name, sizes, _dtype(info.dtype))


def _variables(path: Path, graph: Any) -> Iterator[TensorFacts]:
    """Yield the variables that functions use; those of the checkpoint where none are named (TensorFlow 1).

    Keras stores each variable twice, and uses it once.
    """
    objects = graph.object_graph_def
    used = {index for one in objects.concrete_functions.values() for index in one.bound_inputs}
    variables = {i: node.variable for i, node in enumerate(objects.nodes) if node.HasField("variable")}
    found = [variable for index, variable in variables.items() if index in used or not used]
    for variable in found:
        shape = tuple(int(item.size) for item in variable.shape.dim)
        yield _weight(variable.name, shape, _dtype(variable.dtype))
    prefix = path / "variables" / "variables"
    if found or not prefix.with_suffix(".index").exists():
        return
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(prefix))
    dtypes = reader.get_variable_to_dtype_map()
    for name, sizes in sorted(reader.get_variable_to_shape_map().items()):
        if name != _NO_VARIABLE:
            yield _weight(name, tuple(int(size) for size in sizes), dtypes[name].name)


def _weight(name: str, shape: tuple[int, ...], dtype: str) -> TensorFacts:
    digits = "".join(filter(str.isdigit, dtype))
    num_bytes = math.prod(shape) * int(digits or 8) // 8 if all(size >= 0 for size in shape) else 0
    return TensorFacts(name, "weight", dtype, shape, num_bytes)


def _dtype(code: int) -> str:
    from tensorflow.core.framework import types_pb2

    name = str(types_pb2.DataType.Name(code)).removeprefix("DT_").lower()
    return _NUMPY_NAMES.get(name, name)


def _facts(
    graph: Any,
    tensors: tuple[TensorFacts, ...],
    inputs: tuple[TensorSpec, ...],
    outputs: tuple[TensorSpec, ...],
) -> FileFacts:
    nodes = [*graph.graph_def.node, *(node for f in graph.graph_def.library.function for node in f.node_def)]
    weight_bytes: Counter[str] = Counter()
    for tensor in tensors:
        weight_bytes[tensor.dtype] += tensor.num_bytes
    floats = [dtype for dtype in weight_bytes if dtype.startswith("float")]
    return FileFacts(
        precision="fp32" if floats in ([], ["float32"]) else "fp16" if floats == ["float16"] else "mixed",
        weight_bytes=dict(weight_bytes),
        ops=dict(Counter(str(node.op) for node in nodes if node.op not in _PLUMBING)),
        inputs=tuple(f"{spec.name} {spec.dtype} {list(spec.shape)}" for spec in inputs),
        outputs=tuple(f"{spec.name} {spec.dtype} {list(spec.shape)}" for spec in outputs),
    )
