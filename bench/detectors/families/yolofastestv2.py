"""YOLO-FastestV2: two grids of three anchors a cell, which share the class probabilities of the cell."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.candidates import Candidates
from bench.detectors.families import evidence
from bench.detectors.families.arrangements import bind_heads
from bench.detectors.families.base import Preset, Recognition
from bench.detectors.families.centred import corners
from bench.detectors.families.customs import plain_bgr
from bench.detectors.families.grid_anchors import AnchorGrid, check_anchors
from bench.detectors.families.heads import Part
from bench.detectors.families.levels import check_strides, levels_of
from bench.detectors.families.objectness import TOP_PROBABILITY, pick_scores
from bench.detectors.options import Option, read_options
from bench.wire.description import ModelDescription, Suppression
from bench.wire.tensor import TensorSpec

# data/coco.data of github.com/dog-qiuqiu/Yolo-FastestV2: of the strides 16 and 32 at 352 pixels.
_ANCHORS = (
    ((12.64, 19.39), (37.88, 51.48), (55.71, 138.31)),
    ((126.91, 78.23), (131.57, 214.55), (279.92, 258.87)),
)


class Yolofastestv2:
    """Family `yolofastestv2`: for each level (1, rows, columns, 4 a + a + classes): a boxes, a objectnesses
    and the class probabilities of the cell, channels first as well; or one output for each of them.

    Boxes are decoded as those of YOLOv5; the score of a class is objectness times probability.

    Options:
        strides: Input pixels a cell, one for each level.
        anchors: Width and height in input pixels of the anchors of each level.
        activation: `none` where the graph has applied sigmoid and softmax (its ONNX export), `sigmoid` where
            outputs are as the convolutions give them; the classes then get a softmax.
    """

    OPTIONS = (
        Option("strides", (16, 32), "Input pixels a cell, one for each level."),
        Option("anchors", _ANCHORS, "Width and height in pixels of the anchors of each level."),
        Option("activation", "none", "What turns the output into scores.", ("none", "sigmoid")),
    )

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        options = read_options(description.decode, self.OPTIONS)
        check_strides(options["strides"])
        count = check_anchors(options["anchors"], options["strides"])
        is_raw = options["activation"] == "sigmoid"
        sigmoid, softmax = ("sigmoid", "softmax") if is_raw else ("none", "none")
        parts = (
            Part("boxes", 4 * count, ("reg", "box"), sigmoid),
            Part("objectness", count, ("obj",), sigmoid),
            Part("classes", len(description.category_ids), ("cls", "class"), softmax),
        )
        levels = levels_of(description.preprocess, options["strides"])
        self._heads = bind_heads(description.decode, outputs, parts, levels)
        self._cells = np.arange(sum(level.num_cells for level in levels))
        self._count = count
        self._grid = AnchorGrid([replace(level, anchors=count) for level in levels], options["anchors"])
        self._preprocess, self._suppression = description.preprocess, description.suppression

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of YOLO-FastestV2's demos; see `FamilyClass`."""
        return Preset(plain_bgr(width, height, suffix), Suppression(0.01, iou_threshold=0.4))

    @staticmethod
    def recognise(
        inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
    ) -> Recognition | None:
        """Look for 12 + 3 + classes channels on grids of stride 16 and 32; see `FamilyClass`."""
        picture = evidence.picture_of(inputs)
        if picture is None:
            return None
        options = {"activation": "sigmoid" if evidence.is_activated(ops) is False else "none"}
        for beside in (15, 0):
            for count in evidence.class_counts(outputs, beside):
                found = evidence.described("yolofastestv2", picture, suffix, count, options)
                if evidence.fits(Yolofastestv2, found[0], outputs):
                    reason = (
                        f"3 boxes, 3 objectnesses and {count} classes for every cell of the strides 16 and 32"
                    )
                    return evidence.recognised(0.95, reason, found, ("anchors", "activation"), outputs)
        return None

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Decode the boxes of the anchors that score high enough; see `Family`."""
        objectness = self._heads["objectness"].read(outputs, self._cells).reshape(-1)
        rows = np.flatnonzero(objectness >= np.float32(self._suppression.score_threshold / TOP_PROBABILITY))
        probabilities = self._heads["classes"].read(outputs, rows // self._count)
        picks = pick_scores(rows, objectness[rows, None] * probabilities, self._suppression)
        of_cell = self._heads["boxes"].read(outputs, picks.rows // self._count)
        shares = of_cell.reshape(-1, self._count, 4)[np.arange(len(picks.rows)), picks.rows % self._count]
        centred = self._grid.decode(shares, picks.rows)
        return Candidates(corners(centred, False, self._preprocess), picks.scores, picks.classes)
