"""Output tensors of dense heads as tables of rows and channels, however a converter laid them out.

A row is one anchor of one cell. Tables are views: nothing is copied, dequantized or compared here.

Axis letters: h, w cells of a level; a anchors of a cell; c channels of a row; r = h * w * a rows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from bench.detectors.binding import has_shape
from bench.detectors.families.levels import Level
from bench.errors import ModelError
from bench.wire.tensor import TensorSpec

# The order in which rows are counted: the anchors of one cell in succession, or one anchor's cells.
CELLS_FIRST, ANCHORS_FIRST = "hwac", "ahwc"


@dataclass(frozen=True)
class Table:
    """Some rows of one output tensor: row i of the table is row `start + step * i` of the head.

    Attributes:
        position: of the output among the model's outputs.
        sizes: the tensor's axes, split so that each of `axes` is one of them.
        axes: places among them of the axes anchor, row and channel; anchor -1 where rows hold all anchors.
        anchor: which anchor this table is of; 0 where rows hold all anchors.
        num_rows: of this table.
    """

    position: int
    sizes: tuple[int, ...]
    axes: tuple[int, int, int]
    anchor: int
    start: int
    step: int
    num_rows: int

    def view(self, outputs: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return (rows, channels) of one photo's raw outputs, without a copy.

        Raises:
            ModelError: The output does not have the size that it was bound with.
        """
        raw = outputs[self.position]
        if raw.size != math.prod(self.sizes):
            raise ModelError(
                f"output {self.position} has shape {list(raw.shape)}, expected {math.prod(self.sizes)} "
                f"values ({' x '.join(map(str, self.sizes))}); does the file fit the described input size?"
            )
        of_anchor, of_row, of_channel = self.axes
        split = raw.reshape(self.sizes)
        if of_anchor < 0:
            return split.transpose(of_row, of_channel)
        table: NDArray[Any] = split.transpose(of_anchor, of_row, of_channel)[self.anchor]
        return table


def whole_tables(spec: TensorSpec, position: int, num_rows: int, channels: int) -> tuple[Table, ...] | None:
    """Read an output as all rows of a head in their counted order; None where its shape forbids it."""
    if not _may_hold(spec, num_rows * channels):
        return None
    if any(has_shape(*shape)(spec) for shape in ((num_rows, channels), (num_rows, 1, channels))):
        return (Table(position, (num_rows, channels), (-1, 0, 1), 0, 0, 1, num_rows),)
    if any(has_shape(*shape)(spec) for shape in ((channels, num_rows), (channels, num_rows, 1))):
        return (Table(position, (channels, num_rows), (-1, 1, 0), 0, 0, 1, num_rows),)
    return None


def level_tables(
    spec: TensorSpec, position: int, level: Level, channels: int, order: str, first_row: int
) -> tuple[Table, ...] | None:
    """Read an output as one level of a head; None where its shape forbids it.

    Args:
        order: How rows are counted, `CELLS_FIRST` or `ANCHORS_FIRST`; matters with several anchors alone.
        first_row: Of the level, among all rows of the head.
    """
    whole = whole_tables(spec, position, level.num_rows, channels)
    if whole:
        return (_moved(whole[0], first_row),)
    axes = _level_axes(spec, level, channels) if _may_hold(spec, level.num_rows * channels) else None
    if axes is None:
        return None
    sizes = {"a": level.anchors, "r": level.num_cells, "c": channels}
    places = (axes.index("a"), axes.index("r"), axes.index("c"))
    is_cells_first = order == CELLS_FIRST
    return tuple(
        Table(
            position, tuple(sizes[axis] for axis in axes), places, anchor,
            first_row + anchor * (1 if is_cells_first else level.num_cells),
            level.anchors if is_cells_first else 1,
            level.num_cells,
        )
        for anchor in range(level.anchors)
    )  # fmt: skip


def _may_hold(spec: TensorSpec, count: int) -> bool:
    """Say whether a tensor can have so many values; most of the shapes asked for fail here already."""
    return -1 in spec.shape or math.prod(spec.shape) == count


def _moved(table: Table, first_row: int) -> Table:
    return Table(table.position, table.sizes, table.axes, 0, first_row, 1, table.num_rows)


def _level_axes(spec: TensorSpec, level: Level, channels: int) -> str | None:
    """Return the order of anchors, cells (r) and channels in a tensor of one level."""
    h, w, a, c = level.height, level.width, level.anchors, channels
    known = {
        "rac": ((h, w, a * c), (h, w, a, c), (h * w, a * c)),
        "acr": ((a * c, h, w), (a, c, h, w), (a * c, h * w)),
        "arc": ((a, h, w, c), (a, h * w, c)),
    }
    for axes, shapes in known.items():
        if any(has_shape(*shape)(spec) for shape in shapes):
            return axes
    return None
