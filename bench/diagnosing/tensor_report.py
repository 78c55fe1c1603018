"""TensorReport: what comparing a float and a quantized file layer by layer gave."""

from __future__ import annotations

from dataclasses import dataclass

from bench.diagnosing.signal import SignalFigures


@dataclass(frozen=True)
class LayerSignal:
    """One layer of the float file that has a counterpart in the quantized one.

    Attributes:
        place: in the order in which the layers run.
        inputs: names of the layers that it reads.
    """

    name: str
    op: str
    place: int
    inputs: tuple[str, ...]
    figures: SignalFigures


@dataclass(frozen=True)
class TensorReport:
    """All layers that could be compared.

    Attributes:
        graph: every layer of the float file -> the layers that it reads; `ops`: what it computes.
        num_layers: of the float file, conversions left out; `num_by_name` and `num_by_place` of them have a
            counterpart.
    """

    layers: tuple[LayerSignal, ...]
    graph: dict[str, tuple[str, ...]]
    ops: dict[str, str]
    num_layers: int
    num_by_name: int
    num_by_place: int
    num_images: int
