"""Installs wheels that were sent, by unpacking them: many times quicker than pip on a small device.

That is what installing a wheel is where it brings no scripts, headers or data, and none of the pinned ones
does; one that does is refused. Standard library only.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from bench.agent.ops import OpError

# The largest of all unpacks to 90 MB.
_MAX_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 20


def unpack_wheel(wheel: Path, sha256: str, name: str, packages: Path) -> None:
    """Unpack a wheel into the folder of an environment's packages.

    Args:
        name: of the file, for messages; `wheel` is called by its hash.

    Raises:
        OpError: it is not the one that was pinned, or no wheel that unpacking installs.
    """
    _require_hash(wheel, sha256, name)
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _require_plain(members, name)
            for member in members:
                target = packages / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, open(target, "wb") as file:
                    shutil.copyfileobj(source, file, _CHUNK_BYTES)
    except zipfile.BadZipFile as problem:
        raise OpError("host_error", f"{name}: is no wheel: {problem}") from problem


def _require_hash(wheel: Path, sha256: str, name: str) -> None:
    digest = hashlib.sha256()
    with open(wheel, "rb") as file:
        while part := file.read(_CHUNK_BYTES):
            digest.update(part)
    if digest.hexdigest() != sha256:
        raise OpError("host_error", f"{name}: its hash is {digest.hexdigest()}, expected {sha256}")


def _require_plain(members: list[zipfile.ZipInfo], name: str) -> None:
    """Hold that all files of a wheel are packages' own and stay below their folder."""
    if sum(member.file_size for member in members) > _MAX_BYTES:
        raise OpError("host_error", f"{name}: unpacks to more than {_MAX_BYTES} bytes")
    for member in members:
        path, kind = PurePosixPath(member.filename), stat.S_IFMT(member.external_attr >> 16)
        is_inside = not path.is_absolute() and ".." not in path.parts and "\\" not in member.filename
        if not is_inside or kind not in (0, stat.S_IFREG) or path.parts[0].endswith(".data"):
            raise OpError(
                "host_error", f"{name}: holds {member.filename!r}, which unpacking must not install"
            )
