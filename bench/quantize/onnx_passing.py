"""Whether any channels of a float ONNX file could be balanced, told from its graph alone, without running it.

Whatever preparing for a quantizer may fold away counts as passable, so that a "no" is sure and a "yes" is
not: the last word has `bench.quantize.onnx_balance`, which prepares the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

# Channels pass through these one by one, or the operator is folded into its neighbour or dropped.
_PASSED = frozenset(
    {"Relu", "LeakyRelu", "PRelu", "Clip", "MaxPool", "AveragePool", "GlobalAveragePool", "Resize"}
    | {"Upsample", "Identity", "BatchNormalization", "Dropout", "Cast", "Pad"}
)

# f(a x) is not a f(x) for these, and no preparation removes them.
_STOPS = frozenset(
    {"Sigmoid", "HardSigmoid", "HardSwish", "Mish", "Gelu", "Tanh", "Softplus", "Softsign", "Elu", "Selu"}
    | {"Celu", "Exp", "Softmax", "LogSoftmax"}
)

# These stop channels where they join two computed values; with a constant they may be folded.
_JOINS = frozenset({"Add", "Sub", "Mul", "Div", "Concat", "MatMul", "Max", "Min", "Sum", "Pow"})

# Their bodies read values that the graph's own nodes do not show.
_WITH_BODY = frozenset({"If", "Loop", "Scan"})


def may_be_balanced(path: Path) -> bool:
    """Return False where no convolution's channels are read by convolutions alone, whatever is folded."""
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    nodes = list(model.graph.node)
    is_opaque = any(node.domain not in ("", "ai.onnx") or node.op_type in _WITH_BODY for node in nodes)
    if is_opaque or model.functions:
        return True
    passing = _passing(model.graph)
    return any(passing.get(node.output[0], True) for node in nodes if node.op_type == "Conv")


def _passing(graph: Any) -> dict[str, bool]:
    """Tell of each computed value whether its channels can only end in convolutions."""
    constants, ends = _constants(graph), {output.name for output in graph.output}
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    passing: dict[str, bool] = {}
    # A file lists its nodes in the order in which they can run, so that readers come first here.
    for node in reversed(graph.node):
        for name in node.output:
            read = readers.get(name, [])
            ends_well = all(_takes(reader, constants, passing) for reader in read)
            passing[name] = bool(read) and name not in ends and ends_well
    return passing


def _takes(reader: Any, constants: set[str], passing: dict[str, bool]) -> bool:
    """Whether a node may take a value's channels up, as a convolution or on the way to one."""
    if reader.op_type in _STOPS:
        return False
    if reader.op_type in _JOINS:
        return sum(name not in constants for name in reader.input if name) < 2
    return passing.get(reader.output[0], True) if reader.op_type in _PASSED else True


def _constants(graph: Any) -> set[str]:
    """Return the names of all values that do not depend on the photo."""
    found = {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        # Shapes are fixed before a file is quantized.
        if node.op_type in ("Shape", "Size") or all(name in found for name in node.input if name):
            found.update(node.output)
    return found
