"""Files that name classes: `data.yaml`, a label map (`.pbtxt`), or a text with one name a line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from bench.core.class_lines import split_numbers
from bench.errors import DataError

# Far more than any list of classes; a data file given by mistake is refused before it is parsed.
_MAX_BYTES = 1_000_000

_ITEM = re.compile(r"item\s*\{([^{}]*)\}")
_FIELD = re.compile(r"""(\w+)\s*:\s*(?:(\d+)|"([^"]*)"|'([^']*)')""")


def read_class_names(path: Path) -> tuple[str, ...]:
    """Return the names of classes 0, 1, 2 ... from `data.yaml` (its `names`) or from a text, one a line.

    Lines of a text may begin with the numbers of their classes if all do.

    Raises:
        DataError: the file cannot be read or names nothing, or two classes share a name.
    """
    if path.suffix.lower() in (".yaml", ".yml"):
        names = _names_of(path, read_yaml(path))
    else:
        names = _names_in(read_text(path).splitlines())
    for index, name in enumerate(names):
        if not name:
            raise DataError(f"{path}: class {index} has no name, expected one a class")
        if name in names[:index]:
            raise DataError(f"{path}: classes {names.index(name)} and {index} are both {name!r}: rename one")
    if not names:
        raise DataError(f"{path}: names no class, expected one name a line, or `names` in a YAML file")
    return tuple(names)


def read_label_map(path: Path) -> dict[int, str]:
    """Return id -> name of a label map of the TF Object Detection API; `display_name` comes before `name`.

    Raises:
        DataError: the file cannot be read, or an item has no id or no name.
    """
    found: dict[int, str] = {}
    for item in _ITEM.finditer(re.sub(r"#.*", "", read_text(path))):
        fields = {field[1]: field[2] or field[3] or field[4] or "" for field in _FIELD.finditer(item[1])}
        name = fields.get("display_name") or fields.get("name")
        if not name or not fields.get("id", "").isdigit():
            raise DataError(f"{path}: an item has no id or no name, expected item {{ id: 1 name: 'cat' }}")
        if int(fields["id"]) in found:
            raise DataError(f"{path}: id {fields['id']} stands there twice, expected each once")
        found[int(fields["id"])] = name
    if not found:
        raise DataError(f"{path}: holds no items, expected item {{ id: 1 name: 'cat' }}")
    return found


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds.

    Raises:
        DataError: it cannot be read, or holds something else.
    """
    try:
        content = yaml.safe_load(read_text(path))
    except (yaml.YAMLError, RecursionError) as problem:
        raise DataError(f"{path}: not readable as YAML ({problem})") from problem
    if not isinstance(content, dict):
        raise DataError(f"{path}: got a {type(content).__name__}, expected keys such as val and names")
    return content


def read_text(path: Path) -> str:
    """Return a small text file, UTF-8 with or without a mark at its beginning.

    Raises:
        DataError: it cannot be read, is larger than any such file, or is no text.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataError(f"{path}: larger than {_MAX_BYTES} bytes, expected a short text")
        return path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror}), expected a text file") from problem
    except UnicodeDecodeError as problem:
        raise DataError(f"{path}: not text in UTF-8 (byte {problem.start})") from problem


def _names_in(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    numbered = dict(split_numbers(lines) or ())
    if numbered and sorted(numbered) == list(range(len(lines))):
        return [numbered[index] for index in range(len(lines))]
    return [line.strip() for line in lines]


def _names_of(path: Path, content: dict[str, Any]) -> list[str]:
    names = content.get("names")
    if isinstance(names, dict):
        if set(names) != set(range(len(names))):
            raise DataError(f"{path}: the keys of `names` are not 0 to {len(names) - 1}: number all classes")
        names = [names[index] for index in range(len(names))]
    if not isinstance(names, list):
        raise DataError(f"{path}: `names` is {type(names).__name__}, expected a list of class names")
    for index, name in enumerate(names):
        # YAML 1.1 reads yes, no, on and off without quotes as truth values.
        if isinstance(name, bool) or not isinstance(name, (str, int, float)):
            raise DataError(f"{path}: class {index} is {name!r}, expected text: put it in quotes")
    count = content.get("nc", len(names))
    if count != len(names):
        raise DataError(f"{path}: nc is {count}, but {len(names)} classes have names: correct one of them")
    return [str(name).strip() for name in names]
