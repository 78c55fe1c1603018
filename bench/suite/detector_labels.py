"""The `labels:` of a detector: what each class of the model is called in the data set.

Ids are final; names are matched against the data set's categories once these are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from bench.detectors.presets import COCO_80, COCO_90
from bench.errors import SuiteError
from bench.suite.class_names import SUFFIXES, read_class_names
from bench.suite.containers import ByKind, Key, Table
from bench.suite.files import ExistingPath
from bench.suite.forms import WRONG, Integer, Schema, plain, refuse
from bench.suite.nodes import Node, Path
from bench.suite.reading import Reading
from bench.suite.spelling import advise
from bench.wire.description import NO_CATEGORY

_NAMED = {"coco80": COCO_80, "coco90": COCO_90, "coco91": COCO_90}
_FILE = ExistingPath("file", SUFFIXES)


@dataclass(frozen=True)
class Labels:
    """Labels as they were read.

    Attributes:
        category_ids: of each class index; `NO_CATEGORY` for each while only names are known.
        names: of each class index; empty where ids are given.
    """

    category_ids: tuple[int, ...]
    names: tuple[str, ...] = ()


def named_labels(names: tuple[str, ...]) -> Labels:
    """Return labels of which only the names are known yet."""
    return Labels((NO_CATEGORY,) * len(names), names)


@dataclass(frozen=True)
class _NameOrFile:
    """`coco80`, `coco90`, or the path of a file of names."""

    expected: str = f"coco80, coco90, or a file of class names ({', '.join(SUFFIXES)})"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        text = str(node.value)
        if text in _NAMED:
            return Labels(_NAMED[text])
        if not any(sign in text for sign in "./$"):
            known = f"{advise(text, ('coco80', 'coco90'))}, or the path of a file of class names"
            reading.complain(path, f"unknown name {text!r}{known}")
            return WRONG
        file = _FILE.read(node, path, reading)
        if file is WRONG:
            return WRONG
        try:
            return named_labels(read_class_names(FilePath(file)))
        except SuiteError as problem:
            reading.complain(path, str(problem))
            return WRONG

    def schema(self) -> Schema:
        return {"anyOf": [{"enum": list(_NAMED)}, _FILE.schema()]}


def _label_kind(node: Node) -> str:
    """Say whether an item is an `id` or a `name`; empty if it is neither."""
    if isinstance(node.value, str):
        return "name"
    return "id" if type(node.value) is int and node.value >= 0 else ""


@dataclass(frozen=True)
class _List:
    """Category ids, or names of the data set's categories, one for each class."""

    expected: str = "a list of category ids or of names"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        values = plain(node)
        if values and all(type(value) is int and value >= 0 for value in values):
            return Labels(tuple(values)) if self._is_unique(node, path, reading) else WRONG
        if values and all(isinstance(value, str) for value in values):
            return named_labels(tuple(values)) if self._is_unique(node, path, reading) else WRONG
        return self._refuse(node, path, reading)

    def _refuse(self, node: Node, path: Path, reading: Reading) -> Any:
        """Complain of the first class that is neither an id nor a name, or not of the first one's kind."""
        kinds = [_label_kind(item) for item in node.items]
        wrong = next((i for i, kind in enumerate(kinds) if not kind or kind != kinds[0]), None)
        if wrong is None:
            return refuse(self, node, path, reading)
        is_named = bool(wrong) and kinds[0] == "name"
        expected = "a name, as the first one" if is_named else "a category id of 0 or more"
        reading.complain((*path, wrong), f"got {node.items[wrong].shown()}, expected {expected}")
        return WRONG

    def _is_unique(self, node: Node, path: Path, reading: Reading) -> bool:
        seen: set[Any] = set()
        for i, item in enumerate(node.items):
            if item.value in seen:
                text = f"got {item.shown()} a second time, expected one category a class"
                reading.complain((*path, i), text)
                return False
            seen.add(item.value)
        return True

    def schema(self) -> Schema:
        items = ({"type": "integer", "minimum": 0}, {"type": "string"})
        return {
            "anyOf": [{"type": "array", "minItems": 1, "uniqueItems": True, "items": item} for item in items]
        }


@dataclass(frozen=True)
class _Counted:
    """Consecutive category ids from an offset on."""

    table: Table = Table(
        "consecutive category ids",
        {
            "offset": Key(Integer(0), "Category id of class 0.", True),
            "count": Key(Integer(1, 100_000), "Number of classes.", True),
        },
    )

    @property
    def expected(self) -> str:
        return "{offset, count}"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        values = self.table.read(node, path, reading)
        if not {"offset", "count"} <= set(values):
            return WRONG
        first = values["offset"]
        return Labels(tuple(range(first, first + values["count"])))

    def schema(self) -> Schema:
        return self.table.schema()


LABELS = ByKind({"text": _NameOrFile(), "list": _List(), "mapping": _Counted()})
