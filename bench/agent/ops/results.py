"""Files that a job left in its folder, sent in pieces with the hash of the whole."""

from __future__ import annotations

import hashlib
import os
from io import BufferedReader
from typing import Any

from bench.agent.job_folder import known_folder
from bench.agent.ops import OpError
from bench.agent.ops.arguments import job_of, name_of, size_of
from bench.agent.places import opened_beside
from bench.agent.session import Session
from bench.wire.remote import PIECE_BYTES


def fetch(session: Session, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """Answer size and hash of a job's file, and as body what lies behind `offset`, at most one piece.

    Raises:
        OpError: the job or the file is not there.
    """
    job, name, offset = job_of(request), name_of(request), size_of(request, "offset", 0)
    folder = known_folder(session.root, job)
    try:
        with opened_beside(folder.path, name) as file:
            size = os.fstat(file.fileno()).st_size
            digest = _digest_of(session, file)
            file.seek(offset)
            return {"size": size, "sha256": digest, "offset": offset}, file.read(PIECE_BYTES)
    except OSError as problem:
        raise OpError("host_error", f"job {job}: {name} cannot be read: {problem.strerror}") from problem


def _digest_of(session: Session, file: BufferedReader) -> str:
    """Return the hash of a file; that of the last one is kept, for it is fetched in many pieces."""
    found = os.fstat(file.fileno())
    key = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
    known = session.state.get("results.digest")
    if known is None or known[0] != key:
        session.state["results.digest"] = known = (key, hashlib.file_digest(file, "sha256").hexdigest())
    digest: str = known[1]
    return digest
