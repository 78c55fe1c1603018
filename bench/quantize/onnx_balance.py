"""Cross-layer equalisation of a float ONNX file, with proof that its outputs stayed.

What one convolution's output channel is multiplied with, the input channels of all that read it are divided
by. Weights that several nodes share are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.recipe import Granularity
from bench.errors import UnavailableError
from bench.quantize.balance import SWEEPS, TINY, Array, channel_factors, most_raised, raised_reach
from bench.quantize.onnx_channels import Network, Pair
from bench.quantize.onnx_integer import prepare
from bench.quantize.pixels import inputs_one_by_one
from bench.wire.description import Preprocess

# Largest difference of an output on calibration images, as a share of its largest value.
TOLERANCE = 1e-3


def equalise_onnx(
    source: Path, target: Path, pixels: NDArray[np.uint8], preprocess: Preprocess, granularity: Granularity
) -> tuple[str, ...]:
    """Write a balanced copy of a float ONNX file, batch normalisation folded; return what was done.

    Args:
        pixels: (n, h, w, 3) uint8 calibration images, which show how far each channel reaches.

    Raises:
        UnavailableError: no convolution can be balanced, or an output changed.
    """
    import onnx

    network = Network(onnx.load(str(prepare(source, target.parent))))
    pairs = list(network.pairs())
    if not pairs:
        raise UnavailableError("equalize changes nothing here: no layer is read by convolutions alone")
    watched = [pair.between for pair in pairs]
    reaches = [raised_reach(reach) for reach in _reaches(network.model, watched, pixels, preprocess)]
    left = [most_raised(network.output_magnitudes(pair.first)) for pair in pairs]
    for _ in range(SWEEPS):
        for place, pair in enumerate(pairs):
            found = _factors(network, pair, reaches[place], granularity)
            factors = np.asarray(np.minimum(found, left[place]), np.float32)
            network.scale(pair, factors)
            reaches[place] = np.asarray(reaches[place] * factors, np.float32)
            left[place] = np.asarray(left[place] / factors, np.float32)
    network.save(target)
    difference = _largest_difference(source, target, pixels, preprocess)
    if not difference <= TOLERANCE:
        raise UnavailableError(
            f"equalised, the float model's outputs differ by {difference:.2g} of their range on calibration "
            f"images, allowed is {TOLERANCE:g}; so the file would not be the same network"
        )
    note = (
        f"channels of {len(pairs)} layers equalised; float outputs differ by {difference:.1g} of their range"
    )
    return (note,)


def _factors(network: Network, pair: Pair, reach: Array, granularity: Granularity) -> Array:
    read = [
        network.input_magnitudes(second)
        for second in pair.seconds
        if granularity == "per_tensor" or not network.is_depthwise(second)
    ]
    first = reach if granularity == "per_channel" else network.output_magnitudes(pair.first)
    return channel_factors(reach, first, read, pair.limit)


def _runs(
    model: bytes, names: list[str] | None, pixels: NDArray[np.uint8], preprocess: Preprocess
) -> Iterator[list[NDArray[Any]]]:
    """Yield a model's outputs for one image after the other."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name
    for value in inputs_one_by_one(pixels, preprocess):
        yield session.run(names, {entry: value})


def _reaches(source: Any, names: list[str], pixels: NDArray[np.uint8], preprocess: Preprocess) -> list[Array]:
    """Return the largest magnitude of each channel, (channels,), of inner values."""
    import onnx

    watched = onnx.ModelProto()
    watched.CopyFrom(source)
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in dict.fromkeys(names))
    largest: list[Array] = []
    for values in _runs(watched.SerializeToString(), names, pixels, preprocess):
        found = [np.abs(value).max((0, *range(2, value.ndim))) for value in values]
        largest = [np.maximum(a, b) for a, b in zip(largest or found, found, strict=True)]
    return largest


def _largest_difference(
    source: Path, target: Path, pixels: NDArray[np.uint8], preprocess: Preprocess
) -> float:
    """Return how far two files' outputs differ at most, as a share of the largest value of each output."""
    both = (_runs(path.read_bytes(), None, pixels, preprocess) for path in (source, target))
    differences: dict[int, float] = {}
    ranges: dict[int, float] = {}
    for before, after in zip(*both, strict=True):
        for place, (first, second) in enumerate(zip(before, after, strict=True)):
            gap = float(np.abs(first - second).max(initial=0.0))
            differences[place] = max(differences.get(place, 0.0), gap)
            ranges[place] = max(ranges.get(place, TINY), float(np.abs(first).max(initial=0.0)))
    return max(differences[place] / ranges[place] for place in differences)
