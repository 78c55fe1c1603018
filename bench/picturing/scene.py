"""Scene: one image with its objects and what two detectors drew on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.metrics.ground_truth import GroundTruth
from bench.metrics.image_changes import overlap_of
from bench.picturing.sides import Side
from bench.picturing.view import View, view_of


@dataclass(frozen=True)
class Scene:
    """One image.

    Attributes:
        box: (g, 4) float64, xywh of its objects, pixels of the original image.
        category: (g,) int64, index into the categories.
        is_target: (g,) bool, no crowd.
        base, variant: what either detector drew; `base_overlap`, `variant_overlap` (k, g) with the objects.
    """

    box: NDArray[np.float64]
    category: NDArray[np.int64]
    is_target: NDArray[np.bool_]
    base: View
    variant: View
    base_overlap: NDArray[np.float64]
    variant_overlap: NDArray[np.float64]


def scene_of(image: int, truth: GroundTruth, base: Side, variant: Side) -> Scene:
    """Return one image, by its index into `GroundTruth.image_ids`."""
    rows = truth.image == image
    box, views = truth.box[rows], (view_of(base, image), view_of(variant, image))
    return Scene(
        box=box,
        category=truth.category[rows].astype(np.int64),
        is_target=~truth.is_crowd[rows],
        base=views[0],
        variant=views[1],
        base_overlap=overlap_of(views[0].box[:, None], box[None]),
        variant_overlap=overlap_of(views[1].box[:, None], box[None]),
    )
