"""Anchor boxes of SSD and RetinaNet heads, and boxes encoded relative to them.

Anchors are (rows, 4) float32 centre y, centre x, height, width in input pixels: level by level, cells row by
row, the anchors of a cell in succession.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.families.levels import Level
from bench.errors import ModelError
from bench.wire.description import Preprocess

# exp of more is no box any more but overflows float32 when it is squared to an area.
_TOP_LOGARITHM = 20.0


def decode_boxes(
    encoded: NDArray[np.float32], anchors: NDArray[np.float32], scales: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return (rows, 4) xyxy, float32 input pixels.

    With `e = encoded / scale`: `centre = e * side of the anchor + its centre`, `side = exp(e) * its side`.

    Source: Ren et al., Faster R-CNN, arXiv 1506.01497, equation 2; the scales are those of the TensorFlow
    Object Detection API's box coder (reciprocals of the variances in Caffe's SSD).

    Args:
        encoded: (rows, 4) y, x, height, width.
        anchors: (rows, 4) of the same rows.
        scales: (4,) float32, of y, x, height and width.
    """
    encoded = encoded / scales
    sides = np.exp(np.minimum(encoded[:, 2:], np.float32(_TOP_LOGARITHM))) * anchors[:, 2:]
    centres = encoded[:, :2] * anchors[:, 2:] + anchors[:, :2]
    half = sides / np.float32(2)
    return np.concatenate([(centres - half)[:, ::-1], (centres + half)[:, ::-1]], axis=1)


def ssd_shapes(
    num_layers: int, scale_range: Sequence[float], aspect_ratios: Sequence[float], has_smaller_first: bool
) -> list[list[tuple[float, float]]]:
    """Return the anchors of a cell in each layer as (scale, aspect ratio), scales in fractions of the input.

    Scales run evenly over their range. Each layer has one anchor for each ratio, and a square one of
    the geometric mean with the next layer's scale. The first layer may have three anchors only.

    Source: `ssd_anchor_generator` of the TensorFlow Object Detection API, with its default of 1.0 for the
    interpolated scale's ratio; Liu et al., SSD, arXiv 1512.02325, equation 4.
    """
    scales = [*np.linspace(scale_range[0], scale_range[1], num_layers).tolist(), 1.0]
    layers = [
        [*((scale, ratio) for ratio in aspect_ratios), (math.sqrt(scale * following), 1.0)]
        for scale, following in zip(scales[:-1], scales[1:], strict=True)
    ]
    if has_smaller_first:
        layers[0] = [(0.1, 1.0), (scales[0], 2.0), (scales[0], 0.5)]
    return layers


def check_pyramid(options: Mapping[str, Any]) -> None:
    """Check the options that anchors of a pyramid need.

    Raises:
        ModelError: One of them cannot be meant.
    """
    if options["num_scales"] < 1:
        raise ModelError(
            f"detector.options.num_scales: got {options['num_scales']}, expected an integer of 1 or more"
        )
    if options["anchor_scale"] <= 0:
        raise ModelError(
            f"detector.options.anchor_scale: got {options['anchor_scale']}, expected a number above 0"
        )
    check_numbers(options, "box_scales", 4)
    check_numbers(options, "aspect_ratios")


def check_numbers(options: Mapping[str, Any], name: str, count: int = 0) -> None:
    """Check an option that is a list of numbers above 0, of any length with count 0.

    Raises:
        ModelError: It is none.
    """
    given = options[name]
    if (count and len(given) != count) or not all(_is_positive(value) for value in given):
        raise ModelError(
            f"detector.options.{name}: got {given!r}, expected {count or 'a list of'} numbers above 0"
        )


def check_shapes(shapes: Any, num_levels: int) -> None:
    """Check the option `anchor_shapes`.

    Raises:
        ModelError: It is not one list of pairs above 0 for each level.
    """
    is_right = len(shapes) == num_levels and all(
        isinstance(of_cell, (list, tuple)) and of_cell and all(_is_pair(shape) for shape in of_cell)
        for of_cell in shapes
    )
    if not is_right:
        raise ModelError(
            f"detector.options.anchor_shapes: got {shapes!r}, expected for each of {num_levels} levels a "
            "list of [scale, width over height], as in [[[0.1, 1], [0.2, 2]], [[0.35, 1]]] for two"
        )


def _is_pair(shape: Any) -> bool:
    return isinstance(shape, (list, tuple)) and len(shape) == 2 and all(map(_is_positive, shape))


def _is_positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def ssd_anchors(
    preprocess: Preprocess, levels: Sequence[Level], shapes: Sequence[Sequence[tuple[float, float]]]
) -> NDArray[np.float32]:
    """Return the anchors of an SSD head; its cells divide the input evenly.

    Scales are fractions of the shorter side of the input, `height = scale / sqrt(ratio)`,
    `width = scale * sqrt(ratio)`.
    """
    side = min(preprocess.width, preprocess.height)
    parts = []
    for level, of_cell in zip(levels, shapes, strict=True):
        strides = (preprocess.height / level.height, preprocess.width / level.width)
        sizes = [(side * s / math.sqrt(ratio), side * s * math.sqrt(ratio)) for s, ratio in of_cell]
        parts.append(_tiled(level, strides, (0.5, 0.5), sizes))
    return np.concatenate(parts)


def pyramid_anchors(
    preprocess: Preprocess, levels: Sequence[Level], shapes: Sequence[tuple[float, float]], is_even: bool
) -> NDArray[np.float32]:
    """Return the anchors of a RetinaNet head (Lin et al., arXiv 1708.02002, section 4).

    Args:
        shapes: The anchors of a cell as (size in strides, aspect ratio).
        is_even: The cells divide the input evenly even where their number is rounded up (EfficientDet). If
            not, they keep their stride, and start at the border where the input is no multiple of it
            (`multiscale_anchor_generator` of the TensorFlow Object Detection API).
    """
    parts = []
    for level in levels:
        strides, offsets = (float(level.stride),) * 2, (0.5, 0.5)
        if is_even:
            strides = (preprocess.height / level.height, preprocess.width / level.width)
        else:
            sides = (preprocess.height, preprocess.width)
            offsets = tuple(0.0 if side % level.stride else 0.5 for side in sides)  # type: ignore[assignment]
        sizes = [
            (size * strides[0] / math.sqrt(ratio), size * strides[1] * math.sqrt(ratio))
            for size, ratio in shapes
        ]
        parts.append(_tiled(level, strides, offsets, sizes))
    return np.concatenate(parts)


def _tiled(
    level: Level,
    strides: tuple[float, float],
    offsets: tuple[float, float],
    sizes: Sequence[tuple[float, float]],
) -> NDArray[np.float32]:
    """Put anchors of these heights and widths into every cell."""
    y, x = np.mgrid[: level.height, : level.width]
    places = np.stack([(y.ravel() + offsets[0]) * strides[0], (x.ravel() + offsets[1]) * strides[1]], axis=1)
    tiled = np.empty((level.num_cells, len(sizes), 4))
    tiled[:, :, :2] = places[:, None]
    tiled[:, :, 2:] = sizes
    return tiled.reshape(-1, 4).astype(np.float32)
