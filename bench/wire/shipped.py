"""What of this project runs on a device: the sources that the agent consists of, and their hash."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

# Below the package folder `bench`; folders with all that is in them.
SHIPPED = ("__init__.py", "errors.py", "agent", "detectors", "wire")

# Environment variable that saves jobs the hashing.
AGENT_VARIABLE = "BENCH_AGENT_SHA256"

# Of the package that this very file belongs to.
_PACKAGE = Path(__file__).parent.parent


def shipped_sources(package: Path = _PACKAGE) -> list[Path]:
    """Return the source files of the agent below a folder `bench`, in the order of their names."""
    found: list[Path] = []
    for name in SHIPPED:
        place = package / name
        found += place.rglob("*.py") if place.is_dir() else [place]
    return sorted(found)


@cache
def agent_sha256(package: Path = _PACKAGE) -> str:
    """Return the hash of the agent's sources, names and bytes; equal wherever equal sources lie."""
    digest = hashlib.sha256()
    for source in shipped_sources(package):
        content = source.read_bytes()
        name = source.relative_to(package).as_posix()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def running_agent_sha256() -> str:
    """Return the hash that whoever started this process found, or that of the sources beside this file."""
    return os.environ.get(AGENT_VARIABLE) or agent_sha256()
