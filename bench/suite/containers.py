"""Forms that hold others: lists, tables of known keys, maps of free keys, places that take several kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.suite.forms import WRONG, Form, Schema, refuse
from bench.suite.nodes import Kind, Node, Path
from bench.suite.reading import Reading
from bench.suite.spelling import advise


@dataclass(frozen=True)
class ListOf:
    """A list of one form, read to a tuple; items that are wrong are left out.

    Attributes:
        length: how many items it must have; 0 for any number of one or more.
        takes_one: a single item may stand without the brackets.
    """

    item: Form
    length: int = 0
    takes_one: bool = False

    @property
    def expected(self) -> str:
        if self.length:
            return f"a list of {self.length}, each {self.item.expected}"
        return f"{self.item.expected}, or a list of such" if self.takes_one else "a list of one or more"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        if self.takes_one and node.kind not in ("list", "nothing"):
            value = self.item.read(node, path, reading)
            return WRONG if value is WRONG else (value,)
        if node.kind != "list" or not node.items or (self.length and len(node.items) != self.length):
            if node.kind == "list":
                count = len(node.items)
                reading.complain(path, f"got a list of {count}, expected {self.expected}")
                return WRONG
            return refuse(self, node, path, reading)
        return self._read_items(node, path, reading)

    def _read_items(self, node: Node, path: Path, reading: Reading) -> tuple[Any, ...]:
        values: list[Any] = []
        for i, item in enumerate(node.items):
            value = self.item.read(item, (*path, i), reading)
            if value is WRONG:
                continue
            if value in values and not self.length:
                reading.complain(
                    (*path, i), f"got {item.shown()} a second time, expected it once: remove one"
                )
                continue
            values.append(value)
        return tuple(values)

    def schema(self) -> Schema:
        bounds = {"minItems": self.length, "maxItems": self.length} if self.length else {"minItems": 1}
        unique = {} if self.length else {"uniqueItems": True}
        many = {"type": "array", "items": self.item.schema(), **bounds, **unique}
        return {"anyOf": [self.item.schema(), many]} if self.takes_one else many


@dataclass(frozen=True)
class Key:
    """One key of a table: its form, what it means, and whether it must stand there."""

    form: Form
    meaning: str
    is_required: bool = False


@dataclass(frozen=True)
class Table:
    """A mapping of known keys, read to a dict of those that stand there and are right.

    Attributes:
        noun: what the table describes, for errors.
        exactly_one: groups of keys of which one whole group must stand there, and no key of another; with an
            empty group among them, none of the keys will do.
    """

    noun: str
    keys: Mapping[str, Key]
    exactly_one: tuple[tuple[str, ...], ...] = ()

    @property
    def expected(self) -> str:
        return f"a mapping that describes {self.noun}"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        if node.kind not in ("mapping", "nothing"):
            return refuse(self, node, path, reading)
        values: dict[str, Any] = {}
        for name, child in node.fields.items():
            if name not in self.keys:
                reading.complain((*path, name), f"unknown key{advise(name, self.keys)}")
                continue
            value = self.keys[name].form.read(child, (*path, name), reading)
            if value is not WRONG:
                values[name] = value
        self._complain_of_absent(node, path, reading)
        return values

    def _complain_of_absent(self, node: Node, path: Path, reading: Reading) -> None:
        for name, key in self.keys.items():
            if key.is_required and name not in node.fields:
                reading.complain((*path, name), f"missing, expected {key.form.expected}")
        if not self.exactly_one:
            return
        known = dict.fromkeys(name for group in self.exactly_one for name in group)
        present = [name for name in known if name in node.fields]
        if any(set(group) == set(present) for group in self.exactly_one):
            return
        partly = [group for group in self.exactly_one if present and set(present) < set(group)]
        if len(partly) == 1:
            absent = " and ".join(name for name in partly[0] if name not in present)
            reading.complain(path, f"{absent} is missing, expected it beside {' and '.join(present)}")
        else:
            groups = " or ".join(" with ".join(group) for group in self.exactly_one if group)
            got = " and ".join(present) if present else "none of them"
            number = "exactly one" if all(self.exactly_one) else "none or exactly one"
            reading.complain(path, f"got {got}, expected {number} of {groups}")

    def schema(self) -> Schema:
        required = [name for name, key in self.keys.items() if key.is_required]
        result: Schema = {
            "type": ["object", "null"] if not required and not self.exactly_one else "object",
            "properties": {
                name: {"description": key.meaning, **key.form.schema()} for name, key in self.keys.items()
            },
            "additionalProperties": False,
        }
        if required:
            result["required"] = required
        if self.exactly_one:
            result["oneOf"] = [self._group_schema(group) for group in self.exactly_one]
        return result

    def _group_schema(self, group: tuple[str, ...]) -> Schema:
        others = dict.fromkeys(name for other in self.exactly_one for name in other if name not in group)
        absent = {"not": {"anyOf": [{"required": [name]} for name in others]}} if others else {}
        return {"required": list(group), **absent}


@dataclass(frozen=True)
class MapOf:
    """A mapping of free keys, read to a dict; entries that are wrong are left out."""

    key: Form
    item: Form
    expected: str

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        if node.kind not in ("mapping", "nothing"):
            return refuse(self, node, path, reading)
        values: dict[str, Any] = {}
        for name, child in node.fields.items():
            key = self.key.read(Node(name, node.key_lines[name]), (*path, name), reading)
            value = self.item.read(child, (*path, name), reading)
            if key is not WRONG and value is not WRONG:
                values[key] = value
        return values

    def schema(self) -> Schema:
        return {
            "type": ["object", "null"],
            "propertyNames": self.key.schema(),
            "additionalProperties": self.item.schema(),
        }


@dataclass(frozen=True)
class ByKind:
    """A place that takes values of several kinds (text or a table, say); the kind chooses the form."""

    forms: Mapping[Kind, Form]

    @property
    def expected(self) -> str:
        return ", or ".join(dict.fromkeys(form.expected for form in self.forms.values()))

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        form = self.forms.get(node.kind)
        return refuse(self, node, path, reading) if form is None else form.read(node, path, reading)

    def schema(self) -> Schema:
        schemas: list[Schema] = []
        for form in self.forms.values():
            if form.schema() not in schemas:
                schemas.append(form.schema())
        return {"anyOf": schemas}
