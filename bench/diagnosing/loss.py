"""Where the signal is lost: the first layers from which on it stays lost up to an output.

A layer is lost below `LOST_DB`. Of the lost ones those count from which a path of lost layers leads to an end
of the graph (what a residual path puts right again is no cause, and a pair that was none shows itself), and
of these the ones that read nothing lost: the first drop, not the lowest figure, since all behind it are low.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.diagnosing.tensor_report import LayerSignal, TensorReport

# Signal over noise of the median channel below which little is left: healthy 8-bit detectors kept 16 dB or
# more in every layer, builds that had lost half of their AP fell below 5 dB (measured on the built-in one).
LOST_DB = 10.0

# A fall from input to output that one layer has to answer for; what is less came bit by bit.
BIG_DROP_DB = 6.0


@dataclass(frozen=True)
class Lost:
    """One layer at which the signal is lost.

    Attributes:
        before_db: channel SQNR of its worst input that could be compared; None where it reads the image.
    """

    layer: LayerSignal
    before_db: float | None

    @property
    def is_sudden(self) -> bool:
        """Whether this layer lost it, and not all layers before it a little each."""
        return self.before_db is None or self.before_db - self.layer.figures.channel_sqnr_db >= BIG_DROP_DB


def find_losses(report: TensorReport) -> tuple[Lost, ...]:
    """Return the first layers at which the signal is lost, in the order in which they run."""
    known = {layer.name: layer for layer in report.layers}
    readers: dict[str, list[str]] = {}
    for name in known:
        for source in _sources(report, known, name):
            readers.setdefault(source, []).append(name)
    lasting: set[str] = set()
    for layer in reversed(report.layers):
        behind = readers.get(layer.name, [])
        if _is_lost(layer) and (not behind or any(name in lasting for name in behind)):
            lasting.add(layer.name)
    found = []
    for layer in report.layers:
        sources = [known[name] for name in _sources(report, known, layer.name)]
        if layer.name in lasting and not any(source.name in lasting for source in sources):
            before = min((source.figures.channel_sqnr_db for source in sources), default=None)
            found.append(Lost(layer, before))
    return tuple(found)


def layers_behind(report: TensorReport, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return some layers and all that follow from them, in the order in which they run."""
    chosen = set(names)
    for name, sources in report.graph.items():
        if any(source in chosen for source in sources):
            chosen.add(name)
    return tuple(name for name in report.graph if name in chosen)


def layers_before(report: TensorReport, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return some layers and all that lead to them, in the order in which they run."""
    chosen, waiting = set(names), list(names)
    while waiting:
        news = [source for source in report.graph.get(waiting.pop(), ()) if source not in chosen]
        chosen.update(news)
        waiting.extend(news)
    return tuple(name for name in report.graph if name in chosen)


def layers_behind_convolutions(report: TensorReport, losses: Sequence[Lost]) -> tuple[str, ...]:
    """Return what lies between the last convolutions and the outputs that losses lead to: a detector's head.

    Empty where a convolution is itself among the lost layers, or behind them.
    """
    behind = layers_behind(report, tuple(lost.layer.name for lost in losses))
    if any(is_convolution(report, name) for name in behind):
        return ()
    chosen, waiting = set(behind), list(behind)
    while waiting:
        for source in report.graph[waiting.pop()]:
            if source not in chosen and not is_convolution(report, source):
                chosen.add(source)
                waiting.append(source)
    return tuple(name for name in report.graph if name in chosen)


def is_convolution(report: TensorReport, name: str) -> bool:
    """Whether a layer convolves, in either format."""
    return "CONV" in report.ops.get(name, "").upper()


def _is_lost(layer: LayerSignal) -> bool:
    return layer.figures.channel_sqnr_db < LOST_DB


def _sources(report: TensorReport, known: dict[str, LayerSignal], name: str) -> tuple[str, ...]:
    """Return the nearest layers before one that could be compared."""
    found: dict[str, None] = {}
    waiting, seen = list(report.graph[name]), {name}
    while waiting:
        source = waiting.pop()
        if source in seen:
            continue
        seen.add(source)
        if source in known:
            found[source] = None
        else:
            waiting.extend(report.graph.get(source, ()))
    return tuple(found)
