"""Boxes told as shares of a cell and an anchor, as YOLOv5 and its kin do."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.detectors.families.levels import Level, cells
from bench.errors import ModelError


def check_anchors(anchors: Sequence[Sequence[Sequence[float]]], strides: Sequence[int]) -> int:
    """Return the number of anchors of a cell.

    Raises:
        ModelError: There is not one list of pairs above 0, of one length, for each stride.
    """
    try:
        table = np.asarray(anchors, np.float32)
    except (TypeError, ValueError):
        table = np.empty(0, np.float32)
    if table.ndim != 3 or table.shape[0] != len(strides) or table.shape[2] != 2 or not (table > 0).all():
        raise ModelError(
            f"detector.options.anchors: got {list(anchors)!r}, expected for each of the {len(strides)} "
            "strides a list of [width, height] in pixels, as in [[[10, 13], [16, 30]], [[30, 61], [62, 45]]]"
        )
    return int(table.shape[1])


class AnchorGrid:
    """Cell and anchor of every row of a head, in input pixels."""

    def __init__(
        self,
        levels: Sequence[Level],
        anchors: Sequence[Sequence[Sequence[float]]],
        is_anchors_first: bool = False,
    ) -> None:
        """Lay out the rows.

        Args:
            anchors: (levels, anchors of a cell, 2) width and height.
            is_anchors_first: Rows are counted one anchor's cells after the other, not cell by cell.
        """
        strides, places, sizes = [], [], []
        for level, of_level in zip(levels, anchors, strict=True):
            stride, place = cells([level], 0.0)
            repeat = np.tile if is_anchors_first else np.repeat
            index = repeat(np.arange(level.num_cells), level.anchors)
            strides.append(stride[index])
            places.append(place[index])
            size = np.asarray(of_level, np.float32)
            sizes.append(
                np.repeat(size, level.num_cells, 0)
                if is_anchors_first
                else np.tile(size, (level.num_cells, 1))
            )
        self._strides, self._places = np.concatenate(strides)[:, None], np.concatenate(places)
        self._sizes = np.concatenate(sizes)

    def decode(self, shares: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return (n, 4) centre x, centre y, width, height in input pixels, float32.

        `centre = (2 s - 0.5 + column and row) * stride`, `size = (2 s) ** 2 * anchor`, s the sigmoid's value.
        Source: github.com/ultralytics/yolov5, the detection layer since release 2.0.

        Args:
            shares: (n, 4) after the sigmoid.
            rows: (n,) which row of the head each is.
        """
        twice = shares * np.float32(2)
        centres = (twice[:, :2] - np.float32(0.5)) * self._strides[rows] + self._places[rows]
        return np.concatenate([centres, twice[:, 2:] ** 2 * self._sizes[rows]], axis=1)
