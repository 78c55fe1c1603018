"""A host that runs nothing: it answers jobs with prepared events and files.

For trials of everything that follows a host. A trial of the agent itself uses the local host and the fake
runtime instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.errors import HostError
from bench.hosts.base import Ended
from bench.wire.job import Job


@dataclass(frozen=True)
class FakeAnswer:
    """What a job yields.

    Attributes:
        events: journal events without `seq` and `time`, which the host adds.
        files: of the job's folder, by name.
        ended: None plays a job that hangs after its last event, until it is stopped.
    """

    events: tuple[dict[str, Any], ...] = ({"type": "started"}, {"type": "result"}, {"type": "finished"})
    files: dict[str, bytes] = field(default_factory=dict)
    ended: Ended | None = Ended(exit_code=0, signal="", stderr_tail=())


class FakeHost:
    """Answers each job by asking `answer`; keeps the jobs that it was given in `jobs`."""

    name = "fake"

    def __init__(self, root: Path, answer: Callable[[Job], FakeAnswer] | None = None) -> None:
        self.root = str(root)
        self.jobs: list[Job] = []
        self._answer = answer or (lambda job: FakeAnswer())
        self._answers: dict[str, FakeAnswer] = {}
        self._stopped: set[str] = set()

    def facts(self) -> dict[str, Any]:
        """Return the facts of a machine that does not exist."""
        return {"cpu": "fake", "num_cores": 1, "runtimes": {}}

    def put(self, path: Path, sha256: str) -> str:
        """Return the path as it is."""
        return str(path)

    def start(self, job: Job) -> None:
        """Ask for the job's answer."""
        self.jobs.append(job)
        self._answers[job.id] = self._answer(job)

    def events(self, job_id: str, offset: int, timeout_seconds: float) -> tuple[list[dict[str, Any]], int]:
        """Return all events behind the offset, which counts events here; never waits."""
        events = self._answers[job_id].events
        numbered = [{"seq": i, "time": float(i), **event} for i, event in enumerate(events)]
        return numbered[offset:], len(events)

    def ended(self, job_id: str) -> Ended | None:
        """Return the prepared end; that of a stopped job is SIGKILL."""
        if job_id in self._stopped and self._answers[job_id].ended is None:
            return Ended(exit_code=None, signal="SIGKILL", stderr_tail=())
        return self._answers[job_id].ended

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
