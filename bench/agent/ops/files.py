"""Files known by their content: models and photos come once, in pieces, and count only when they are whole.

A piece goes to `files/<sha256><suffix>.part`; the file gets its name when its hash is right. Which files the
device needs is left to the controller.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import Any

from bench.agent.ops import OpError
from bench.agent.ops.arguments import sha256_of, size_of, suffix_of
from bench.agent.places import FILES, folder_below
from bench.agent.session import Session
from bench.agent.unsynced import check_files, mark_unsynced

_PART = ".part"
_CHUNK_BYTES = 1 << 20


def have(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Answer which of `files`, triples of sha256, size and suffix, are missing, and how much came of each."""
    folder = folder_below(session.root, FILES)
    check_files(session.root)
    missing: list[str] = []
    partial: dict[str, int] = {}
    for entry in request.get("files", ()):
        sha256, size, suffix = _triple(entry)
        path = folder / (sha256 + suffix)
        if _size_of(path) == size:
            # As used lately, for whoever makes room.
            os.utime(path, follow_symlinks=False)
            continue
        missing.append(sha256)
        num_bytes = _size_of(path.with_name(path.name + _PART))
        if num_bytes is not None and num_bytes <= size:
            partial[sha256] = num_bytes
    return {"missing": missing, "partial": partial, "folder": FILES}


def put(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Take one piece of a file in; the last one makes it whole, if its hash is right.

    Answers the number of bytes that are there, whether the file is whole, and its path below the root.

    Raises:
        OpError: the piece does not follow on what is there, another session sends the same file, the hash is
            wrong (what came is dropped), or the disk is full (dropped as well).
    """
    sha256, suffix = sha256_of(request), suffix_of(request)
    size, offset = size_of(request, "size"), size_of(request, "offset", 0)
    path = folder_below(session.root, FILES) / (sha256 + suffix)
    if _size_of(path) == size:
        return {"have": size, "whole": True, "path": f"{FILES}/{path.name}"}
    if offset + len(body) > size:
        raise OpError("bad_request", f"{sha256}: {offset + len(body)} bytes came of a file of {size}")
    part = _part_of(session, path)
    try:
        part.write(body, offset, size)
        if part.num_bytes == size:
            part.finish(path, sha256)
    except OSError as problem:
        part.drop()
        raise _full(problem, path, size) from problem
    return {"have": part.num_bytes, "whole": part.num_bytes == size, "path": f"{FILES}/{path.name}"}


class _Part:
    """A file that is coming; locked for this session until it is whole."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + _PART)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise OpError("busy", f"another session sends {path.name} in this moment; try again") from None
        self.num_bytes = os.fstat(self._descriptor).st_size
        self._digest = hashlib.sha256()
        self._num_hashed = 0

    def write(self, body: bytes, offset: int, size: int) -> None:
        """Append a piece; one at the beginning begins anew."""
        if offset == 0 and self.num_bytes:
            os.ftruncate(self._descriptor, 0)
            self.num_bytes, self._num_hashed, self._digest = 0, 0, hashlib.sha256()
        if offset != self.num_bytes:
            raise OpError(
                "bad_request",
                f"offset: got {offset}, expected {self.num_bytes}, which is what came of {self.path.name}",
                have=self.num_bytes,
            )
        if offset == 0 and size > len(body):
            _expect_room(self.path.parent, size)
        self._hash_up_to(offset)
        rest = memoryview(body)
        while rest:
            written = os.pwrite(self._descriptor, rest, self.num_bytes)
            self.num_bytes += written
            rest = rest[written:]
        self._digest.update(body)
        self._num_hashed = self.num_bytes

    def finish(self, path: Path, sha256: str) -> None:
        """Give the file its name if it is what it should be, and drop it otherwise."""
        self._hash_up_to(self.num_bytes)
        found = self._digest.hexdigest()
        if found != sha256:
            self.drop()
            raise OpError("bad_request", f"{path.name}: what came has sha256 {found}; send it again")
        mark_unsynced(path.parent.parent)
        os.rename(self.path, path)
        self.close()

    def drop(self) -> None:
        """Remove what came."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let another session have it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @property
    def is_open(self) -> bool:
        """Whether pieces may still come."""
        return self._descriptor >= 0

    def _hash_up_to(self, end: int) -> None:
        """Hash what an earlier session left."""
        while self._num_hashed < end:
            chunk = os.pread(self._descriptor, min(_CHUNK_BYTES, end - self._num_hashed), self._num_hashed)
            if not chunk:
                raise OSError(errno.EIO, "the file was cut short while it came", str(self.path))
            self._digest.update(chunk)
            self._num_hashed += len(chunk)


def _part_of(session: Session, path: Path) -> _Part:
    """Return the part that the session is at; a session is at one at a time."""
    part: _Part | None = session.state.get("files.part")
    if part is not None and part.is_open and part.path.name == path.name + _PART:
        return part
    if part is not None:
        part.close()
    session.state["files.part"] = part = _Part(path)
    return part


def _triple(entry: Any) -> tuple[str, int, str]:
    if not isinstance(entry, (list, tuple)) or len(entry) != 3:
        raise OpError("bad_request", f"files: got {entry!r}, expected [sha256, size, suffix]")
    values = {"sha256": entry[0], "size": entry[1], "suffix": entry[2]}
    return sha256_of(values), size_of(values, "size"), suffix_of(values)


def _size_of(path: Path) -> int | None:
    """Return the size of a regular file; None for anything else."""
    with contextlib.suppress(OSError):
        found = path.lstat()
        return found.st_size if stat.S_ISREG(found.st_mode) else None
    return None


def _expect_room(folder: Path, needed_bytes: int) -> None:
    """Refuse a file that cannot fit before hours are spent on sending it."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _full(problem: OSError, path: Path, size: int) -> Exception:
    if problem.errno not in (errno.ENOSPC, errno.EDQUOT):
        return OpError("host_error", f"{path}: cannot be written: {problem.strerror or problem}")
    free_bytes = shutil.disk_usage(path.parent).free
    why = "its user's quota is used up" if problem.errno == errno.EDQUOT else f"{free_bytes} bytes are free"
    message = f"{path.parent}: the device's disk is full: {size} bytes are needed, {why}"
    return OpError("disk_full", message, free_bytes=free_bytes, needed_bytes=size)
