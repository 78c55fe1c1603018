"""A host that runs nothing: it answers jobs with prepared events and files.

For trials of everything that follows a host. A trial of the agent itself uses the local host and the fake
runtime instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.errors import HostError
from bench.hosts.base import EndCause, Ended, HostFile, LeaseAction, OnTransfer, Task
from bench.wire.job import Job


@dataclass(frozen=True)
class FakeAnswer:
    """What a job yields.

    Attributes:
        events: journal events without `seq` and `time`, which the host adds.
        files: of the job's folder, by name.
        ended: None plays a job that hangs after its last event, until its time is up.
    """

    events: tuple[dict[str, Any], ...] = ({"type": "started"}, {"type": "result"}, {"type": "finished"})
    files: dict[str, bytes] = field(default_factory=dict)
    ended: Ended | None = Ended(exit_code=0, signal="", stderr_tail=())


class FakeHost:
    """Answers each job by asking `answer`; keeps the jobs that it was given in `started`."""

    name = "fake"
    board = ""
    is_detached = False

    def __init__(
        self,
        root: Path,
        answer: Callable[[Job], FakeAnswer] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.root = str(root)
        self.started: list[Job] = []
        self._answer = answer or (lambda job: FakeAnswer())
        self._answers: dict[str, FakeAnswer] = {}
        self._stopped: set[str] = set()

    def facts(self) -> dict[str, Any]:
        """Return the facts of a machine that does not exist."""
        return {"cpu": "fake", "num_cores": 1, "runtimes": {}}

    def put(self, files: Sequence[HostFile], on_transfer: OnTransfer | None = None) -> dict[str, str]:
        """Return the paths as they are."""
        return {file.sha256: str(file.path) for file in files}

    def start(self, tasks: Sequence[Task]) -> None:
        """Ask for the jobs' answers."""
        for task in tasks:
            self.started.append(task.job)
            self._answers[task.job.id] = self._answer(task.job)

    def jobs(self) -> tuple[str, ...]:
        """Return the jobs that were started and not forgotten."""
        return tuple(self._answers)

    def events(self, job_id: str, offset: int, timeout_seconds: float) -> tuple[list[dict[str, Any]], int]:
        """Return all events behind the offset, which counts events here; never waits."""
        events = self._answers[job_id].events
        numbered = [{"seq": i, "time": float(i), **event} for i, event in enumerate(events)]
        return numbered[offset:], len(events)

    def ended(self, job_id: str) -> Ended | None:
        """Return the prepared end; that of a job that hangs is its time limit, or that it was stopped."""
        ended = self._answers[job_id].ended
        if ended is not None:
            return ended
        cause: EndCause = "stopped" if job_id in self._stopped else "time_limit"
        return Ended(exit_code=None, signal="SIGKILL", stderr_tail=(), cause=cause)

    def fetch(self, job_id: str, name: str, destination: Path) -> None:
        """Write a prepared file."""
        files = self._answers[job_id].files
        if name not in files:
            raise HostError(f"job {job_id}: has no file {name}, expected one of {', '.join(files) or 'none'}")
        destination.write_bytes(files[name])

    def forget(self, job_id: str) -> None:
        """Remove a job's answer."""
        self._answers.pop(job_id, None)

    def stop(self, job_id: str) -> None:
        """Note that the job was stopped."""
        self._stopped.add(job_id)

    def lease(self, action: LeaseAction, owner: str, run: str) -> dict[str, Any]:
        """Let anybody measure."""
        return {}

    def close(self) -> None:
        """Do nothing."""
