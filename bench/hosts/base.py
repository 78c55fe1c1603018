"""Host: a place that runs jobs. The local one starts a process; a remote one changes the transport only.

A job lives in `<root>/jobs/<job id>/` on its host: `job.json` goes in, `journal.jsonl` and result files come
out. The controller follows the journal from a byte offset, so a lost connection loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bench.wire.job import Job

# Of what a job wrote to standard error, the last lines that a record keeps.
STDERR_LINES = 10


@dataclass(frozen=True)
class Ended:
    """How the process of a job ended.

    Attributes:
        exit_code: None where a signal ended it.
        signal: name of that signal, such as `SIGSEGV`; empty where it left by itself.
        stderr_tail: the last lines that it wrote to standard error.
        num_oom_kills: processes that the kernel killed for want of memory, on this machine, while the job
            ran; None where it does not count them.
    """

    exit_code: int | None
    signal: str
    stderr_tail: tuple[str, ...]
    num_oom_kills: int | None = None


class Host(Protocol):
    """What the run loop asks of a place.

    Attributes:
        name: as suites call it.
        root: absolute folder on the host; relative paths in a job start there.
    """

    name: str
    root: str

    def facts(self) -> dict[str, Any]:
        """Describe the machine and the runtimes installed there.

        Raises:
            HostError: the agent cannot be run there.
        """

    def put(self, path: Path, sha256: str) -> str:
        """Bring a file to the host, unless it has it; returns a path that a job may name.

        Raises:
            HostError: the file is missing or cannot be brought there.
        """

    def start(self, job: Job) -> None:
        """Start a job; returns at once.

        Raises:
            HostError: the job's folder cannot be made, or its process cannot be started.
        """

    def events(self, job_id: str, offset: int, timeout_seconds: float) -> tuple[list[dict[str, Any]], int]:
        """Wait for news of a job without using the processor.

        Returns:
            Events behind the offset and the new offset, as soon as there are any; no events when the job
            ended or the time is up.
        """

    def ended(self, job_id: str) -> Ended | None:
        """Return how a job's process ended; None while it runs."""

    def fetch(self, job_id: str, name: str, destination: Path) -> None:
        """Copy a file of a job's folder; the destination is whole or untouched.

        Raises:
            HostError: the job has no such file, or it cannot be written here.
        """

    def forget(self, job_id: str) -> None:
        """Remove what an ended job left on the host; what was fetched stays here."""

    def stop(self, job_id: str) -> None:
        """Kill a job and everything it started; returns when it is gone. Nothing happens if it ended."""
