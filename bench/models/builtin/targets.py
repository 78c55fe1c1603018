"""Which cell of the prediction grid answers for which object, in numpy; `loss` compares with predictions."""

import numpy as np
from numpy.typing import NDArray

from bench.models.builtin.description import GRID, INPUT_SIZE, NUM_CELLS, STRIDE

# Cells within this many strides of a box's centre answer for it, if they lie inside the box.
# Source: Tian et al., FCOS (TPAMI 2020), centre sampling.
_CENTRE_RADIUS = 1.5

# Class column of a cell that answers for nothing.
BACKGROUND = -1.0


def cell_centres() -> NDArray[np.float32]:
    """Return the (num_cells, 2) centres, (x, y) in input pixels, row by row."""
    along = (np.arange(GRID, dtype=np.float32) + 0.5) * STRIDE
    x, y = np.meshgrid(along, along)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def make_targets(
    boxes: NDArray[np.floating], classes: NDArray[np.integer], image_size: tuple[int, int]
) -> NDArray[np.float32]:
    """Assign the objects of one image to cells.

    A cell answers for an object if its centre lies in the box and near the box's centre; where several
    objects claim it, the smallest wins. An object that holds no cell centre gets the cell nearest to its own.

    Args:
        boxes: (num_objects, 4) xywh, pixels of the original image.
        classes: (num_objects,) class positions from 0 (COCO category id minus 1).
        image_size: (width, height) of the original image, which was stretched to the square input.

    Returns:
        (num_cells, 5) float32: class position or -1, then left, top, right, bottom distances from the cell's
        centre in strides. A distance is negative where a small box does not reach the centre.
    """
    targets = np.zeros((NUM_CELLS, 5), dtype=np.float32)
    targets[:, 0] = BACKGROUND
    corners = _to_input_corners(boxes, image_size)
    areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    centres = cell_centres()
    # Large objects first, so that smaller ones overwrite them.
    for index in np.argsort(-areas, kind="stable"):
        cells = _answering_cells(corners[index], centres)
        targets[cells, 0] = classes[index]
        targets[cells, 1:3] = (centres[cells] - corners[index, :2]) / STRIDE
        targets[cells, 3:5] = (corners[index, 2:] - centres[cells]) / STRIDE
    return targets


def _to_input_corners(boxes: NDArray[np.floating], image_size: tuple[int, int]) -> NDArray[np.float64]:
    """Turn xywh of the original image into xyxy of the input."""
    scale = INPUT_SIZE / np.array(image_size, dtype=np.float64)
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    return np.concatenate([boxes[:, :2] * scale, (boxes[:, :2] + boxes[:, 2:]) * scale], axis=1)


def _answering_cells(corners: NDArray[np.float64], centres: NDArray[np.float32]) -> NDArray[np.intp]:
    middle = (corners[:2] + corners[2:]) / 2
    offset = np.abs(centres - middle)
    near = (offset < _CENTRE_RADIUS * STRIDE).all(axis=1)
    inside = (centres > corners[:2]).all(axis=1) & (centres < corners[2:]).all(axis=1)
    cells = np.flatnonzero(near & inside)
    return cells if cells.size else np.array([int(np.argmin((offset**2).sum(axis=1)))])
