"""The layers of a float model file by name, and which of them a recipe's patterns mean.

A layer of a .tflite file is called as its first output tensor, one of an .onnx file as its node; nodes
without a name are called by type and place (`Conv_12`). Patterns are shell patterns (`*`, `?`, `[...]`)
over the whole name; case counts.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from bench.errors import BuildError, ModelError

# Operators that may hold a kernel, of either format.
_WEIGHTED = frozenset(
    {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "CONV_3D", "BATCH_MATMUL"}
    | {"EMBEDDING_LOOKUP", "CONV", "CONVTRANSPOSE", "MATMUL", "GEMM", "GATHER", "LSTM", "ATTENTION"}
)

# Converted .tflite names list every operation that was fused, often hundreds of letters.
_LONGEST_SHOWN = 80
_NUM_SHOWN = 5


@dataclass(frozen=True)
class Layer:
    """One operator of a float model file."""

    name: str
    op: str


@dataclass(frozen=True)
class KeptLayers:
    """Names of the layers that a recipe quantizes otherwise than the rest."""

    in_float: tuple[str, ...] = ()
    at_8_bits: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.in_float or self.at_8_bits)


NOTHING_KEPT = KeptLayers()


def layer_names(path: Path) -> list[str]:
    """Return the names that `keep_float` and `keep_8bit` are matched against, in the file's order."""
    return [layer.name for layer in read_layers(path)]


def read_layers(path: Path) -> list[Layer]:
    """Return the layers of a float .tflite or .onnx file.

    Raises:
        ModelError: the file is of another kind or damaged.
    """
    try:
        return _read_tflite(path) if path.suffix.lower() == ".tflite" else _read_onnx(path)
    except OSError as problem:
        raise ModelError(
            f"{path}: the model file cannot be read ({problem.strerror}); check the path"
        ) from problem
    except Exception as problem:
        # Both formats' readers raise whatever a damaged file makes them stumble over.
        raise ModelError(f"{path}: its layers cannot be read ({problem}); fetch the file again") from problem


def choose_layers(keep_float: Sequence[str], keep_8bit: Sequence[str], layers: Sequence[Layer]) -> KeptLayers:
    """Return the layers that patterns mean; float wins where both kinds of patterns fit.

    Raises:
        BuildError: a pattern fits no layer; the message names the nearest ones.
    """
    floats = _matched("keep_float", keep_float, layers)
    eights = _matched("keep_8bit", keep_8bit, layers)
    return KeptLayers(
        tuple(layer.name for layer in layers if layer.name in floats),
        tuple(layer.name for layer in layers if layer.name in eights - floats),
    )


def require_weights(kept: KeptLayers, layers: Sequence[Layer]) -> None:
    """Refuse layers of which none has weights, for a recipe that quantizes weights alone.

    Raises:
        BuildError: the file would be the same without them.
    """
    ops = {layer.name: layer.op for layer in layers}
    for option, names in (("keep_float", kept.in_float), ("keep_8bit", kept.at_8_bits)):
        if names and not any(ops[name].upper() in _WEIGHTED for name in names):
            shown = "; ".join(f"{_shortened(name)} ({ops[name]})" for name in names[:_NUM_SHOWN])
            raise BuildError(
                f"{option}: none of the {len(names)} layers that it fits has weights, and this recipe "
                f"quantizes weights alone, so that nothing would change: {shown}. Name convolutions or "
                "matrix products"
            )


def _matched(option: str, patterns: Sequence[str], layers: Sequence[Layer]) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        fitting = {layer.name for layer in layers if _fits(pattern, layer.name)}
        if not fitting:
            raise BuildError(
                f"{option}: {pattern!r} fits no layer of the float model. {_nearest(pattern, layers)}"
            )
        found |= fitting
    return found


def _fits(pattern: str, name: str) -> bool:
    # A name may hold brackets itself, so the very name always fits.
    return pattern == name or fnmatchcase(name, pattern)


def _nearest(pattern: str, layers: Sequence[Layer]) -> str:
    """Name the layers whose names hold, or resemble, what stands in the pattern."""
    plain = pattern.replace("*", "").replace("?", "").lower()
    scored = sorted(layers, key=lambda layer: _likeness(plain, layer.name.lower()), reverse=True)
    shown = "; ".join(f"{_shortened(layer.name)} ({layer.op})" for layer in scored[:_NUM_SHOWN])
    return f"Nearest of {len(layers)}: {shown}"


def _likeness(plain: str, name: str) -> float:
    """Return how long a common part two texts have, as a share of the pattern."""
    match = difflib.SequenceMatcher(None, plain, name, autojunk=False).find_longest_match()
    return match.size / max(1, len(plain))


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_SHOWN else name[: _LONGEST_SHOWN - 1] + "…"


def _read_tflite(path: Path) -> list[Layer]:
    from ai_edge_litert import schema_py_generated as schema

    content = path.read_bytes()
    if content[4:8] != b"TFL3":
        raise ValueError("it is not a TFLite model")
    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    types = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    return [_tflite_layer(model, graph, graph.Operators(i), types) for i in range(graph.OperatorsLength())]


def _tflite_layer(model: Any, graph: Any, operator: Any, types: dict[int, str]) -> Layer:
    code = model.OperatorCodes(operator.OpcodeIndex())
    name = graph.Tensors(operator.Outputs(0)).Name().decode() if operator.OutputsLength() else ""
    return Layer(name, types[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())])


def _read_onnx(path: Path) -> list[Layer]:
    import onnx

    graph = onnx.load(str(path), load_external_data=False).graph
    names = node_names(graph)
    return [Layer(name, node.op_type) for name, node in zip(names, graph.node, strict=True)]


def node_names(graph: Any) -> list[str]:
    """Return a name for each node of an ONNX graph: its own where it has one that no other has."""
    counts = Counter(node.name for node in graph.node)
    return [
        node.name if node.name and counts[node.name] == 1 else f"{node.name or node.op_type}_{index}"
        for index, node in enumerate(graph.node)
    ]
