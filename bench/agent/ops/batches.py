"""Many small files in one request: a thousand photos need forty answers instead of a thousand.

Each file is checked and becomes whole by itself, as in `bench.agent.ops.files`; none is ever there in part.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

from bench.agent.ops import OpError
from bench.agent.ops.arguments import sha256_of, size_of, suffix_of
from bench.agent.places import FILES, folder_below
from bench.agent.session import Session
from bench.agent.unsynced import mark_unsynced


def put_batch(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Take whole files in: `files` are triples of sha256, size and suffix, their bytes follow one another.

    Raises:
        OpError: sizes do not fit, the content of one is not what its hash says, or the disk is full; files
            before that one are there.
    """
    folder = folder_below(session.root, FILES)
    mark_unsynced(session.root)
    content, offset = memoryview(body), 0
    for sha256, size, suffix in request.get("files", ()):
        values = {"sha256": sha256, "size": size, "suffix": suffix}
        path, size = folder / (sha256_of(values) + suffix_of(values)), size_of(values, "size")
        part = content[offset : offset + size]
        offset += size
        if len(part) != size or hashlib.sha256(part).hexdigest() != sha256:
            raise OpError("bad_request", f"{path.name}: what came is not this file; send it again")
        _write(path, part)
    return {"num_files": len(request.get("files", ()))}


def _write(path: Path, content: memoryview) -> None:
    """Write a file under another name, then give it its own."""
    scratch = f"{path}.{os.getpid()}.scratch"
    try:
        descriptor = os.open(
            scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        try:
            rest = content
            while len(rest):
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)
        os.rename(scratch, path)
    except OSError as problem:
        Path(scratch).unlink(missing_ok=True)
        raise _refusal(problem, path, len(content)) from problem


def _refusal(problem: OSError, path: Path, size: int) -> OpError:
    if problem.errno not in (errno.ENOSPC, errno.EDQUOT):
        return OpError("host_error", f"{path}: cannot be written: {problem.strerror or problem}")
    free_bytes = shutil.disk_usage(path.parent).free
    message = (
        f"{path.parent}: the device's disk is full: {size} bytes are needed, {free_bytes} bytes are free"
    )
    return OpError("disk_full", message, free_bytes=free_bytes, needed_bytes=size)
