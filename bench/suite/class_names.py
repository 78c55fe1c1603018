"""Files that name a model's classes, as training tools write them.

Known are one name a line; `number: name` or `number name` a line; and YAML with a `names:` mapping or list
below which the classes stand. Numbers are class indexes from 0. What the names mean in the data set is found
out when its categories are known.
"""

from __future__ import annotations

from pathlib import Path

from bench.core.class_lines import split_numbers
from bench.errors import SuiteError
from bench.suite.nodes import Node, read_nodes

SUFFIXES = (".txt", ".names", ".yaml", ".yml")

# Far more than any; a data file given by mistake is refused before it is parsed.
MAX_BYTES = 1_000_000
MAX_CLASSES = 100_000


def read_class_names(path: Path) -> tuple[str, ...]:
    """Return the name of each class index; empty where an index has none.

    Raises:
        SuiteError: it is no such file; the message says what was found in which line.
    """
    text = _read_text(path)
    if path.suffix.lower() in (".yaml", ".yml"):
        return _from_yaml(text, path)
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise SuiteError(f"{path}: holds no names, expected one class a line")
    numbered = split_numbers([line for _, line in lines])
    if numbered is None:
        return tuple(line for _, line in lines)
    return _by_index(path, [(line, *row) for (line, _), row in zip(lines, numbered, strict=True)])


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SuiteError(f"{path}: larger than {MAX_BYTES} bytes, expected the names of classes")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise SuiteError(
            f"{path}: cannot be read as text ({problem}), expected names of classes"
        ) from problem


def _from_yaml(text: str, path: Path) -> tuple[str, ...]:
    names = read_nodes(text, str(path), lambda *_: None).fields.get("names")
    if names is None or names.kind not in ("list", "mapping"):
        raise SuiteError(f"{path}: has no `names`, expected a list of names or a mapping of numbers to names")
    if names.kind == "list":
        return tuple(_name(item, path) for item in names.items)
    wrong = [key for key in names.fields if not key.isdecimal()]
    if wrong:
        line = names.key_lines[wrong[0]]
        raise SuiteError(f"{path}:{line}: got the key {wrong[0]!r}, expected the number of a class")
    rows = [(names.key_lines[key], int(key), _name(item, path)) for key, item in names.fields.items()]
    return _by_index(path, rows)


def _name(node: Node, path: Path) -> str:
    if node.kind in ("list", "mapping", "nothing"):
        raise SuiteError(f"{path}:{node.line}: got {node.shown()}, expected the name of a class")
    return str(node.value)


def _by_index(path: Path, rows: list[tuple[int, int, str]]) -> tuple[str, ...]:
    """Order (line, class index, name) by index."""
    named: dict[int, str] = {}
    for line, index, name in rows:
        if index in named:
            raise SuiteError(f"{path}:{line}: class {index} stands here twice, expected it once")
        if index >= MAX_CLASSES:
            raise SuiteError(f"{path}:{line}: got class {index}, expected a number below {MAX_CLASSES}")
        named[index] = name
    return tuple(named.get(index, "") for index in range(max(named, default=-1) + 1))
