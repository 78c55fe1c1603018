"""Dataclasses to JSON values and back, checked on the way in. Knows no noun of the project."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from bench.errors import BenchError

T = TypeVar("T")

_PLAIN = (str, int, float, bool)


def to_json(value: Any) -> Any:
    """Turn dataclasses, tuples and mappings into JSON values; plain values pass through."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value


def from_json(kind: type[T], value: Any, where: str = "") -> T:
    """Build a dataclass from a JSON object, recursively.

    Fields with a default may be absent (an older writer); unknown keys are ignored, so that a newer
    writer's additions do not stop an older reader. Versions are checked by the caller, not here.

    Raises:
        BenchError: a field is missing or has the wrong type; the message names the key path.
    """
    result: T = _read(kind, value, where or kind.__name__)
    return result


def content_hash(value: Any) -> str:
    """Return the sha256 of a value's canonical JSON (sorted keys, no spaces), as 64 hex digits."""
    text = json.dumps(to_json(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(kind: Any, value: Any, where: str) -> Any:
    # Most values of long files are plain ones of the right type.
    if kind is Any or (kind is type(value) and kind in _PLAIN):
        return value
    is_dataclass, origin, arguments = _parts(kind)
    if is_dataclass:
        return _read_dataclass(kind, value, where)
    if origin in (Union, types.UnionType):
        return _read_union(arguments, value, where)
    if origin is Literal:
        return _expect(value in arguments, value, where, f"one of {', '.join(map(repr, arguments))}")
    if origin is tuple:
        return _read_tuple(arguments, value, where)
    if origin is list:
        _expect(isinstance(value, (list, tuple)), value, where, "a list")
        return [_read(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value)]
    if origin is dict:
        _expect(isinstance(value, dict), value, where, "an object")
        return {key: _read(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    return _read_plain(kind, value, where)


@cache
def _parts(kind: Any) -> tuple[bool, Any, tuple[Any, ...]]:
    """Return whether a type is a dataclass, its origin and its arguments, looked up once for each type."""
    return dataclasses.is_dataclass(kind), get_origin(kind), get_args(kind)


def _read_dataclass(kind: Any, value: Any, where: str) -> Any:
    _expect(isinstance(value, dict), value, where, "an object")
    given = {}
    for name, hint, is_required in _fields(kind):
        if name in value:
            given[name] = _read(hint, value[name], f"{where}.{name}")
        elif is_required:
            raise BenchError(f"{where}.{name}: missing, expected {hint}")
    return kind(**given)


@cache
def _fields(kind: Any) -> list[tuple[str, Any, bool]]:
    """Return name and type of a dataclass' fields and whether each is required, found once for a kind."""
    hints, missing = get_type_hints(kind), dataclasses.MISSING
    return [
        (field.name, hints[field.name], field.default is missing and field.default_factory is missing)
        for field in dataclasses.fields(kind)
    ]


def _read_union(choices: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in choices:
        return None
    problems = []
    for choice in choices:
        if choice is type(None):
            continue
        try:
            return _read(choice, value, where)
        except BenchError as problem:
            problems.append(str(problem))
    raise BenchError(problems[0] if problems else f"{where}: got {value!r}, expected nothing")


def _read_tuple(arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    _expect(isinstance(value, (list, tuple)), value, where, "a list")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_read(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    _expect(len(value) == len(arguments), value, where, f"a list of {len(arguments)}")
    return tuple(_read(arguments[i], item, f"{where}[{i}]") for i, item in enumerate(value))


def _read_plain(kind: Any, value: Any, where: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    is_right = isinstance(value, kind) and not (kind in (int, float) and isinstance(value, bool))
    return _expect(is_right, value, where, f"a value of type {kind.__name__}")


def _expect(is_right: bool, value: Any, where: str, expected: str) -> Any:
    if not is_right:
        raise BenchError(f"{where}: got {value!r}, expected {expected}")
    return value
