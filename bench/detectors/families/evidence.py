"""What a file's inputs, outputs and operators tell of its model, for families that recognise it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench.detectors.families.base import Recognition
from bench.detectors.presets import default_description
from bench.errors import ModelError
from bench.wire.description import Layout, ModelDescription, Preprocess
from bench.wire.tensor import TensorSpec

# Ways to feed pixels, (mean, std) of each channel, that an input's quantization can speak for.
_RANGES = {"0 to 1": (0.0, 255.0), "-1 to 1": (127.5, 127.5), "0 to 255": (0.0, 1.0)}

# How far the range of a quantized input may lie from what its pixels become, as a share of the range.
_RANGE_SLACK = 0.05

# Of an input, pixels. Grids of a damaged file's sizes would fill the memory.
_LARGEST_SIDE = 8192

# What a number of classes other than COCO's takes from the confidence.
_OTHER_COUNT = 0.25

# What axes of unknown length take from it: any number of rows would have fitted.
_OPEN_AXES = 0.4

# No data set in common use names more classes (LVIS has 1,203).
_MOST_CLASSES = 1300


@dataclass(frozen=True)
class Picture:
    """The input that takes the photo. Sides are 0 where the file leaves them open."""

    spec: TensorSpec
    width: int
    height: int
    layout: Layout


def picture_of(inputs: Sequence[TensorSpec]) -> Picture | None:
    """Return the one input of three channels; None where the model takes something else."""
    if len(inputs) != 1:
        return None
    spec = inputs[0]
    shape = spec.shape[1:] if len(spec.shape) == 4 and spec.shape[0] in (-1, 1) else spec.shape
    if len(shape) != 3:
        return None
    if max(shape) > _LARGEST_SIDE:
        return None
    sides = [max(size, 0) for size in shape]
    if shape[2] == 3:
        return Picture(spec, sides[1], sides[0], "nhwc")
    if shape[0] == 3:
        return Picture(spec, sides[2], sides[1], "nchw")
    return None


def described(
    family: str, picture: Picture, suffix: str, num_classes: int = 0, options: dict[str, Any] | None = None
) -> tuple[ModelDescription, tuple[str, ...]]:
    """Return a family's customary description fitted to the input, and what of it is not certain.

    Layout and size are the input's own. Mean and standard deviation are customary unless the input's
    quantization speaks for another range of values.
    """
    preset = default_description(family, picture.width, picture.height, num_classes, suffix, options)
    preprocess, is_certain = _fitted(replace(preset.preprocess, layout=picture.layout), picture.spec)
    unknown = ["color order", "resize"] if is_certain else ["color order", "resize", "mean and std"]
    if not picture.width or not picture.height:
        unknown.insert(0, "input size")
    if num_classes not in (0, 80, 90):
        unknown.append(f"category ids (1 to {num_classes} assumed)")
    return replace(preset, preprocess=preprocess), tuple(unknown)


def _fitted(preprocess: Preprocess, spec: TensorSpec) -> tuple[Preprocess, bool]:
    """Fit mean and std to an integer input; say whether its quantization speaks for them."""
    if np.dtype(spec.dtype).kind not in "iu":
        return preprocess, False
    if not spec.is_quantized:
        return replace(preprocess, mean=(0.0,) * 3, std=(1.0,) * 3), True
    limits = np.iinfo(spec.dtype)
    ends = tuple(spec.scale * (limit - spec.zero_point) for limit in (limits.min, limits.max))
    customary = zip(preprocess.mean, preprocess.std, strict=True)
    is_symmetric = limits.min < 0 and spec.zero_point == 0
    if _spans(ends, customary, is_symmetric):
        return preprocess, True
    for mean, std in _RANGES.values():
        if _spans(ends, [(mean, std)], is_symmetric):
            return replace(preprocess, mean=(mean,) * 3, std=(std,) * 3), True
    return preprocess, False


def _spans(ends: tuple[float, ...], channels: Iterable[tuple[float, float]], is_symmetric: bool) -> bool:
    """Say whether a range of real values is that of pixels of 0 to 255 after normalising."""
    channels = list(channels)
    low = min((0 - mean) / std for mean, std in channels)
    high = max((255 - mean) / std for mean, std in channels)
    if is_symmetric:
        # Such a range was chosen for its larger end alone (16-bit activations, symmetric 8-bit ones).
        high = max(-low, high)
        low = -high
    slack = _RANGE_SLACK * (high - low)
    return abs(ends[0] - low) <= slack and abs(ends[1] - high) <= slack


def fits(
    family: Callable[[ModelDescription, Sequence[TensorSpec]], object],
    description: ModelDescription,
    outputs: Sequence[TensorSpec],
) -> bool:
    """Say whether a family can bind these outputs with this description, and leaves none over."""
    if not binds(family, description, outputs):
        return False
    others = ([*outputs[:i], *outputs[i + 1 :]] for i in range(len(outputs)))
    return not any(binds(family, description, fewer) for fewer in others)


def binds(
    family: Callable[[ModelDescription, Sequence[TensorSpec]], object],
    description: ModelDescription,
    outputs: Sequence[TensorSpec],
) -> bool:
    """Say whether a family can bind these outputs with this description."""
    try:
        family(description, outputs)
    except ModelError:
        return False
    return True


def class_counts(outputs: Sequence[TensorSpec], beside: int, anchors: int = 1) -> Iterator[int]:
    """Yield the numbers of classes that channels of the outputs leave, those of COCO first.

    Args:
        beside: Channels of a row that are no classes.
        anchors: Rows that may lie side by side in the channels of a cell.
    """
    counts = {
        size // among - beside
        for spec in outputs
        for size in spec.shape
        for among in {1, anchors}
        if size > 0 and size % among == 0
    }
    yield from sorted((n for n in counts if 1 <= n <= _MOST_CLASSES), key=lambda n: (n not in (80, 90), n))


def is_activated(ops: Mapping[str, int], kind: str = "sigmoid") -> bool | None:
    """Say whether scores have been through a sigmoid or softmax in the graph; None where it is open.

    A network may use the sigmoid inside (SiLU), and then its presence says nothing of the scores.
    """
    names = {"sigmoid": ("sigmoid", "logistic"), "softmax": ("softmax",)}[kind]
    found = sum(count for op, count in ops.items() if op.lower().replace("_", "") in names)
    if not ops:
        return None
    return None if kind == "sigmoid" and found > _FEW_SIGMOIDS else found > 0


# As many outputs as a head of five levels can have; a network with SiLU has dozens.
_FEW_SIGMOIDS = 10


def is_rows_first(outputs: Sequence[TensorSpec]) -> bool:
    """Say whether a single output of three axes has its rows before its channels; true for others."""
    shape = [size for size in outputs[0].shape if size != 1]
    return len(outputs) != 1 or len(shape) != 2 or shape[0] > shape[1]


def recognised(
    confidence: float,
    reason: str,
    found: tuple[ModelDescription, tuple[str, ...]],
    unknown: Iterable[str] = (),
    outputs: Sequence[TensorSpec] = (),
) -> Recognition:
    """Put a recognition together from a description and what is uncertain of it.

    Nearly any number of channels can be read as some number of classes, so numbers other than COCO's make a
    recognition less certain.

    Args:
        outputs: Whose lengths spoke for the family.
    """
    if any(-1 in spec.shape[1:] for spec in outputs):
        confidence -= _OPEN_AXES
    if len(found[0].category_ids) not in (80, 90):
        confidence -= _OTHER_COUNT
    return Recognition(round(max(confidence, 0.1), 2), reason, found[0], (*found[1], *unknown))
