"""The folder of one job on a device: what goes in, and how its end is written there.

`job.json` and `task.json` go in; `journal.jsonl`, `stderr.txt` and results come out; `ended.json` tells how
the process ended. Room for that is taken when the job is queued, so that a full disk cannot hide an end.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from bench.agent.ops import OpError
from bench.agent.places import JOBS, read_json
from bench.wire.job import JOB_NAME

TASK_NAME = "task.json"
STDERR_NAME = "stderr.txt"
ENDED_NAME = "ended.json"
# Left by who asks for a job's end, before the job is killed.
STOP_NAME = "stop"
_ROOM_NAME = "ended.room"
# No job's id begins with a dot.
_GONE_PREFIX = ".gone."
# One block of any file system.
_ROOM_BYTES = 4096
# Of one line of standard error; ten of them fit into the room, also with every character escaped.
_LINE_CHARACTERS = 300


class JobFolder:
    """The folder of a job, by the job's id."""

    def __init__(self, root: Path, job_id: str) -> None:
        self.id = job_id
        self.path = root / JOBS / job_id

    def exists(self) -> bool:
        """Whether the job was queued and is not forgotten; a link is no folder."""
        is_link = self.path.is_symlink() or self.path.parent.is_symlink()
        return self.path.is_dir() and not is_link

    def create(self, job: dict[str, Any], task: dict[str, Any]) -> None:
        """Make the folder anew: one of an earlier attempt would mix two journals."""
        self.remove()
        self.path.mkdir(mode=0o700)
        (self.path / JOB_NAME).write_text(json.dumps(job), encoding="utf-8")
        (self.path / TASK_NAME).write_text(json.dumps(task), encoding="utf-8")
        (self.path / _ROOM_NAME).write_bytes(b" " * _ROOM_BYTES)

    def remove(self) -> None:
        """Remove the folder and all that is in it; of a link only the link."""
        if self.path.is_symlink():
            self.path.unlink()
        elif self.exists():
            # At once: with its end gone but its folder there the keeper would run it again.
            gone = self.path.with_name(f"{_GONE_PREFIX}{os.getpid()}.{self.id}")
            os.rename(self.path, gone)
            shutil.rmtree(gone)

    def holds(self, job: dict[str, Any]) -> bool:
        """Whether this very job lies here."""
        return bool(read_json(self.path / JOB_NAME) == job)

    def task(self) -> dict[str, Any]:
        """Return what was said beside the job: time limit, environment, Python."""
        task = read_json(self.path / TASK_NAME)
        return task if isinstance(task, dict) else {}

    def ended(self) -> dict[str, Any] | None:
        """Return how the job ended; None while nothing is known of that."""
        ended = read_json(self.path / ENDED_NAME)
        return ended if isinstance(ended, dict) else None

    def has_ended(self) -> bool:
        """Whether an end is written down."""
        return (self.path / ENDED_NAME).exists()

    def end(self, ended: dict[str, Any]) -> None:
        """Write down how the job ended, once, into the room that was taken for it."""
        if self.has_ended() or not self.exists():
            return
        room = self.path / _ROOM_NAME
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
        with open(os.open(room, flags, 0o600), "wb") as file:
            file.write(_fitted(ended))
            file.flush()
            os.fsync(file.fileno())
        os.replace(room, self.path / ENDED_NAME)
        sync_folder(self.path)


def sweep_jobs(root: Path) -> None:
    """Remove folders of forgotten jobs that a killed session did not get to remove."""
    for gone in (root / JOBS).glob(f"{_GONE_PREFIX}*"):
        shutil.rmtree(gone, ignore_errors=True)


def known_folder(root: Path, job_id: str) -> JobFolder:
    """Return the folder of a job that is there.

    Raises:
        OpError: it is not.
    """
    folder = JobFolder(root, job_id)
    if not folder.exists():
        raise OpError("unknown_job", f"job {job_id}: was never started here, or is forgotten")
    return folder


def sync_folder(path: Path) -> None:
    """Make a folder's entries survive a power cut, if it is still there and its file system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _fitted(ended: dict[str, Any]) -> bytes:
    """Return an end as JSON of exactly one room; lines that do not fit go, the oldest first."""
    lines = [line[:_LINE_CHARACTERS] for line in ended.get("stderr_tail", ())]
    while True:
        text = json.dumps({**ended, "stderr_tail": lines}).encode()
        if len(text) <= _ROOM_BYTES or not lines:
            return text.ljust(_ROOM_BYTES)
        lines = lines[1:]
