"""The grids of cells that a head predicts on: one level a stride, finest first, cells row by row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.errors import ModelError
from bench.wire.description import Preprocess


@dataclass(frozen=True)
class Level:
    """One grid.

    Attributes:
        stride: input pixels a cell.
        height, width: in cells.
        anchors: rows that a cell gives.
    """

    stride: int
    height: int
    width: int
    anchors: int = 1

    @property
    def num_cells(self) -> int:
        return self.height * self.width

    @property
    def num_rows(self) -> int:
        return self.num_cells * self.anchors


def levels_of(
    preprocess: Preprocess, strides: Sequence[int], anchors: Sequence[int] = ()
) -> tuple[Level, ...]:
    """Return the levels of an input: ceil(size / stride) cells a side.

    Args:
        anchors: For each level; one where left out.
    """
    return tuple(
        Level(stride, -(-preprocess.height // stride), -(-preprocess.width // stride), count)
        for stride, count in zip(strides, anchors or [1] * len(strides), strict=True)
    )


def check_strides(strides: Sequence[int]) -> None:
    """Check the option `strides`.

    Raises:
        ModelError: There are none, or one is no whole number of 1 or more.
    """
    if not strides or not all(type(stride) is int and stride > 0 for stride in strides):
        raise ModelError(
            f"detector.options.strides: got {strides!r}, expected integers of 1 or more, as in [8, 16]"
        )


def cells(levels: Sequence[Level], centre: float = 0.5) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return stride (cells,) and place (cells, 2) xy of every cell, float32, input pixels.

    Args:
        centre: Where in its cell the place lies, in strides from its left and top side.
    """
    of_levels, places = [], []
    for level in levels:
        y, x = np.mgrid[: level.height, : level.width]
        places.append((np.stack([x.ravel(), y.ravel()], axis=1) + centre) * level.stride)
        of_levels.append(np.full(level.num_cells, level.stride))
    return np.concatenate(of_levels).astype(np.float32), np.concatenate(places).astype(np.float32)
