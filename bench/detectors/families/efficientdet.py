"""Raw EfficientDet heads, of the Lite models above all: RetinaNet anchors on levels 3 to 7."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from bench.detectors.candidates import Candidates
from bench.detectors.families import evidence
from bench.detectors.families.anchors import check_pyramid, decode_boxes, pyramid_anchors
from bench.detectors.families.arrangements import bind_heads
from bench.detectors.families.base import Preset, Recognition
from bench.detectors.families.heads import Part
from bench.detectors.families.levels import check_strides, levels_of
from bench.detectors.options import Option, read_options
from bench.detectors.values import Activation
from bench.wire.description import ModelDescription, Preprocess, Suppression
from bench.wire.tensor import TensorSpec

# Input sides of Lite0 to Lite2, whose smallest anchor is 3 strides wide; it is 4 in Lite3 and Lite4.
_SMALL_LITE = (320, 384, 448)


class Efficientdet:
    """Family `efficientdet`: `scores` (1, anchors, classes) and `boxes` (1, anchors, 4), or one a level.

    Boxes are told relative to anchors as y, x, height, width. Anchors as in github.com/google/automl
    (efficientdet/tf2/anchors.py): the cells divide the input evenly, sizes come before ratios.

    Options:
        strides: Input pixels a cell, one for each level.
        anchor_scale: Side of the smallest anchor in strides: 3 in Lite0 to Lite2, 4 in the others.
        num_scales: Sizes an octave, for each ratio.
        aspect_ratios: Width over height.
        activation: `sigmoid` where scores are logits, `none` where the graph has applied it.
        box_scales: What encoded y, x, height and width are divided by.
    """

    OPTIONS = (
        Option("strides", (8, 16, 32, 64, 128), "Input pixels a cell, one for each level."),
        Option("anchor_scale", 4.0, "Side of the smallest anchor in strides."),
        Option("num_scales", 3, "Sizes of anchors an octave, for each ratio."),
        Option("aspect_ratios", (1.0, 2.0, 0.5), "Width over height of the anchors, in their order."),
        Option("activation", "sigmoid", "What turns the output into scores.", get_args(Activation)),
        Option("box_scales", (1.0, 1.0, 1.0, 1.0), "What encoded y, x, height and width are divided by."),
    )

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        options = read_options(description.decode, self.OPTIONS)
        check_strides(options["strides"])
        check_pyramid(options)
        shapes = [
            (options["anchor_scale"] * 2 ** (i / options["num_scales"]), ratio)
            for i in range(options["num_scales"])
            for ratio in options["aspect_ratios"]
        ]
        preprocess = description.preprocess
        levels = levels_of(preprocess, options["strides"], [len(shapes)] * len(options["strides"]))
        parts = (
            Part("scores", len(description.category_ids), ("score", "class", "cls"), options["activation"]),
            Part("boxes", 4, ("box", "loc", "reg")),
        )
        self._heads = bind_heads(description.decode, outputs, parts, levels)
        self._anchors = pyramid_anchors(preprocess, levels, shapes, is_even=True)
        self._box_scales = np.array(options["box_scales"], np.float32)
        self._suppression = description.suppression

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of EfficientDet-Lite; see `FamilyClass`."""
        preprocess = Preprocess(
            width, height, resize="letterbox_top_left", pad_value=127, mean=(127.0,) * 3, std=(128.0,) * 3
        )
        scale = 3.0 if (width, height) in {(side, side) for side in _SMALL_LITE} else 4.0
        return Preset(preprocess, Suppression(iou_threshold=0.5), {"anchor_scale": scale}, num_classes=90)

    @staticmethod
    def recognise(
        inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
    ) -> Recognition | None:
        """Look for boxes and scores of nine anchors a cell on levels 3 to 7; see `FamilyClass`."""
        picture = evidence.picture_of(inputs)
        if picture is None:
            return None
        options = {"activation": "none" if evidence.is_activated(ops) else "sigmoid"}
        for count in evidence.class_counts(outputs, 0, 9):
            found = evidence.described("efficientdet", picture, suffix, count, options)
            if count != 4 and evidence.fits(Efficientdet, found[0], outputs):
                reason = f"boxes and {count} class scores for nine anchors a cell on levels 3 to 7"
                unknown = ("anchor scale", "activation")
                return evidence.recognised(0.95, reason, found, unknown, outputs)
        return None

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Decode the boxes of the anchors that score high enough; see `Family`."""
        picks = self._heads["scores"].pick(outputs, self._suppression)
        encoded = self._heads["boxes"].read(outputs, picks.rows)
        boxes = decode_boxes(encoded, self._anchors[picks.rows], self._box_scales)
        return Candidates(boxes, picks.scores, picks.classes)
