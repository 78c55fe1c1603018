"""Raw SSD heads: boxes encoded relative to anchors, and class scores with a background class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.binding import bind, has_shape
from bench.detectors.candidates import Candidates
from bench.detectors.families import evidence
from bench.detectors.families.anchors import (
    check_numbers,
    check_pyramid,
    check_shapes,
    decode_boxes,
    pyramid_anchors,
    ssd_anchors,
    ssd_shapes,
)
from bench.detectors.families.arrangements import bind_heads
from bench.detectors.families.base import Preset, Recognition
from bench.detectors.families.customs import minus_one_to_one
from bench.detectors.families.heads import Head, Part
from bench.detectors.families.levels import Level, check_strides, levels_of
from bench.detectors.options import Option, read_options
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression
from bench.wire.tensor import TensorSpec

# SSD MobileNet; SSD MobileNet with a feature pyramid (levels 3 to 7).
_STRIDES = {"ssd": [16, 32, 64, 128, 256, 512], "pyramid": [8, 16, 32, 64, 128]}
_RATIOS = {"ssd": [1.0, 2.0, 0.5, 3.0, 1 / 3], "pyramid": [1.0, 2.0, 0.5]}


class Ssd:
    """Family `ssd`: `boxes` (1, anchors, 4) and `scores` (1, anchors, background + classes), or one a level.

    Covers SSD and SSDLite MobileNets of the TensorFlow Object Detection API without its post-processing, with
    either of its anchor generators, and heads whose anchors come with the model or the description.

    Options:
        anchors: `ssd` or `pyramid` to generate them, `output` where the model emits them (role `anchors`,
            (anchors, 4) centre y, centre x, height, width in fractions of the input).
        strides: Input pixels a cell, one for each level; those of MobileNets where left out.
        aspect_ratios: Width over height, in the order of the anchors of a cell.
        scale_range: `ssd` anchors: the least and the highest scale, in fractions of the input.
        reduce_first_level: `ssd` anchors: the first level has three anchors a cell.
        anchor_shapes: `ssd` anchors that are none of these: for each level the [scale, width over height] of
            the anchors of a cell, in their order, scales in fractions of the input.
        anchor_scale: `pyramid` anchors: side of the smallest one in strides.
        num_scales: `pyramid` anchors: sizes an octave, for each ratio.
        box_scales: What encoded y, x, height and width are divided by (the reciprocals of "variances").
        box_order: Whether encoded boxes and given anchors have y or x first.
        background: Whether the scores have a background class, before or after the others.
        activation: `sigmoid` or `softmax` where scores are logits, `none` where the graph has applied it.
    """

    OPTIONS = (
        Option("anchors", "ssd", "Where anchors are from.", ("ssd", "pyramid", "output")),
        Option("strides", (), "Input pixels a cell, one for each level."),
        Option("aspect_ratios", (), "Width over height of the anchors of a cell, in their order."),
        Option("scale_range", (0.2, 0.95), "Least and highest scale of ssd anchors, fractions of the input."),
        Option("reduce_first_level", True, "The first level of ssd anchors has three of them a cell."),
        Option("anchor_shapes", (), "Scale and width over height of each ssd anchor of each level."),
        Option("anchor_scale", 4.0, "Side of the smallest pyramid anchor in strides."),
        Option("num_scales", 2, "Sizes of pyramid anchors an octave, for each ratio."),
        Option("box_scales", (10.0, 10.0, 5.0, 5.0), "What encoded y, x, height and width are divided by."),
        Option("box_order", "yx", "Whether boxes have x or y first.", ("xy", "yx")),
        Option("background", "first", "Where the scores have a background class.", ("first", "last", "none")),
        Option("activation", "sigmoid", "What turns the output into scores.", ("none", "sigmoid", "softmax")),
    )

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        options = read_options(description.decode, self.OPTIONS)
        _check(options)
        num_classes = len(description.category_ids)
        self._scores, self._boxes, self._anchors = _bind(description, outputs, options)
        first = 1 if options["background"] == "first" else 0
        self._counted = slice(first, first + num_classes)
        self._box_scales = np.array(options["box_scales"], np.float32)
        self._is_x_first = options["box_order"] == "xy"
        self._preprocess, self._suppression = description.preprocess, description.suppression

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of the TensorFlow Object Detection API; see `FamilyClass`."""
        return Preset(minus_one_to_one(width, height), Suppression(iou_threshold=0.6), num_classes=90)

    @staticmethod
    def recognise(
        inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
    ) -> Recognition | None:
        """Look for boxes and scores of as many rows as SSD has anchors; see `FamilyClass`."""
        picture = evidence.picture_of(inputs)
        if picture is None:
            return None
        if evidence.is_activated(ops, "softmax"):
            activation = "none"
        else:
            activation = "none" if evidence.is_activated(ops) else "sigmoid"
        for anchors in ("ssd", "pyramid"):
            for count in evidence.class_counts(outputs, 1, 6):
                options = {"anchors": anchors, "activation": activation}
                found = evidence.described("ssd", picture, suffix, count, options)
                if evidence.fits(Ssd, found[0], outputs):
                    return _recognition(found, anchors, outputs)
        return None

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Decode the boxes of the anchors that score high enough; see `Family`."""
        picks = self._scores.pick(outputs, self._suppression, self._counted)
        encoded = self._boxes.read(outputs, picks.rows)
        if self._is_x_first:
            encoded = encoded[:, [1, 0, 3, 2]]
        anchors = self._anchors_of(outputs, picks.rows)
        return Candidates(decode_boxes(encoded, anchors, self._box_scales), picks.scores, picks.classes)

    def _anchors_of(self, outputs: Sequence[NDArray[Any]], rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the anchors of some rows, y first, input pixels."""
        if not isinstance(self._anchors, Head):
            return self._anchors[rows]
        anchors = self._anchors.read(outputs, rows)
        if self._is_x_first:
            anchors = anchors[:, [1, 0, 3, 2]]
        return anchors * np.array([self._preprocess.height, self._preprocess.width] * 2, np.float32)


