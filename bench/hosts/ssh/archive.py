"""The agent as one small archive: what a device needs of this package, the same bytes whenever it is made.

It is known by its sha256, so it is sent to a device once. Families of installed packages are in it, too.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import bench
from bench.hosts.ssh.families import shipped_families
from bench.wire.shipped import shipped_sources

_FILE_MODE = 0o644


@dataclass(frozen=True)
class Archive:
    """The packed agent.

    Attributes:
        data: a gzipped tar file.
        left_out: why families of installed packages are not in it, by family.
    """

    data: bytes
    sha256: str
    left_out: Mapping[str, str] = field(default_factory=dict)


@cache
def agent_archive() -> Archive:
    """Pack the agent of this installation; once a process."""
    families = shipped_families()
    data = pack({**agent_files(), **families.files})
    return Archive(data, hashlib.sha256(data).hexdigest(), families.left_out)


def agent_files() -> dict[str, bytes]:
    """Return the source files of the agent by their place in the archive."""
    root = Path(bench.__file__).parent
    sources = shipped_sources(root)
    return {f"bench/{path.relative_to(root).as_posix()}": path.read_bytes() for path in sources}


def pack(files: Mapping[str, bytes]) -> bytes:
    """Pack files so that the same content gives the same bytes: sorted, without times, owners and modes."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(files[name]), _FILE_MODE
            tar.addfile(member, io.BytesIO(files[name]))
    return gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)
