"""Fetches a file of a job: whole, verified and on the disk, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from pathlib import Path
from typing import IO

from bench.errors import HostError
from bench.hosts.ssh.line import Line

# A file that changes while it is fetched is begun again that often.
_ATTEMPTS = 3


def fetch_file(line: Line, job_id: str, name: str, destination: Path) -> None:
    """Copy a file of a job's folder here; a lost connection goes on where it was cut.

    Raises:
        HostError: the job has no such file, it does not stay the same, or it cannot be written here.
    """
    scratch = destination.with_name(f"{destination.name}.{os.getpid()}-{threading.get_ident()}.scratch")
    try:
        for _ in range(_ATTEMPTS):
            if _fetch(line, job_id, name, scratch):
                os.replace(scratch, destination)
                _sync_folder(destination.parent)
                return
        raise HostError(f"job {job_id}: {name} changes, or is damaged, while it is fetched")
    except OSError as problem:
        raise HostError(f"job {job_id}: {name} cannot be fetched to {destination}: {problem}") from problem
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink()


def _fetch(line: Line, job_id: str, name: str, scratch: Path) -> bool:
    """Bring all bytes into the scratch file; tells whether they are those that the device has."""
    with open(scratch, "wb") as file:
        sha256 = _receive(line, job_id, name, file)
        file.flush()
        os.fsync(file.fileno())
    return sha256


def _receive(line: Line, job_id: str, name: str, file: IO[bytes]) -> bool:
    digest, offset, planned = hashlib.sha256(), 0, ""
    while True:
        answer, body = line.call("fetch", job=job_id, name=name, offset=offset)
        planned = str(answer.get("sha256") or planned)
        file.write(body)
        digest.update(body)
        offset += len(body)
        if offset >= int(answer["size"]) or not body:
            return digest.hexdigest() == planned


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
