"""One rendered scene with its labels: a pure function of split, index and seed."""

import difflib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.datasets.rendered.camera import expose
from bench.datasets.rendered.layout import Item, draw_canvas, draw_items
from bench.datasets.rendered.outlines import OBJECTS, outline
from bench.datasets.rendered.raster import Stencil, polygon_area, rasterise, transform
from bench.datasets.rendered.textures import background, draw_fill, paint
from bench.errors import DataError

# Version history: 1 draft; 2 roomier scenes to calibrate and evaluate on; 3 to train on, too.
# Raise it whenever any pixel or label changes.
RENDERER_VERSION = 3

# Names of the eight categories in order; the COCO category id is the position plus one.
CLASS_NAMES: tuple[str, ...] = tuple(OBJECTS)

# The splits never share an image: the split's name is part of every image's random key.
SPLITS = ("train", "calibration", "evaluation")

# An object of which less is seen carries no annotation: people would not label it either.
MIN_VISIBLE_FRACTION = 0.25

# A box must be at least this wide and high, in pixels, to be annotated.
_MIN_BOX_SIDE = 6


@dataclass(frozen=True)
class Scene:
    """An image and what can be seen in it.

    Attributes:
        image: (height, width, 3) uint8, RGB.
        boxes: (num_objects, 4) float64, xywh in pixels of this image: the extent of the VISIBLE part, that is
            of the pixels of which the object shows at least half.
        class_ids: (num_objects,) int64, COCO category ids from 1 to 8.
        areas: (num_objects,) float64, width x height of the box in square pixels.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    class_ids: NDArray[np.int64]
    areas: NDArray[np.float64]


def render_scene(split: str, index: int, seed: int = 0) -> Scene:
    """Render image `index` of a split.

    The same arguments always give the same scene, whatever else was rendered, so a smaller split is a prefix
    of a larger one.

    Args:
        split: One of `SPLITS`.
        index: Position in the split, 0 or more.
        seed: Another seed gives another data set.

    Raises:
        DataError: If the split is not known.
    """
    rng = _random_source(split, index, seed)
    width, height = draw_canvas(rng)
    items = draw_items(rng, width, height)
    loops = [transform(outline(item.shape), item.radii, item.angle, item.centre) for item in items]
    stencils = [rasterise(loop, height, width) for loop in loops]
    canvas = background(rng, height, width)
    for stencil in stencils:
        paint(canvas, stencil, draw_fill(rng, canvas[stencil.window]))
    boxes, class_ids = _annotate(items, stencils, [polygon_area(loop) for loop in loops], (height, width))
    return Scene(expose(rng, canvas), boxes, class_ids, boxes[:, 2] * boxes[:, 3])


def _random_source(split: str, index: int, seed: int) -> np.random.Generator:
    if split not in SPLITS:
        nearest = difflib.get_close_matches(split, SPLITS, n=1, cutoff=0.0)[0]
        known = ", ".join(SPLITS)
        raise DataError(
            f"rendered data: no split {split!r}, expected one of {known}; did you mean {nearest!r}?"
        )
    name_key = int.from_bytes(split.encode(), "big")
    return np.random.default_rng(np.random.SeedSequence([seed, name_key, index]))


def _annotate(
    items: list[Item], stencils: list[Stencil], full_areas: list[float], canvas: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Find each object's visible box, from the front of the scene to the back."""
    uncovered = np.ones(canvas, dtype=np.float32)
    labels: list[tuple[tuple[float, ...], int]] = []
    for item, stencil, full_area in reversed(list(zip(items, stencils, full_areas, strict=True))):
        visible = stencil.coverage * uncovered[stencil.window]
        uncovered[stencil.window] *= 1 - stencil.coverage
        if item.shape not in OBJECTS or float(visible.sum()) < MIN_VISIBLE_FRACTION * full_area:
            continue
        box = _visible_box(visible >= 0.5, stencil)
        if min(box[2:]) >= _MIN_BOX_SIDE:
            labels.append((box, CLASS_NAMES.index(item.shape) + 1))
    labels.reverse()
    boxes = np.array([box for box, _ in labels], dtype=np.float64).reshape(-1, 4)
    return boxes, np.array([class_id for _, class_id in labels], dtype=np.int64)


def _visible_box(mask: NDArray[np.bool_], stencil: Stencil) -> tuple[float, float, float, float]:
    """Return xywh, in canvas pixels, of the true pixels of a window's mask; no side if none is true."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return 0.0, 0.0, 0.0, 0.0
    top, left = stencil.window[0].start, stencil.window[1].start
    width, height = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
    return float(left + columns[0]), float(top + rows[0]), float(width), float(height)
