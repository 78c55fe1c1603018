"""The queue of a device: which jobs in which order, who keeps them, which one runs; shared by processes.

`queue.json` holds all jobs that are not forgotten, in their order; `keeper.json` the keeper and its job. Both
change under a lock that the kernel lets go when its holder dies. A job's state follows from these and from
its folder, so nothing is written twice.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.agent.job_folder import JobFolder
from bench.agent.places import read_json, write_json
from bench.wire.boot import read_boot_id
from bench.wire.process import is_same, start_ticks

_QUEUE_NAME = "queue.json"
_KEEPER_NAME = "keeper.json"
_LOCK_NAME = "queue.lock"
# Holds the longest job id.
_KEEPER_BYTES = 1024
# A killed process is gone at once, unless it waits for a disk.
_KILL_SECONDS = 5.0


class JobQueue:
    """The queue below a root folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._num_ended = 0
        self._seen: tuple[tuple[int, int], dict[str, Any]] | None = None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other sessions and the keeper from changing the queue."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.root / _LOCK_NAME, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def ids(self) -> list[str]:
        """Return the jobs in their order, ended ones and such as were forgotten meanwhile too."""
        return list(self._content().get("jobs", ()))

    def jobs(self) -> list[JobFolder]:
        """Return the jobs that are not forgotten, in their order."""
        return [folder for folder in (JobFolder(self.root, name) for name in self.ids()) if folder.exists()]

    def add(self, ids: list[str]) -> None:
        """Put jobs at the end, and leave out forgotten ones; call it locked."""
        kept = [folder.id for folder in self.jobs() if folder.id not in set(ids)]
        write_json(self.root / _QUEUE_NAME, {"boot_id": read_boot_id(), "jobs": kept + ids})

    def next(self) -> JobFolder | None:
        """Return the first job that waits; call it locked."""
        ids = self.ids()
        # Ended ones are looked at once: a thousand jobs would look a million times otherwise.
        for name in ids[self._num_ended :]:
            folder = JobFolder(self.root, name)
            if folder.exists() and not folder.has_ended():
                return folder
            self._num_ended += 1
        return None

    def keeper(self) -> tuple[int, int | None] | None:
        """Return number and start of the keeper that lives; None where none does."""
        found = read_json(self.root / _KEEPER_NAME)
        if not isinstance(found, dict) or found.get("boot_id") != read_boot_id():
            return None
        pid, ticks = found["keeper"]
        return (pid, ticks) if is_same(pid, ticks) else None

    def running(self) -> dict[str, Any] | None:
        """Return id, pid and start of the job that a keeper runs, whether or not that keeper lives."""
        found = read_json(self.root / _KEEPER_NAME)
        job = found.get("job") if isinstance(found, dict) else None
        return job if isinstance(job, dict) else None

    def keep(self, keeper: int, job: dict[str, Any] | None = None) -> None:
        """Write down who keeps the queue, and what it runs; call it locked."""
        content = {"keeper": [keeper, start_ticks(keeper)], "boot_id": read_boot_id(), "job": job}
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.root / _KEEPER_NAME, flags, 0o600)
        try:
            # In place, always of one size: a disk that is full by then takes it. Who reads half of it asks
            # again with the lock in hand.
            os.pwrite(descriptor, json.dumps(content).encode().ljust(_KEEPER_BYTES), 0)
        finally:
            os.close(descriptor)

    def leave(self) -> None:
        """Write down that nobody keeps the queue; call it locked."""
        (self.root / _KEEPER_NAME).unlink(missing_ok=True)

    def settle(self) -> None:
        """End what cannot end any more: jobs of an earlier boot, and the one whose keeper is gone."""
        if self._is_settled():
            return
        with self.locked():
            self.settle_locked()

    def settle_locked(self) -> None:
        """Do the same with the lock in hand."""
        if self._is_settled():
            return
        boot_id = read_boot_id()
        if self._content().get("boot_id", boot_id) != boot_id:
            for folder in self.jobs():
                folder.end(ending(cause="reboot"))
            self.leave()
            write_json(self.root / _QUEUE_NAME, {"boot_id": boot_id, "jobs": self.ids()})
        elif (job := self.running()) is not None:
            kill_group(job["pid"], job["ticks"])
            JobFolder(self.root, job["id"]).end(ending(cause="lost"))
        self.leave()

    def _is_settled(self) -> bool:
        boot_id = read_boot_id()
        if self._content().get("boot_id", boot_id) != boot_id:
            return False
        return not (self.root / _KEEPER_NAME).exists() or self.keeper() is not None

    def _content(self) -> dict[str, Any]:
        """Return what `queue.json` holds, read again only when it was replaced."""
        path = self.root / _QUEUE_NAME
        try:
            found = path.stat()
        except OSError:
            return {}
        key = (found.st_ino, found.st_mtime_ns)
        if self._seen is None or self._seen[0] != key:
            content = read_json(path)
            self._num_ended = 0
            self._seen = (key, content if isinstance(content, dict) else {})
        return self._seen[1]


def ending(
    *,
    exit_code: int | None = None,
    signal_name: str = "",
    stderr_tail: tuple[str, ...] = (),
    num_oom_kills: int | None = None,
    cause: str = "",
) -> dict[str, Any]:
    """Return an end in the words of `bench.hosts.base.Ended`, and the boot in which it came."""
    return {
        "exit_code": exit_code,
        "signal": signal_name,
        "stderr_tail": list(stderr_tail),
        "num_oom_kills": num_oom_kills,
        "cause": cause,
        "boot_id": read_boot_id(),
    }


def kill_group(pid: int, ticks: int | None) -> None:
    """Kill a job and everything that it started; nothing happens if its number is someone else's by now."""
    found = start_ticks(pid)
    if found is not None and found != ticks:
        return
    # Without its leader a group keeps its number as long as anyone is in it.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + _KILL_SECONDS
    while start_ticks(pid) == ticks is not None and time.monotonic() < deadline:
        time.sleep(0.01)
