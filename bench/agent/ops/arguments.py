"""Reads the arguments of a request: whatever becomes part of a path is held to a pattern first."""

from __future__ import annotations

import re
from typing import Any

from bench.agent.ops import OpError

_SHA256 = re.compile(r"[0-9a-f]{64}")
# As of a model or photo: `.tflite`, `.jpg`, `.tar.gz`.
_SUFFIX = re.compile(r"(\.[A-Za-z0-9_]{1,16}){0,2}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def sha256_of(request: dict[str, Any]) -> str:
    """Return `sha256`, 64 hex digits."""
    return matched(request.get("sha256"), _SHA256, "sha256", "64 hex digits")


def suffix_of(request: dict[str, Any]) -> str:
    """Return `suffix`, such as `.tflite`, or nothing."""
    return matched(request.get("suffix", ""), _SUFFIX, "suffix", "an ending such as .tflite")


def job_of(request: dict[str, Any]) -> str:
    """Return `job`, the id of a job."""
    return job_id(request.get("job"))


def job_id(value: object) -> str:
    """Return a job's id."""
    return matched(value, _NAME, "job", "a name of letters, digits and ._@=+-")


def name_of(request: dict[str, Any]) -> str:
    """Return `name`, a file name without any folder."""
    return matched(request.get("name"), _NAME, "name", "a file name of letters, digits and ._@=+-")


def size_of(request: dict[str, Any], key: str, default: int | None = None) -> int:
    """Return a number of bytes."""
    value = request.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise OpError("bad_request", f"{key}: got {value!r}, expected a number of bytes")
    return value


def seconds_of(values: dict[str, Any], key: str) -> float:
    """Return a duration, seconds."""
    value = values.get(key)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 1e9:
        raise OpError("bad_request", f"{key}: got {value!r}, expected seconds")
    return float(value)


def text_of(values: dict[str, Any], key: str, default: str | None = None) -> str:
    """Return a text without control characters, at most 4,096 characters."""
    value = values.get(key, default)
    if not isinstance(value, str) or len(value) > 4096 or not value.isprintable():
        raise OpError("bad_request", f"{key}: got {value!r}, expected a text")
    return value


def environment_of(request: dict[str, Any]) -> dict[str, str]:
    """Return `environment`, variables by name."""
    values = request.get("environment") or {}
    if not isinstance(values, dict):
        raise OpError("bad_request", f"environment: got {values!r}, expected variables by name")
    for name, value in values.items():
        matched(name, _VARIABLE, "environment", "names of letters, digits and _")
        if not isinstance(value, str) or "\0" in value:
            raise OpError("bad_request", f"environment.{name}: got {value!r}, expected a text")
    return values


def matched(value: object, pattern: re.Pattern[str], key: str, expected: str) -> str:
    """Return a text that the whole pattern matches.

    Raises:
        OpError: it does not.
    """
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise OpError("bad_request", f"{key}: got {value!r}, expected {expected}")
    return value
