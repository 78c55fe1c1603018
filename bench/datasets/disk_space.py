"""Whether a disk has room for what is about to be written."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.errors import DataError

# Left free on top, so that a machine never fills up to the last byte.
_SPARE_BYTES = 200_000_000


def require_space(folder: Path, num_bytes: int) -> None:
    """Make sure that some bytes fit below a folder, which need not exist yet.

    Raises:
        DataError: they do not; the message says how much is needed and how much is there.
    """
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < num_bytes + _SPARE_BYTES:
        raise DataError(
            f"{folder}: needs {_shown(num_bytes + _SPARE_BYTES)} of free disk space, and {_shown(free)} are "
            "free: make room, or choose a folder on another disk"
        )


def _shown(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.2f} GB"
