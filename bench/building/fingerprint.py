"""Hashes of the project's own code and versions of libraries, for keys that must never be stale.

Code counts by its bytes rather than by a version number that somebody must remember to raise.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import bench
from bench.building.hashing import sha256_of
from bench.wire.codec import content_hash

_PACKAGE = Path(bench.__file__).parent

# What decides the pixels that a photo becomes.
RESIZE_CODE = (
    "detectors/photo.py",
    "detectors/preprocess.py",
    "detectors/bilinear.py",
    "detectors/resampling.py",
    "detectors/geometry.py",
)


@cache
def code_hash(names: tuple[str, ...]) -> str:
    """Return one hash over source files, and the Python files of folders, named relative to the package."""
    found: list[Path] = []
    for name in names:
        path = _PACKAGE / name
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return content_hash([[path.relative_to(_PACKAGE).as_posix(), sha256_of(path)] for path in found])


def library_versions(names: tuple[str, ...]) -> dict[str, str]:
    """Return installed versions without importing anything; `absent` where there is none."""
    return {name: _version(name) for name in names}


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
