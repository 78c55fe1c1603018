"""The comparing process: `python -m bench.diagnosing.worker FOLDER`.

Reads `request.json` in the folder, runs a float and a quantized file on the same images layer by layer, and
writes `report.json`, or `error.json`. Both files are only read.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.detectors import decode_photo, resize
from bench.diagnosing.layer_graph import GraphLayer, LayerPairs, followers, pair_layers
from bench.diagnosing.signal import Signal, SignalFigures, by_channel
from bench.diagnosing.tensor_report import LayerSignal, TensorReport
from bench.errors import BenchError, ModelError
from bench.wire.codec import from_json, to_json
from bench.wire.description import Preprocess

REQUEST_NAME, REPORT_NAME, ERROR_NAME = "request.json", "report.json", "error.json"


class Probe(Protocol):
    """A model file whose layers' outputs can be read.

    Attributes:
        channel_axis: of outputs with four axes.
    """

    channel_axis: int
    layers: list[GraphLayer]

    def run(self, pixels: NDArray[np.uint8]) -> None:
        """Run one image."""

    def output(self, name: str) -> NDArray[Any] | None:
        """Return what a layer gave, as reals."""


def main(folder: Path) -> None:
    """Compare the two files of a request."""
    request = json.loads((folder / REQUEST_NAME).read_text(encoding="utf-8"))
    os.dup2(2, 1)
    limit = request["memory_limit_bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    preprocess = from_json(Preprocess, request["preprocess"])
    try:
        floats, quantized = (open_probe(Path(request[key]), preprocess) for key in ("float", "quantized"))
        report = compare(floats, quantized, [Path(path) for path in request["images"]], preprocess)
    except (BenchError, RuntimeError, ValueError, MemoryError) as problem:
        _write(folder / ERROR_NAME, f"{type(problem).__name__}: {problem}")
        return
    _write(folder / REPORT_NAME, to_json(report))


def open_probe(path: Path, preprocess: Preprocess) -> Probe:
    """Open a model file by its suffix.

    Raises:
        ModelError: it is of another kind.
    """
    if path.suffix == ".tflite":
        from bench.diagnosing.probe_litert import LiteRtProbe

        return LiteRtProbe(path, preprocess)
    if path.suffix == ".onnx":
        from bench.diagnosing.probe_onnx import OnnxProbe

        return OnnxProbe(path, preprocess)
    raise ModelError(f"{path}: tensors of .tflite and .onnx files can be compared, not of this one")


def compare(floats: Probe, quantized: Probe, images: Sequence[Path], preprocess: Preprocess) -> TensorReport:
    """Run both files on all images and sum up each pair of layers."""
    pairs = pair_layers(floats.layers, quantized.layers)
    chains = followers(floats.layers, pairs.names)
    signals = {name: {end: Signal() for end in (name, *chains[name])} for name in pairs.names}
    for path in images:
        pixels = resize(decode_photo(path.read_bytes()), preprocess)[0]
        floats.run(pixels)
        quantized.run(pixels)
        for name, other in pairs.names.items():
            coarse = quantized.output(other)
            for end, signal in signals[name].items():
                _add(signal, floats.output(end), coarse, floats.channel_axis)
    return _report(floats.layers, pairs, {name: _likest(ends) for name, ends in signals.items()}, len(images))


def _likest(ends: dict[str, Signal]) -> SignalFigures | None:
    """Return the figures of the layer, or of the fused one behind it, whose output is most alike."""
    known = [found for signal in ends.values() if (found := signal.figures()) is not None]
    return max(known, key=lambda found: found.channel_sqnr_db, default=None)


def _add(signal: Signal, exact: NDArray[Any] | None, coarse: NDArray[Any] | None, axis: int) -> None:
    if exact is None or coarse is None or exact.shape != coarse.shape or not exact.size:
        return
    if np.isfinite(exact).all() and np.isfinite(coarse).all():
        signal.add(by_channel(exact, axis), by_channel(coarse, axis))


def _report(
    layers: Sequence[GraphLayer], pairs: LayerPairs, figures: dict[str, SignalFigures | None], num_images: int
) -> TensorReport:
    known = []
    for place, layer in enumerate(layers):
        found = figures.get(layer.name)
        if found is not None:
            known.append(LayerSignal(layer.name, layer.op, place, layer.inputs, found))
    return TensorReport(
        layers=tuple(known),
        graph={layer.name: layer.inputs for layer in layers},
        ops={layer.name: layer.op for layer in layers},
        num_layers=len(layers),
        num_by_name=pairs.num_by_name,
        num_by_place=pairs.num_by_place,
        num_images=num_images,
    )


def _write(path: Path, value: Any) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value), encoding="utf-8")
    part.rename(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
