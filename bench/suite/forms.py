"""Forms of single values: what may stand in one place of a suite file.

A form is the only description of its place: it reads and checks the value, says what it expected, and gives
its part of the JSON Schema. Forms that hold others are in `containers`; paths of files in `files`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from bench.suite.nodes import Node, Path
from bench.suite.quantities import pattern, read_quantity
from bench.suite.reading import Reading
from bench.suite.spelling import advise


class Wrong:
    """The type of `WRONG`, which a form returns after it complained."""


WRONG: Final = Wrong()

Schema = dict[str, Any]


class Form(Protocol):
    """What may stand in one place.

    Attributes:
        expected: the place's content in words, for the end of an error: `an integer of 1 or more`.
    """

    @property
    def expected(self) -> str: ...

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        """Return the value; complain to the reading and return `WRONG` if it does not fit."""
        ...

    def schema(self) -> Schema:
        """Return the JSON Schema of the place."""
        ...


def refuse(form: Form, node: Node, path: Path, reading: Reading) -> Wrong:
    """Complain that the form expected something else than what it got."""
    reading.complain(path, f"got {node.shown()}, expected {form.expected}")
    return WRONG


@dataclass(frozen=True)
class Text:
    """Text that matches a regular expression; `expected` says the expression in words."""

    expected: str = "text"
    pattern: str = r"^[\s\S]*$"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        is_right = isinstance(node.value, str) and re.fullmatch(self.pattern, node.value)
        return node.value if is_right else refuse(self, node, path, reading)

    def schema(self) -> Schema:
        return {"type": "string", "pattern": self.pattern}


# Names become folder names and parts of case ids, on every file system.
Name = Text(
    "a name of letters, digits, '.', '_' and '-' that begins with a letter or digit, at most 64",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9_-]$|^[A-Za-z0-9]$",
)


@dataclass(frozen=True)
class Integer:
    """A whole number within bounds, ends included."""

    minimum: int
    maximum: int | None = None

    @property
    def expected(self) -> str:
        if self.maximum is None:
            return f"an integer of {self.minimum} or more"
        return f"an integer from {self.minimum} to {self.maximum}"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        value = node.value
        is_right = node.kind == "integer" and isinstance(value, int) and value >= self.minimum
        is_right = is_right and (self.maximum is None or value <= self.maximum)  # type: ignore[operator]
        return value if is_right else refuse(self, node, path, reading)

    def schema(self) -> Schema:
        upper = {} if self.maximum is None else {"maximum": self.maximum}
        return {"type": "integer", "minimum": self.minimum, **upper}


@dataclass(frozen=True)
class Number:
    """A number within bounds, ends included unless `is_open`."""

    minimum: float
    maximum: float | None = None
    is_open: bool = False

    @property
    def expected(self) -> str:
        if self.maximum is None:
            return (
                f"a number above {self.minimum:g}"
                if self.is_open
                else f"a number of {self.minimum:g} or more"
            )
        words = "between {:g} and {:g}, both excluded" if self.is_open else "from {:g} to {:g}"
        return "a number " + words.format(self.minimum, self.maximum)

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        if node.kind not in ("integer", "number") or not self._holds(float(node.value)):  # type: ignore[arg-type]
            return refuse(self, node, path, reading)
        return float(node.value)  # type: ignore[arg-type]

    def _holds(self, value: float) -> bool:
        if self.is_open:
            return self.minimum < value and (self.maximum is None or value < self.maximum)
        return self.minimum <= value and (self.maximum is None or value <= self.maximum)

    def schema(self) -> Schema:
        lower, upper = ("exclusiveMinimum", "exclusiveMaximum") if self.is_open else ("minimum", "maximum")
        bounds = {lower: self.minimum} | ({} if self.maximum is None else {upper: self.maximum})
        return {"type": "number", **bounds}


@dataclass(frozen=True)
class Boolean:
    """`true` or `false`; with `only`, no more than that one."""

    only: bool | None = None

    @property
    def expected(self) -> str:
        return "true or false" if self.only is None else str(self.only).lower()

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        is_right = isinstance(node.value, bool) and self.only in (None, node.value)
        return node.value if is_right else refuse(self, node, path, reading)

    def schema(self) -> Schema:
        return {"type": "boolean"} if self.only is None else {"const": self.only}


@dataclass(frozen=True)
class Choice:
    """One of a few names; `aliases` are other spellings of them."""

    names: tuple[str, ...]
    aliases: Mapping[str, str] | None = None

    @property
    def expected(self) -> str:
        return f"one of {', '.join(self.names)}"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        if not isinstance(node.value, str):
            return refuse(self, node, path, reading)
        name = (self.aliases or {}).get(node.value, node.value)
        if name not in self.names:
            reading.complain(
                path, f"unknown name {node.value!r}{advise(node.value, self.names, self.aliases or ())}"
            )
            return WRONG
        return name

    def schema(self) -> Schema:
        return {"enum": [*self.names, *(self.aliases or {})]}


@dataclass(frozen=True)
class Quantity:
    """An amount with a unit, read to base units (seconds, bytes); a bare 0 needs no unit."""

    units: Mapping[str, float]
    example: str

    @property
    def expected(self) -> str:
        return f"an amount with a unit ({', '.join(self.units)}) such as {self.example}"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        if node.kind == "integer" and node.value == 0:
            return 0.0
        amount = read_quantity(node.value, self.units) if isinstance(node.value, str) else None
        return refuse(self, node, path, reading) if amount is None else amount

    def schema(self) -> Schema:
        return {"anyOf": [{"const": 0}, {"type": "string", "pattern": pattern(self.units)}]}


@dataclass(frozen=True)
class Anything:
    """Any value, as plain data; whoever uses it checks it."""

    expected: str = "a value"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        return plain(node)

    def schema(self) -> Schema:
        return {}


def plain(node: Node) -> Any:
    """Return a node as plain data, without its lines."""
    if isinstance(node.value, dict):
        return {key: plain(item) for key, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(item) for item in node.value]
    return node.value