def _check(options: Mapping[str, Any]) -> None:
    """Check lists of numbers."""
    if options["strides"]:
        check_strides(options["strides"])
    check_pyramid(options)
    check_numbers(options, "scale_range", 2)


def _bind(
    description: ModelDescription, outputs: Sequence[TensorSpec], options: Mapping[str, Any]
) -> tuple[Head, Head, NDArray[np.float32] | Head]:
    """Return the heads of scores and boxes, and the anchors, in pixels or as a head."""
    num_columns = len(description.category_ids) + (options["background"] != "none")
    parts = (
        Part("scores", num_columns, ("score", "class", "cls", "conf"), options["activation"]),
        Part("boxes", 4, ("box", "loc", "reg")),
    )
    if options["anchors"] == "output":
        return _bind_with_anchors(description.decode, outputs, parts)
    preprocess = description.preprocess
    if options["anchors"] == "ssd":
        levels, shapes = _ssd_levels(preprocess, options)
        heads = bind_heads(description.decode, outputs, parts, levels)
        return heads["scores"], heads["boxes"], ssd_anchors(preprocess, levels, shapes)
    levels, sizes = _pyramid_levels(preprocess, options)
    heads = bind_heads(description.decode, outputs, parts, levels)
    return heads["scores"], heads["boxes"], pyramid_anchors(preprocess, levels, sizes, is_even=False)


def _ssd_levels(
    preprocess: Preprocess, options: Mapping[str, Any]
) -> tuple[tuple[Level, ...], list[list[tuple[float, float]]]]:
    """Return the levels, and the shapes of their anchors."""
    strides, ratios = options["strides"] or _STRIDES["ssd"], options["aspect_ratios"] or _RATIOS["ssd"]
    shapes = ssd_shapes(len(strides), options["scale_range"], ratios, options["reduce_first_level"])
    if options["anchor_shapes"]:
        shapes = options["anchor_shapes"]
        check_shapes(shapes, len(strides))
    return levels_of(preprocess, strides, [len(of_cell) for of_cell in shapes]), shapes


def _pyramid_levels(
    preprocess: Preprocess, options: Mapping[str, Any]
) -> tuple[tuple[Level, ...], list[tuple[float, float]]]:
    """Return the levels, and the shapes that the anchors of all of them have."""
    strides = options["strides"] or _STRIDES["pyramid"]
    octaves = [2 ** (i / options["num_scales"]) for i in range(options["num_scales"])]
    # The API's generator counts the sizes of one ratio first.
    ratios = options["aspect_ratios"] or _RATIOS["pyramid"]
    sizes = [(options["anchor_scale"] * octave, ratio) for ratio in ratios for octave in octaves]
    return levels_of(preprocess, strides, [len(sizes)] * len(strides)), sizes


def _bind_with_anchors(
    decode: Decode, outputs: Sequence[TensorSpec], parts: Sequence[Part]
) -> tuple[Head, Head, Head]:
    """Find scores, boxes and anchors in outputs of as many rows as the scores have."""
    scores, boxes = parts
    named = {role: lambda spec, words=words: any(word in spec.name.lower() for word in words)
             for role, words in {"anchors": ("anchor", "prior"), "boxes": boxes.words}.items()}  # fmt: skip
    is_box = has_shape(-1, 4)
    rules = {
        "scores": (has_shape(-1, scores.channels),),
        "anchors": (lambda spec: is_box(spec) and named["anchors"](spec),),
        "boxes": (lambda spec: is_box(spec) and named["boxes"](spec) and not named["anchors"](spec),),
    }
    bound = bind(decode, outputs, rules)
    rows = outputs[bound["scores"]].shape[-2]
    level = (Level(1, 1, rows),)
    heads = [
        bind_heads(Decode(decode.family, {part.role: outputs[bound[part.role]].name}), outputs, [part], level)
        for part in (scores, boxes, Part("anchors", 4))
    ]
    return heads[0]["scores"], heads[1]["boxes"], heads[2]["anchors"]


def _recognition(
    found: tuple[ModelDescription, tuple[str, ...]], anchors: str, outputs: Sequence[TensorSpec]
) -> Recognition:
    kind = (
        "the anchors of an SSD MobileNet"
        if anchors == "ssd"
        else "two sizes of three ratios on levels 3 to 7"
    )
    reason = f"boxes and 1 + {len(found[0].category_ids)} class scores for {kind}"
    unknown = ("anchor scales and ratios", "background class (first assumed)", "activation")
    return evidence.recognised(0.9, reason, found, unknown, outputs)
