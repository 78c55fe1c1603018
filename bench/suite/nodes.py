"""YAML text to a tree of nodes that remember their lines. What the keys mean is left to the forms.

YAML is read by its 1.2 core schema: `yes`, `on`, `12:30` and dates stay text, and `1e-4` is a number. Anchors
and aliases work; tags and merge keys are refused, because what they do is not seen where it happens.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import yaml

from bench.errors import SuiteError

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]
Kind = Literal["text", "integer", "number", "boolean", "nothing", "list", "mapping"]
Complain: TypeAlias = Callable[[Path, str, int], None]

# A suite has some hundred nodes. Aliases of aliases could expand to billions of them.
MAX_NODES = 50_000

_PLAIN_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}


class _Loader(yaml.SafeLoader):
    """A safe loader that leaves every plain scalar as text; the core schema is applied here instead."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


@dataclass(frozen=True)
class Node:
    """One value of the file, with the line (from 1) on which it begins.

    Attributes:
        key_lines: of a mapping, the line of each key.
    """

    value: str | int | float | bool | None | tuple[Node, ...] | dict[str, Node]
    line: int
    key_lines: dict[str, int] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """What sort of value this is; `integer` is not also a `number` here."""
        kinds: dict[type, Kind] = {str: "text", bool: "boolean", int: "integer", float: "number"}
        if self.value is None:
            return "nothing"
        return kinds.get(type(self.value), "mapping" if isinstance(self.value, dict) else "list")

    @property
    def fields(self) -> dict[str, Node]:
        """The entries of a mapping; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """The items of a list; empty for anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    def shown(self) -> str:
        """Return how an error names the value."""
        if self.kind in ("list", "mapping", "nothing"):
            return {"list": "a list", "mapping": "a mapping", "nothing": "nothing"}[self.kind]
        if isinstance(self.value, bool):
            return str(self.value).lower()
        return repr(self.value)


def read_nodes(text: str, file: str, complain: Complain, noun: str = "a suite") -> Node:
    """Read YAML text.

    Args:
        file: how errors name the file; `noun` is what they say was expected in it.
        complain: is told of duplicate keys, tags and merge keys; reading goes on behind them.

    Raises:
        SuiteError: the text is not one YAML document.
    """
    try:
        root = yaml.compose(text, _Loader)
        if root is not None:
            return _Reader(file, complain, noun).read(root, ())
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = mark.line + 1 if mark else 1
        raise SuiteError(f"{file}:{line}: not readable as YAML: {_cause(problem)}") from problem
    except yaml.YAMLError as problem:
        raise SuiteError(f"{file}:1: not readable as YAML: {problem}") from problem
    except RecursionError as problem:
        raise SuiteError(f"{file}:1: nested too deeply, expected {noun} of a few levels") from problem
    content = " with at least name and model" if noun == "a suite" else ""
    raise SuiteError(f"{file}:1: the file is empty, expected {noun}{content}")


def _cause(problem: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (problem.context, problem.problem) if part]
    return ", ".join(parts) or "malformed text"


class _Reader:
    """Turns the nodes of PyYAML into ours, counting them and refusing loops."""

    def __init__(self, file: str, complain: Complain, noun: str) -> None:
        self._file = file
        self._noun = noun
        self._complain = complain
        self._count = 0
        self._open: set[int] = set()

    def read(self, node: yaml.Node, path: Path) -> Node:
        line = node.start_mark.line + 1
        self._count += 1
        if self._count > MAX_NODES:
            raise SuiteError(
                f"{self._file}:{line}: more than {MAX_NODES} values, expected {self._noun}; "
                "aliases expand too far"
            )
        if id(node) in self._open:
            raise SuiteError(f"{self._file}:{line}: an alias refers to what it stands in, expected no loops")
        if node.tag not in _PLAIN_TAGS:
            self._complain(path, f"got the tag {node.tag!r}, expected plain values: remove it", line)
        self._open.add(id(node))
        result = self._read_kind(node, path, line)
        self._open.discard(id(node))
        return result

    def _read_kind(self, node: yaml.Node, path: Path, line: int) -> Node:
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(node, path, line)
        if isinstance(node, yaml.SequenceNode):
            return Node(tuple(self.read(item, (*path, i)) for i, item in enumerate(node.value)), line)
        is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
        return Node(_plain_value(node.value) if is_plain else str(node.value), line)

    def _read_mapping(self, node: yaml.MappingNode, path: Path, line: int) -> Node:
        fields: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key_line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._complain(path, "got a key that is a list or a mapping, expected text", key_line)
                continue
            key = str(key_node.value)
            if key == "<<" and key_node.style is None:
                self._complain(path, "merge keys ('<<') are not supported: write the keys out", key_line)
                continue
            if key in fields:
                self._complain(
                    (*path, key),
                    f"the key stands here twice, first on line {lines[key]}: remove one",
                    key_line,
                )
                continue
            lines[key] = key_line
            fields[key] = self.read(value_node, (*path, key))
        return Node(fields, line, lines)


def _plain_value(text: str) -> str | int | float | bool | None:
    """Apply YAML 1.2's core schema (section 10.3.2) to a scalar without quotes; no hex, octal, infinity."""
    if text in _WORDS or text.lower() in ("null", "true", "false"):
        return _WORDS[text if text in _WORDS else text.lower()]
    if _INTEGER.fullmatch(text) and len(text) < 20:
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
