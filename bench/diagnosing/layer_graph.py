"""LayerGraph: the layers of a model file in the order in which they run, conversions left out.

A layer is called as `bench.quantize.layers` calls it, so that a recipe's patterns fit. Which layers of a
float and a quantized file are the same is found by the names of layers and tensors, and else by place.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# Operators of one large input that quantizers fold into the layer before.
_FUSED = (
    "Add",
    "Mul",
    "Sub",
    "Div",
    "BatchNormalization",
    "Relu",
    "Clip",
    "LeakyRelu",
    "HardSigmoid",
    "Sigmoid",
)


@dataclass(frozen=True)
class GraphLayer:
    """One layer.

    Attributes:
        tensor: name of its first output.
        shape: of that output, as far as it is known.
        inputs: names of the layers that it reads; conversions between floats and integers are seen through.
    """

    name: str
    op: str
    tensor: str
    shape: tuple[int, ...]
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class LayerPairs:
    """Which layers of two graphs are the same: float layer name -> quantized layer name.

    Attributes:
        num_by_name, num_by_place: how they were found.
    """

    names: dict[str, str]
    num_by_name: int
    num_by_place: int


def pair_layers(floats: Sequence[GraphLayer], quantized: Sequence[GraphLayer]) -> LayerPairs:
    """Pair the layers of a float graph with those of its quantized build.

    A pair by place has the same operator and shape, and stands in the longest common run of such layers.
    """
    by_tensor = {layer.tensor: layer for layer in quantized}
    by_name = {layer.name: layer for layer in quantized}
    found: dict[str, str] = {}
    for layer in floats:
        other = by_tensor.get(layer.tensor) or by_name.get(layer.name)
        if other is not None and other.op == layer.op:
            found[layer.name] = other.name
    num_by_name, taken = len(found), set(found.values())
    rest = [layer for layer in floats if layer.name not in found]
    others = [layer for layer in quantized if layer.name not in taken]
    found.update(_by_place(rest, others))
    return LayerPairs(found, num_by_name, len(found) - num_by_name)


def _by_place(floats: Sequence[GraphLayer], quantized: Sequence[GraphLayer]) -> dict[str, str]:
    first, second = ([(layer.op, layer.shape) for layer in layers] for layers in (floats, quantized))
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    return {
        floats[block.a + i].name: quantized[block.b + i].name for block in blocks for i in range(block.size)
    }


def followers(layers: Sequence[GraphLayer], paired: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return, for each paired layer, the unpaired layers behind it that a quantizer may have fused into it.

    Normalisation and activation disappear in a quantized graph: its convolution then gives what the last of
    them gave in float, under the name of the first.
    """
    readers: dict[str, list[GraphLayer]] = {}
    for layer in layers:
        for name in layer.inputs:
            readers.setdefault(name, []).append(layer)
    chains = {}
    for name in paired:
        chain: list[str] = []
        behind = readers.get(name, [])
        while len(behind) == 1 and behind[0].op in _FUSED and behind[0].name not in paired:
            chain.append(behind[0].name)
            behind = readers.get(behind[0].name, [])
        chains[name] = tuple(chain)
    return chains
