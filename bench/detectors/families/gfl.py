"""Anchor-free heads that tell each side of a box as a distribution: NanoDet, PicoDet and their kin."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from numpy.typing import NDArray

from bench.detectors.candidates import Candidates
from bench.detectors.families import evidence
from bench.detectors.families.arrangements import bind_heads
from bench.detectors.families.base import Preset, Recognition
from bench.detectors.families.customs import layout_of
from bench.detectors.families.distribution import boxes_around, expected_distances
from bench.detectors.families.heads import Part
from bench.detectors.families.levels import cells, check_strides, levels_of
from bench.detectors.options import Option, read_options
from bench.detectors.values import Activation
from bench.errors import ModelError
from bench.wire.description import ModelDescription, Preprocess, Suppression
from bench.wire.tensor import TensorSpec

# NanoDet's means and deviations, those of ImageNet in the order blue, green, red.
_IMAGENET_BGR = ((103.53, 116.28, 123.675), (57.375, 57.12, 58.395))

# NanoDet; NanoDet-Plus and PicoDet.
_STRIDES = ((8, 16, 32), (8, 16, 32, 64))

# NanoDet and PicoDet have 7 + 1 bins, GFL itself 16 + 1, PP-YOLOE 16 + 1 as well.
_REG_MAX = (7, 16)


class Gfl:
    """Family `gfl`: `scores` (1, cells, classes) and `distances` (1, cells, 4 * (reg_max + 1)).

    Both may come as one output with the scores first, as one output for each level, or without a batch axis.
    A side's distance from the cell's place is the softmax-weighted mean of its bins, in strides; sides in the
    order left, top, right, bottom. A stride has ceil(size / stride) cells a side.

    Options:
        strides: Input pixels a cell, one for each level.
        reg_max: The last bin; there are reg_max + 1 for each side.
        center: Where in its cell the place lies, in strides from its left and top side.
        activation: `sigmoid` where scores are logits, `none` where the graph has applied it.
    """

    OPTIONS = (
        Option("strides", (8, 16, 32), "Input pixels a cell, one for each level."),
        Option("reg_max", 7, "The last bin of a distance; there are reg_max + 1."),
        Option("center", 0.5, "Where in its cell the place lies, in strides; NanoDet-Plus has 0."),
        Option("activation", "none", "What turns the output into scores.", get_args(Activation)),
    )

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        options = read_options(description.decode, self.OPTIONS)
        check_strides(options["strides"])
        if options["reg_max"] < 1:
            raise ModelError(
                f"detector.options.reg_max: got {options['reg_max']}, expected an integer of 1 or more"
            )
        levels = levels_of(description.preprocess, options["strides"])
        num_classes = len(description.category_ids)
        parts = (
            Part("scores", num_classes, ("score", "cls", "class", "conf"), options["activation"]),
            Part("distances", 4 * (options["reg_max"] + 1), ("box", "dis", "reg", "pred")),
        )
        self._heads = bind_heads(description.decode, outputs, parts, levels)
        self._strides, self._places = cells(levels, options["center"])
        self._suppression = description.suppression

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of NanoDet; see `FamilyClass`."""
        mean, std = _IMAGENET_BGR
        preprocess = Preprocess(width, height, layout_of(suffix), "bgr", "stretch", mean=mean, std=std)
        return Preset(
            preprocess, Suppression(score_threshold=0.01, iou_threshold=0.6), {"strides": [8, 16, 32]}
        )

    @staticmethod
    def recognise(
        inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
    ) -> Recognition | None:
        """Look for scores beside distributions of 8 or 17 bins a side; see `FamilyClass`."""
        picture = evidence.picture_of(inputs)
        if picture is None:
            return None
        is_activated = evidence.is_activated(ops)
        activation = "sigmoid" if is_activated is False else "none"
        for reg_max in _REG_MAX:
            for strides in _STRIDES:
                # PicoDet has as many levels as NanoDet-Plus, but its places in the middle.
                options = {"strides": list(strides), "reg_max": reg_max, "activation": activation}
                options |= {"center": 0.0} if len(strides) == 4 else {}
                for beside in (0, 4 * (reg_max + 1)):
                    for count in evidence.class_counts(outputs, beside):
                        found = evidence.described("gfl", picture, suffix, count, options)
                        if count != 4 * (reg_max + 1) and evidence.fits(Gfl, found[0], outputs):
                            return _recognition(found, outputs, ops)
        return None

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Decode the boxes of the cells that score high enough; see `Family`."""
        picks = self._heads["scores"].pick(outputs, self._suppression)
        distances = expected_distances(self._heads["distances"].read(outputs, picks.rows))
        boxes = boxes_around(self._places[picks.rows], distances, self._strides[picks.rows])
        return Candidates(boxes, picks.scores, picks.classes)


def _recognition(
    found: tuple[ModelDescription, tuple[str, ...]], outputs: Sequence[TensorSpec], ops: Mapping[str, int]
) -> Recognition:
    description, options = found[0], found[0].decode.options
    strides = options["strides"]
    unknown = [] if evidence.is_activated(ops) is not None else ["activation"]
    if len(strides) == 4:
        unknown.append("center (0 as in NanoDet-Plus; PicoDet has 0.5)")
    reason = (
        f"{len(description.category_ids)} class scores and 4 x {options['reg_max'] + 1} bins for every cell "
        f"of the strides {', '.join(map(str, strides))}"
    )
    # A softmax in the graph makes distances of the bins there, and exports of this head are rows first.
    is_usual = evidence.is_rows_first(outputs) and not evidence.is_activated(ops, "softmax")
    return evidence.recognised(0.95 if is_usual else 0.5, reason, found, unknown, outputs)
