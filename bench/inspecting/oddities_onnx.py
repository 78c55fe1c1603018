"""What is odd about an ONNX graph in particular: the age of its format, and how its output is quantized."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.core.record import Advice
from bench.inspecting.oddities import holds_both, shared_scale
from bench.quantize.onnx_graph import OnnxGraph, spec_of

# The opset from which QuantizeLinear and DequantizeLinear know an axis (ONNX operators' changelog).
PER_CHANNEL_OPSET = 13

# What moves values without changing them.
_LAYOUT = ("Transpose", "Reshape", "Identity", "Squeeze", "Unsqueeze", "Flatten")


def find_onnx_oddities(path: Path) -> tuple[Advice, ...]:
    """Return what an engineer should know of an .onnx file before relying on it."""
    import onnx

    model = onnx.load_model(path, load_external_data=False)
    graph = OnnxGraph(model.graph)
    opset = max((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), default=0)
    return (*_constant_inputs(graph), *_per_channel(graph, opset), *_shared_output(graph))


def _constant_inputs(graph: OnnxGraph) -> Iterator[Advice]:
    count = sum(value.name in graph.constants for value in graph.graph.input)
    if count:
        yield Advice(
            "constant_inputs",
            f"{count} weights are listed as inputs of the graph too, as exporters did before ONNX IR 4",
            "nothing to do here; some tools take them for inputs to feed, and cannot fold them",
        )


def _per_channel(graph: OnnxGraph, opset: int) -> Iterator[Advice]:
    nodes = [node for node in graph.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    count = sum(graph.scales(node).size > 1 for node in nodes)
    if count and opset < PER_CHANNEL_OPSET:
        yield Advice(
            "per_channel_opset",
            f"quantizing nodes with a scale per channel, {count} of them, which opset {opset} does not know",
            f"raise the opset to {PER_CHANNEL_OPSET} (onnx.version_converter), or quantize per tensor",
        )


def _shared_output(graph: OnnxGraph) -> Iterator[Advice]:
    """Say where the only output was quantized as a whole right before the end."""
    if len(graph.graph.output) != 1 or not holds_both(spec_of(graph.graph.output[0])):
        return
    maker = _maker_of_values(graph, graph.graph.output[0].name)
    if maker is not None and maker.op_type == "DequantizeLinear":
        scales = graph.scales(maker)
        if scales.size == 1 and scales[0] > 0:
            yield shared_scale(graph.graph.output[0].name, float(scales[0]))


def _maker_of_values(graph: OnnxGraph, name: str) -> Any:
    """Return the node that made the values of a tensor, past those that only move them."""
    maker = graph.makers.get(name)
    for _ in range(len(graph.graph.node)):
        if maker is None or maker.op_type not in _LAYOUT or not maker.input:
            break
        maker = graph.makers.get(maker.input[0])
    return maker
