"""Outputs that join boxes and scores in one tensor: an integer file has one scale for both, and loses one.

No error is raised by anybody when that happens; accuracy falls to nothing. What the parts reach is measured
on the float model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.quantize.layers import KeptLayers
from bench.quantize.pixels import normalise
from bench.wire.description import Preprocess

# Of the 255 steps of an 8-bit grid, a part of its own would have all. Average precision ranks by small
# differences of scores, so fewer than a third are worth a word.
_STEPS = 255
_FEW_STEPS = 85

# Operators that move values without computing.
_MOVING = {"Concat", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"}


def shared_scale_notes(
    source: Path, pixels: NDArray[np.uint8], preprocess: Preprocess, kept: KeptLayers
) -> tuple[str, ...]:
    """Warn of outputs whose joined parts have very different ranges, with the layers to keep in float.

    Args:
        source: the float file.
        pixels: (h, w, 3) uint8, one calibration image.
        kept: layers that the recipe leaves in float already; what they join is not warned of.
    """
    import onnx

    graph = onnx.load(str(source)).graph
    makers = {name: node for node in graph.node for name in node.output}
    notes = []
    for output in graph.output:
        tail = list(_tail(output.name, makers))
        joins = [node for node in tail if node.op_type == "Concat"]
        if not joins or {node.name for node in joins} <= set(kept.in_float):
            continue
        parts = {name for node in joins for name in node.input if name in makers}
        reaches = _reaches(source, sorted(parts), pixels, preprocess)
        lowest, highest = min(reaches, default=1.0), max(reaches, default=1.0)
        steps = int(_STEPS * lowest / highest) if highest > 0 else _STEPS
        if steps < _FEW_STEPS:
            names = ", ".join(node.name for node in tail)
            notes.append(
                f"output {output.name} joins values up to {lowest:.3g} with values up to {highest:.3g} under "
                f"one scale, which leaves {steps} of {_STEPS} steps for the smaller ones; if accuracy falls, "
                f"a cure to try is keep_float: [{names}]"
            )
    return tuple(notes)


def _tail(name: str, makers: dict[str, Any]) -> Iterator[Any]:
    """Yield the nodes before an output that only move values, the last one first, each once."""
    waiting, seen = [name], set()
    while waiting:
        node = makers.get(waiting.pop(0))
        if node is None or node.op_type not in _MOVING or node.name in seen:
            continue
        seen.add(node.name)
        yield node
        waiting += node.input if node.op_type == "Concat" else node.input[:1]


def _reaches(
    source: Path, names: list[str], pixels: NDArray[np.uint8], preprocess: Preprocess
) -> list[float]:
    """Return the largest magnitude of inner values of the float model for one image."""
    import onnx
    import onnxruntime

    model = onnx.load(str(source))
    known = {output.name for output in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "watched.onnx"
        onnx.save(model, str(path))
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0].name
        values = session.run(names, {entry: normalise(pixels[None], preprocess)})
    return [float(np.abs(value).max(initial=0.0)) for value in values]
