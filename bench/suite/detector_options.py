"""Places of a suite that depend on the decode family: its name, and what it can be told.

Families are those that are built in and those that installed packages bring; a suite is read by the options
of the very family that it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.detectors.families.base import FamilyClass, load_family
from bench.detectors.options import Option
from bench.detectors.plug_ins import plug_in_names
from bench.detectors.presets import FAMILY_NAMES
from bench.errors import ModelError
from bench.suite.containers import Key
from bench.suite.forms import (
    WRONG,
    Boolean,
    Choice,
    Form,
    Integer,
    Name,
    Number,
    Schema,
    Text,
    plain,
    refuse,
)
from bench.suite.nodes import Node, Path
from bench.suite.reading import Reading
from bench.suite.spelling import advise


@dataclass(frozen=True)
class FamilyName:
    """The name of a decode family that can be loaded on this machine."""

    expected: str = "the name of a decode family"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        if not isinstance(node.value, str):
            return refuse(self, node, path, reading)
        # Looking through all installed packages takes a while, so the built-in names come first.
        if node.value not in FAMILY_NAMES and node.value not in (brought := plug_in_names()):
            known = advise(node.value, [*FAMILY_NAMES, *brought])
            text = (
                f"unknown name {node.value!r}{known}; the family of a package is known once it is installed"
            )
            reading.complain(path, text)
            return WRONG
        try:
            load_family(node.value)
        except ModelError as problem:
            reading.complain(path, str(problem))
            return WRONG
        return node.value

    def schema(self) -> Schema:
        return {"anyOf": [{"enum": list(FAMILY_NAMES)}, Name.schema()]}


@dataclass(frozen=True)
class Values:
    """A list of plain values, nested or not; the family checks what they are."""

    expected: str = "a list"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        return plain(node) if node.kind == "list" else refuse(self, node, path, reading)

    def schema(self) -> Schema:
        return {"type": "array"}


@dataclass(frozen=True)
class FamilyOptions:
    """What the family that stands beside this place can be told, read to a dict."""

    expected: str = "a mapping of the family's options"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        if node.kind not in ("mapping", "nothing"):
            return refuse(self, node, path, reading)
        beside = reading.find((*path[:-1], "family"))
        family = _loaded(beside.value if beside else None)
        if family is None:
            return WRONG
        keys, values = option_keys(family), {}
        for name, child in node.fields.items():
            if name not in keys:
                known = advise(name, keys)
                text = f"family {beside.value if beside else ''} has no such option{known}"
                reading.complain((*path, name), text)
                continue
            value = keys[name].form.read(child, (*path, name), reading)
            if value is not WRONG:
                values[name] = value
        return values

    def schema(self) -> Schema:
        return {"type": ["object", "null"]}


def option_keys(family: FamilyClass) -> dict[str, Key]:
    """Return the suite's keys of a family's options."""
    return {option.name: Key(_form(option), option.meaning) for option in family.OPTIONS}


def schemas_by_family() -> list[Schema]:
    """Return, for each built-in family, what `options` may hold beside its name, as conditional schemas."""
    return [_conditional(name, option_keys(load_family(name))) for name in FAMILY_NAMES]


def _conditional(name: str, keys: dict[str, Key]) -> Schema:
    properties = {key: {"description": one.meaning, **one.form.schema()} for key, one in keys.items()}
    is_family = {"properties": {"family": {"const": name}}, "required": ["family"]}
    options = {"properties": properties, "additionalProperties": False}
    return {"if": is_family, "then": {"properties": {"options": options}}}


def _form(option: Option) -> Form:
    if option.choices:
        return Choice(option.choices)
    forms: dict[type, Form] = {
        bool: Boolean(),
        int: Integer(-1),
        float: Number(-1e6, 1e6),
        str: Text(),
        tuple: Values(),
    }
    return forms[type(option.default)]


def _loaded(name: Any) -> FamilyClass | None:
    """Return the family's class; None where its own place is told what is wrong with it."""
    try:
        return load_family(name) if isinstance(name, str) else None
    except ModelError:
        return None
