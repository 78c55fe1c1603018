"""YOLOX: boxes told relative to their cell, an objectness and class probabilities, without anchors."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from bench.detectors.candidates import Candidates
from bench.detectors.families import evidence
from bench.detectors.families.arrangements import bind_heads
from bench.detectors.families.base import Preset, Recognition
from bench.detectors.families.centred import corners
from bench.detectors.families.customs import layout_of
from bench.detectors.families.heads import Part
from bench.detectors.families.levels import cells, check_strides, levels_of
from bench.detectors.families.objectness import pick_products
from bench.detectors.options import Option, read_options
from bench.detectors.values import Activation
from bench.wire.description import ModelDescription, Preprocess, Suppression
from bench.wire.tensor import TensorSpec

# exp of more is no side of a box any more but overflows float32 when it is squared to an area.
_TOP_LOGARITHM = 20.0


class Yolox:
    """Family `yolox`: `predictions` (1, cells, 5 + classes): box, objectness, classes.

    The score of a class is objectness times its probability. A box of the raw head is decoded by
    `centre = (xy + column and row) * stride`, `size = exp(wh) * stride` (Ge et al., YOLOX, arXiv 2107.08430,
    section 2.1, and its exported demos). The three quantities may be outputs of their own (`boxes`,
    `objectness`, `classes`), each may be one output a level.

    Options:
        strides: Input pixels a cell, one for each level.
        decoded: The graph has decoded the boxes to centre and size in input pixels.
        activation: `none` where objectness and classes are probabilities already, `sigmoid` for logits.
    """

    OPTIONS = (
        Option("strides", (8, 16, 32), "Input pixels a cell, one for each level."),
        Option("decoded", False, "The graph itself turns raw outputs into boxes."),
        Option("activation", "none", "What turns the output into scores.", get_args(Activation)),
    )

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        options = read_options(description.decode, self.OPTIONS)
        check_strides(options["strides"])
        levels = levels_of(description.preprocess, options["strides"])
        parts = (
            Part("boxes", 4, ("box", "reg", "loc")),
            Part("objectness", 1, ("obj",), options["activation"]),
            Part("classes", len(description.category_ids), ("cls", "class", "score"), options["activation"]),
        )
        self._heads = bind_heads(description.decode, outputs, parts, levels)
        self._strides, self._places = cells(levels, 0.0)
        self._is_decoded: bool = options["decoded"]
        self._preprocess, self._suppression = description.preprocess, description.suppression

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of the YOLOX demos: blue first, pixels of 0 to 255; see `FamilyClass`."""
        preprocess = Preprocess(
            width, height, layout_of(suffix), "bgr", "letterbox_top_left", std=(1.0, 1.0, 1.0)
        )
        return Preset(preprocess, Suppression(iou_threshold=0.65), {"decoded": False})

    @staticmethod
    def recognise(
        inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
    ) -> Recognition | None:
        """Look for 5 + classes channels for every cell of the strides 8, 16 and 32; see `FamilyClass`."""
        picture = evidence.picture_of(inputs)
        if picture is None:
            return None
        # A graph that decodes its boxes has an exponential, and nothing else in it does.
        options = {"decoded": "exp" in {op.lower() for op in ops}}
        for beside in (5, 0):
            for count in evidence.class_counts(outputs, beside):
                found = evidence.described("yolox", picture, suffix, count, options)
                if evidence.fits(Yolox, found[0], outputs):
                    confidence = 0.95 if evidence.is_rows_first(outputs) else 0.5
                    reason = f"box, objectness and {count} classes for every cell of the strides 8, 16, 32"
                    return evidence.recognised(confidence, reason, found, ("activation",), outputs)
        return None

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Decode the boxes of the cells that score high enough; see `Family`."""
        heads = self._heads
        picks = pick_products(heads["objectness"], heads["classes"], outputs, self._suppression)
        centred = heads["boxes"].read(outputs, picks.rows)
        if not self._is_decoded:
            strides = self._strides[picks.rows, None]
            centred[:, :2] = centred[:, :2] * strides + self._places[picks.rows]
            centred[:, 2:] = np.exp(np.minimum(centred[:, 2:], np.float32(_TOP_LOGARITHM))) * strides
        return Candidates(corners(centred, False, self._preprocess), picks.scores, picks.classes)
