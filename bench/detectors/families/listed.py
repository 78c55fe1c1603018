"""The forms in which a graph that suppresses gives its boxes: rows, separate outputs, or selected indices.

Each reads boxes (n, 4) as they are, scores (n,) float32 and classes (n,) intp; what the numbers of a box mean
is left to the family.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.binding import Rule, bind, has_shape
from bench.detectors.values import Values
from bench.errors import ModelError
from bench.wire.description import ModelDescription
from bench.wire.tensor import TensorSpec

# What a row holds where the description does not say: YOLO exports with NMS, and YOLOv10; YOLOv7's, whose
# first column is the photo's number in the batch.
_COLUMNS = {6: ("box", "score", "class"), 7: ("batch", "box", "class", "score")}
_KNOWN = ("batch", "box", "score", "class", "skip")

# A graph that lists boxes ends with some hundreds; dense heads have more rows.
_LONGEST_LIST = 1000

Listed = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]


class Rows:
    """`rows` (1, n, columns): box, score and class side by side."""

    def __init__(
        self, description: ModelDescription, outputs: Sequence[TensorSpec], columns: Sequence[str]
    ) -> None:
        widths = _widths(columns)
        short = [lambda spec, width=width: _is_list(spec, width) for width in widths]
        rules = {"rows": (*short, *(_has_columns(width) for width in widths))}
        self._position = bind(description.decode, outputs, rules)["rows"]
        self._width = outputs[self._position].shape[-1]
        self._values = Values(outputs[self._position])
        self._places = _places(columns or _COLUMNS[self._width])

    @staticmethod
    def fits(description: ModelDescription, outputs: Sequence[TensorSpec], columns: Sequence[str]) -> bool:
        """Say whether there is one list of rows."""
        if description.decode.outputs:
            return "rows" in description.decode.outputs
        lists = [spec for spec in outputs if any(_is_list(spec, width) for width in _widths(columns))]
        return len(lists) == 1

    def read(self, outputs: Sequence[NDArray[Any]]) -> Listed:
        """Return boxes, scores and classes of one photo."""
        table = self._values.read(outputs[self._position].reshape(-1, self._width))
        if "batch" in self._places:
            # A run-time's padding has photo -1.
            table = table[table[:, self._places["batch"]] >= 0]
        box = self._places["box"]
        classes = np.rint(table[:, self._places["class"]]).astype(np.intp)
        return table[:, box : box + 4], table[:, self._places["score"]], classes


class Selected:
    """`selected` (n, 3) photo, class, box, beside `boxes` (1, m, 4) and `scores` (1, classes, m)."""

    def __init__(
        self, description: ModelDescription, outputs: Sequence[TensorSpec], columns: Sequence[str]
    ) -> None:
        bound = bind(description.decode, outputs, _selected_rules(len(description.category_ids)))
        self._selected, self._boxes, self._scores = (bound[role] for role in ("selected", "boxes", "scores"))
        self._read_boxes, self._read_scores = Values(outputs[self._boxes]), Values(outputs[self._scores])

    @staticmethod
    def fits(description: ModelDescription, outputs: Sequence[TensorSpec], columns: Sequence[str]) -> bool:
        """Say whether there are whole numbers in threes."""
        if description.decode.outputs:
            return "selected" in description.decode.outputs
        return _binds(description, outputs, _selected_rules(len(description.category_ids)))

    def read(self, outputs: Sequence[NDArray[Any]]) -> Listed:
        """Return boxes, scores and classes of one photo."""
        selected = outputs[self._selected].reshape(-1, 3)
        classes, places = selected[:, 1].astype(np.intp), selected[:, 2].astype(np.intp)
        boxes = self._read_boxes.read(outputs[self._boxes].reshape(-1, 4)[places])
        scores = outputs[self._scores]
        scores = scores.reshape(-1, scores.shape[-1])[classes, places]
        return boxes, self._read_scores.read(scores), classes


class Separate:
    """`boxes` (1, n, 4), `scores` (1, n), `classes` (1, n), and `num` (1,) where there is such an output."""

    def __init__(
        self, description: ModelDescription, outputs: Sequence[TensorSpec], columns: Sequence[str]
    ) -> None:
        rules: dict[str, tuple[Rule, ...]] = dict(_SEPARATE)
        if any(rule(spec) for spec in outputs for rule in _NUM):
            rules["num"] = _NUM
        self._bound = bind(description.decode, outputs, rules)
        self._values = {role: Values(outputs[position]) for role, position in self._bound.items()}

    @staticmethod
    def fits(description: ModelDescription, outputs: Sequence[TensorSpec], columns: Sequence[str]) -> bool:
        """Say whether boxes, scores and classes can be told apart."""
        num = {"num": _NUM} if len(outputs) > 3 else {}
        return 3 <= len(outputs) <= 4 and _binds(description, outputs, {**_SEPARATE, **num})

    def read(self, outputs: Sequence[NDArray[Any]]) -> Listed:
        """Return boxes, scores and classes of one photo."""
        read = {role: self._values[role].read(outputs[i].reshape(-1)) for role, i in self._bound.items()}
        count = int(read["num"][0]) if "num" in read else len(read["scores"])
        classes = np.rint(read["classes"][:count]).astype(np.intp)
        return read["boxes"].reshape(-1, 4)[:count], read["scores"][:count], classes


def _binds(
    description: ModelDescription, outputs: Sequence[TensorSpec], rules: Mapping[str, tuple[Rule, ...]]
) -> bool:
    try:
        bind(description.decode, outputs, rules)
    except ModelError:
        return False
    return True


def _widths(columns: Sequence[str]) -> tuple[int, ...]:
    return (sum(4 if name == "box" else 1 for name in columns),) if columns else tuple(_COLUMNS)


def _places(columns: Sequence[str]) -> dict[str, int]:
    """Return the first column of each quantity."""
    places, first = {}, 0
    for name in columns:
        places[name] = first
        first += 4 if name == "box" else 1
    return places


def check_columns(columns: Sequence[str]) -> None:
    """Check the option `columns`.

    Raises:
        ModelError: A name is unknown, or a box, score or class is missing.
    """
    needed = {"box", "score", "class"}
    if columns and not (needed <= set(columns) <= set(_KNOWN)):
        raise ModelError(
            f"detector.options.columns: got {list(columns)!r}, expected box, score and class, and batch or "
            "skip for columns that are something else, as in [batch, box, class, score]"
        )


def _has_columns(width: int) -> Rule:
    return lambda spec: has_shape(-1, width)(spec) and spec.shape[-1] == width


def _is_list(spec: TensorSpec, width: int) -> bool:
    return _has_columns(width)(spec) and spec.shape[-2] <= _LONGEST_LIST


def _is_whole(spec: TensorSpec) -> bool:
    return np.dtype(spec.dtype).kind in "iu" and not spec.is_quantized


def _says(*words: str) -> Rule:
    return lambda spec: any(word in spec.name.lower() for word in words)


def _both(first: Rule, second: Rule) -> Rule:
    return lambda spec: first(spec) and second(spec)


def _selected_rules(num_classes: int) -> dict[str, tuple[Rule, ...]]:
    return {
        "selected": (_both(has_shape(-1, 3), _is_whole),),
        "boxes": (has_shape(-1, 4),),
        "scores": (has_shape(num_classes, -1),),
    }


def _is_long(spec: TensorSpec) -> bool:
    """Say whether a tensor has one value for each box of a list."""
    return has_shape(-1)(spec) and spec.shape != (1,)


_NUM: tuple[Rule, ...] = (_both(_says("num", "count"), has_shape(1)), has_shape(1))
_SEPARATE: dict[str, tuple[Rule, ...]] = {
    "boxes": (has_shape(-1, 4),),
    "classes": (
        _both(_is_long, _both(_is_whole, lambda spec: not _says("num", "count")(spec))),
        _both(_is_long, _says("class", "label", "cls")),
    ),
    "scores": (_both(_is_long, _says("score", "conf")), _both(_is_long, lambda spec: not _is_whole(spec))),
}
