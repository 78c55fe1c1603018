"""Lines that name classes, as training tools write them: a name each, `number: name`, or `number name`.

A model's labels and a data set's classes may stand in the same file, which must then mean the same to both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBERED = re.compile(r"\s*(\d+)\s*(?::\s*|\s)(.*\S)\s*")


def split_numbers(lines: Sequence[str]) -> list[tuple[int, str]] | None:
    """Return number and name of each line; None where one has no number, so that numbers belong to names."""
    found = [_NUMBERED.fullmatch(line) for line in lines]
    rows = [(int(match[1]), match[2]) for match in found if match]
    return rows if rows and len(rows) == len(lines) else None
