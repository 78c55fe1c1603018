"""Host: a place that runs jobs. The local one starts processes; a remote one changes the transport only.

A job lives in `<root>/jobs/<job id>/` on its host: `job.json` goes in, `journal.jsonl` and result files come
out. The controller follows the journal from a byte offset, so a lost connection loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from bench.errors import HostError
from bench.wire.job import Job

# Why a job ended other than by itself: `time_limit` it was killed for its time; `stopped` by request;
# `reboot` the machine was started anew meanwhile; `lost` nothing is known of its end.
EndCause = Literal["", "time_limit", "stopped", "reboot", "lost"]

# What may be asked of the right to measure.
LeaseAction = Literal["take", "renew", "release", "show"]

# Called with bytes brought over so far and bytes to bring in all.
OnTransfer = Callable[[int, int], None]


class BusyError(HostError):
    """Someone else measures on that board.

    Attributes:
        holder: one sentence on who it is, and since when.
    """

    def __init__(self, message: str, holder: str = "") -> None:
        super().__init__(message)
        self.holder = holder or message


@dataclass(frozen=True)
class Ended:
    """How the process of a job ended.

    Attributes:
        exit_code: None where a signal ended it.
        signal: name of that signal, such as `SIGSEGV`; empty where it left by itself.
        stderr_tail: the last lines that it wrote to standard error.
        num_oom_kills: processes that the kernel killed for want of memory, on this machine, while the job
            ran; None where it does not count them.
        cause: why, where it did not end by itself.
    """

    exit_code: int | None
    signal: str
    stderr_tail: tuple[str, ...]
    num_oom_kills: int | None = None
    cause: EndCause = ""


@dataclass(frozen=True)
class HostFile:
    """A file of this machine that a host needs, known by its content."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Task:
    """A job and how long it may take; the host kills one that takes longer."""

    job: Job
    timeout_seconds: float


class Host(Protocol):
    """What the run loop asks of a place. Used by one thread at a time.

    Attributes:
        name: as suites call it.
        board: which of several boards under that name; empty where there is one.
        is_detached: jobs there go on when this process ends or loses them.
    """

    name: str
    board: str
    is_detached: bool

    @property
    def root(self) -> str:
        """The absolute folder on the host; relative paths in a job start there.

        Raises:
            HostError: the host cannot be reached.
        """

    def facts(self) -> dict[str, Any]:
        """Describe the machine and the runtimes installed there.

        Raises:
            HostError: the agent cannot be run there.
        """

    def put(self, files: Sequence[HostFile], on_transfer: OnTransfer | None = None) -> dict[str, str]:
        """Bring files to the host, those that it does not have; returns sha256 -> path that a job may name.

        Raises:
            HostError: a file is missing or cannot be brought there.
        """

    def start(self, tasks: Sequence[Task]) -> None:
        """Queue jobs behind those that are queued already; they run one at a time, in order. Returns at once.

        Raises:
            HostError: a job's folder cannot be made, or nothing can be started there.
        """

    def jobs(self) -> tuple[str, ...]:
        """Return the ids of the jobs that the host still knows, queued, running or ended, in their order."""

    def events(self, job_id: str, offset: int, timeout_seconds: float) -> tuple[list[dict[str, Any]], int]:
        """Wait for news of a job without using the processor.

        Returns:
            Events behind the offset and the new offset, as soon as there are any; no events when the job
            ended or the time is up.

        Raises:
            HostError: the host does not know the job, or cannot be reached any more.
        """

    def ended(self, job_id: str) -> Ended | None:
        """Return how a job's process ended; None while it waits or runs."""

    def fetch(self, job_id: str, name: str, destination: Path) -> None:
        """Copy a file of a job's folder; the destination is whole or untouched.

        Raises:
            HostError: the job has no such file, or it cannot be written here.
        """

    def forget(self, job_id: str) -> None:
        """Remove what an ended job left on the host; what was fetched stays here."""

    def stop(self, job_id: str) -> None:
        """Kill a job and everything it started, or take it out of the queue; returns when it is gone.

        Nothing happens if it ended.
        """

    def lease(self, action: LeaseAction, owner: str, run: str) -> dict[str, Any]:
        """Ask for the right to measure on this board, which one run has at a time; see `bench.wire.lease`.

        Returns:
            Who has it; `boot_id` and `path`, by which two hosts can be told to be the same machine.

        Raises:
            BusyError: someone else has it.
        """

    def close(self) -> None:
        """Let go of the host, from any thread: who waits for it gets a HostError. Detached jobs go on."""


def put_file(host: Host, path: Path, sha256: str) -> str:
    """Bring one file to a host; returns a path that a job may name.

    Raises:
        HostError: the file is missing or cannot be brought there.
    """
    return host.put([HostFile(path, sha256)])[sha256]
