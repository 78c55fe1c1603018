"""Which layers a cure keeps: a joining layer's end of the graph, what lost the signal, where weights lie."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bench.diagnosing.loss import Lost, is_convolution, layers_behind
from bench.diagnosing.tensor_report import TensorReport

# A head is small; keeping more layers than this in float gives up what quantizing is for.
MOST_KEPT = 24

# A tensor whose whole is this much better than its channels is ruled by a few of them.
RULED_DB = 10.0

# Operators that compute nothing new but bring values together.
_JOINS = ("CONCAT", "PACK", "STACK")

# Operators with a kernel, in both formats.
_WEIGHTED = ("CONV", "FULLY_CONNECTED", "MATMUL", "GEMM")


def names_of(losses: Sequence[Lost]) -> tuple[str, ...]:
    """Return the names of the lost layers."""
    return tuple(lost.layer.name for lost in losses)


def lost_layers(report: TensorReport, losses: Sequence[Lost]) -> tuple[tuple[str, ...], bool]:
    """Return the lost layers with all that follows, or alone where that is much; and whether it follows."""
    names = names_of(losses)
    head = layers_behind(report, names)
    return (head, len(head) > len(names)) if len(head) <= MOST_KEPT else (names, False)


def shared_scales(report: TensorReport, losses: Sequence[Lost]) -> tuple[str, ...]:
    """Return the joining layers at or behind a loss in which a few channels set the scale of all others.

    Those near the outputs alone, behind which nothing convolves, where there are any.
    """
    behind = layers_behind(report, names_of(losses))
    found = tuple(
        layer.name
        for layer in report.layers
        if layer.name in behind
        and layer.op.upper().startswith(_JOINS)
        and layer.figures.sqnr_db - layer.figures.channel_sqnr_db >= RULED_DB
    )
    return tuple(name for name in found if not has_convolution(report, (name,))) or found


def joined_layers(report: TensorReport, joins: Sequence[str], losses: Sequence[Lost]) -> tuple[str, ...]:
    """Return joining layers, what leads a loss into them, and what follows them up to the outputs.

    What leads into them reaches back to the last convolutions, since a format may give what a join reads the
    join's own scale. What follows is left out where it convolves: that is no head.
    """
    follows = () if has_convolution(report, joins) else layers_behind(report, tuple(joins))
    lossy = set(layers_behind(report, names_of(losses)))
    chosen, waiting = {*joins, *follows}, list(joins)
    while waiting:
        for source in report.graph[waiting.pop()]:
            if source in lossy and source not in chosen and not is_convolution(report, source):
                chosen.add(source)
                waiting.append(source)
    return _in_order(report, chosen)


def has_convolution(report: TensorReport, names: Sequence[str]) -> bool:
    """Whether a convolution follows some layers."""
    behind = layers_behind(report, tuple(names))
    return any(is_convolution(report, name) for name in behind if name not in names)


def weighted_layers(report: TensorReport, names: Collection[str]) -> tuple[str, ...]:
    """Return the nearest layers with a kernel, at or before each of some layers.

    Where weights alone are quantized, a layer without a kernel loses what these have lost.
    """
    chosen, waiting, seen = set(), list(names), set(names)
    while waiting:
        name = waiting.pop()
        if any(word in report.ops.get(name, "").upper() for word in _WEIGHTED):
            chosen.add(name)
            continue
        news = [source for source in report.graph.get(name, ()) if source not in seen]
        seen.update(news)
        waiting.extend(news)
    return _in_order(report, chosen)


def _in_order(report: TensorReport, names: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in report.graph if name in names)
