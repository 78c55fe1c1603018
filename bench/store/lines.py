"""Reading JSON lines: a torn last line is an interrupted write, any other broken line is an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.errors import StoreError


def read_lines(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Read a file of JSON objects, one a line.

    Returns:
        Line number (from 1) and object of each complete line. A last line without its newline was being
        written when its writer died, and is left out.

    Raises:
        StoreError: the file cannot be read, or a complete line is no JSON object.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    complete = data[: data.rfind(b"\n") + 1]
    numbered = enumerate(complete.split(b"\n")[:-1], start=1)
    return [(number, _read_object(path, number, line)) for number, line in numbered if line.strip()]


def _read_object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise StoreError(
            f"{path}:{number}: broken line ({error}); expected one JSON object a line; "
            "restore the file, or delete this line to go on without it"
        ) from error
    if not isinstance(value, dict):
        raise StoreError(f"{path}:{number}: got {type(value).__name__}, expected a JSON object")
    return value
