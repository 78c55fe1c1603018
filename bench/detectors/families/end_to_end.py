"""Models that suppress in their graph and give a short list of boxes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.binding import describe
from bench.detectors.candidates import Candidates
from bench.detectors.families import evidence
from bench.detectors.families.base import Preset, Recognition
from bench.detectors.families.customs import letterboxed
from bench.detectors.families.listed import Rows, Selected, Separate, check_columns
from bench.detectors.options import Option, read_options
from bench.errors import ModelError
from bench.wire.description import ModelDescription, Suppression
from bench.wire.tensor import TensorSpec

_FORMS: dict[str, tuple[type[Rows] | type[Selected] | type[Separate], float]] = {
    "rows of box, score and class": (Rows, 0.9),
    "indices of an ONNX NonMaxSuppression beside boxes and scores": (Selected, 0.95),
    "boxes, scores and classes of a list": (Separate, 0.8),
}


class EndToEnd:
    """Family `end_to_end`: boxes that the graph has suppressed, in one of three forms.

    - `rows` (1, n, columns): box, score and class side by side;
    - `boxes` (1, n, 4), `scores` (1, n), `classes` (1, n), and `num` (1,), the number of those that count,
      where there is such an output;
    - `selected` (n, 3), what ONNX's NonMaxSuppression gives (photo, class, box), beside all `boxes` (1, m, 4)
      and `scores` (1, classes, m).

    Rows of padding, with a score of 0 or less or a negative class, are dropped.

    Options:
        box_format: Corners, corner and size, or centre and size.
        box_order: Whether the horizontal or the vertical coordinate is first.
        normalized: Boxes are fractions of the input, not input pixels.
        class_offset: Added to a class of the graph to get the position in `category_ids`.
        columns: What the columns of a row are, a box being four: of `box`, `score`, `class`, `batch`, `skip`.
    """

    OPTIONS = (
        Option(
            "box_format", "xyxy", "Corners, corner and size, or centre and size.", ("xyxy", "xywh", "cxcywh")
        ),
        Option("box_order", "xy", "Whether boxes have x or y first.", ("xy", "yx")),
        Option("normalized", False, "Boxes are fractions of the input, not pixels."),
        Option("class_offset", 0, "Added to a class of the graph; -1 where it counts from 1."),
        Option("columns", (), "Columns of a row in their order; a box is four of them."),
    )

    def __init__(self, description: ModelDescription, outputs: Sequence[TensorSpec]) -> None:
        self._options = read_options(description.decode, self.OPTIONS)
        columns = self._options["columns"]
        check_columns(columns)
        forms = [form for form, _ in _FORMS.values() if form.fits(description, outputs, columns)]
        if not forms:
            raise ModelError(
                f"family 'end_to_end' expects an output of rows [1, n, 6], or boxes [1, n, 4], scores and "
                f"classes [1, n], but the model has {describe(outputs)}; check family, or say the columns in "
                "detector.options.columns"
            )
        self._form = forms[0](description, outputs, columns)
        self._num_classes = len(description.category_ids)
        self._preprocess, self._suppression = description.preprocess, description.suppression

    @staticmethod
    def preset(width: int, height: int, suffix: str) -> Preset:
        """Return the customs of Ultralytics' exports with NMS; see `FamilyClass`."""
        options = {"normalized": suffix == ".tflite"}
        return Preset(letterboxed(width, height, suffix), Suppression(in_graph=True), options)

    @staticmethod
    def recognise(
        inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
    ) -> Recognition | None:
        """Look for a short list of boxes, scores and classes; see `FamilyClass`."""
        picture = evidence.picture_of(inputs)
        if picture is None:
            return None
        unknown = ("class count", "class offset", "box format, order and units")
        for reason, (form, confidence) in _FORMS.items():
            # Only the scores beside an operator's indices tell a number of classes.
            for count in evidence.class_counts(outputs, 0) if form is Selected else (0,):
                found = evidence.described("end_to_end", picture, suffix, count)
                if form.fits(found[0], outputs, ()):
                    return evidence.recognised(confidence, reason, found, unknown)
        return None

    def candidates(self, outputs: Sequence[NDArray[Any]]) -> Candidates:
        """Read the boxes that are no padding and score high enough; see `Family`."""
        boxes, scores, classes = self._form.read(outputs)
        is_counted = (scores > 0) & (classes >= 0) & (scores >= np.float32(self._suppression.score_threshold))
        rows = np.flatnonzero(is_counted)
        rows = rows[np.argsort(-scores[rows], kind="stable")]
        kept = classes[rows] + self._options["class_offset"]
        self._check_classes(kept)
        return Candidates(self._corners(boxes[rows]), scores[rows], kept)

    def _corners(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn (n, 4) boxes of the described format into xyxy, input pixels."""
        if self._options["box_order"] == "yx":
            boxes = boxes[:, [1, 0, 3, 2]]
        first, second = boxes[:, :2], boxes[:, 2:]
        if self._options["box_format"] == "xywh":
            second = first + second
        elif self._options["box_format"] == "cxcywh":
            half = second / np.float32(2)
            first, second = first - half, first + half
        size = [self._preprocess.width, self._preprocess.height] if self._options["normalized"] else [1, 1]
        return np.concatenate([first, second], axis=1) * np.array(size * 2, np.float32)

    def _check_classes(self, classes: NDArray[np.intp]) -> None:
        wrong = classes[(classes < 0) | (classes >= self._num_classes)]
        if len(wrong):
            offset = self._options["class_offset"]
            raise ModelError(
                f"the graph gave class {wrong[0] - offset}, but {self._num_classes} category ids with "
                f"class_offset {offset} cover classes {-offset} to {self._num_classes - 1 - offset}; correct "
                "detector.labels or detector.options.class_offset"
            )
