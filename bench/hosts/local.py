"""This machine as a host: the same agent as anywhere, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import HostError
from bench.hosts.base import BusyError, EndCause, Ended, HostFile, LeaseAction, OnTransfer, Task
from bench.hosts.spawning import job_environment, sync, wait_for_news, write_job
from bench.wire.boot import read_boot_id
from bench.wire.ending import read_oom_kills, read_tail, signal_name
from bench.wire.journal import JOURNAL_NAME, read_events
from bench.wire.lease import lease_path, release_lease, take_lease

_STDERR_NAME = "stderr.txt"
_FACTS_SECONDS = 60.0
_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@=+-]*")

# -P: the job folder, which is the working directory, is not searched for modules.
# -X faulthandler: a crash in native code leaves its Python lines on standard error.
_AGENT = (sys.executable, "-P", "-X", "faulthandler", "-m", "bench.agent")


@dataclass
class _Running:
    """A started job: its process, when it is late, and the kernel's count of memory kills as it began."""

    process: subprocess.Popen[bytes]
    deadline: float
    oom_kills: int | None
    cause: EndCause = ""


class LocalHost:
    """Runs jobs below a folder of this machine.

    The agent's standard output carries one short line an event. It only wakes this process up, which
    otherwise sleeps while the agent measures; what is read is the journal. A queued job begins when its
    events are first asked for, so follow queued jobs in their order.

    On Linux a job is killed when the thread that began it ends, so follow jobs from a thread that stays.
    """

    name = "local"
    board = ""
    is_detached = False

    def __init__(self, root: Path, environment: Mapping[str, str] | None = None) -> None:
        """Name a folder for the jobs.

        Args:
            environment: further variables of the jobs' processes.
        """
        self._root = root.resolve()
        self._further = dict(environment or {})
        self.root = str(self._root)
        self._queued: dict[str, float] = {}
        self._running: dict[str, _Running] = {}
        # Held while a job begins, so that none does after another thread has closed the host.
        self._beginning = threading.Lock()
        self._is_closed = False

    def facts(self) -> dict[str, Any]:
        """Describe this machine, as the agent sees it."""
        try:
            done = subprocess.run(
                [*_AGENT, "--facts"],
                env=job_environment(),
                capture_output=True,
                timeout=_FACTS_SECONDS,
                check=True,
            )
            facts: dict[str, Any] = json.loads(done.stdout)
        except subprocess.CalledProcessError as problem:
            said = problem.stderr.decode(errors="replace").strip()
            raise HostError(f"host {self.name}: the agent cannot run here: {said}") from problem
        except (OSError, subprocess.TimeoutExpired, ValueError) as problem:
            raise HostError(f"host {self.name}: the agent cannot run here: {problem}") from problem
        return facts

    def put(self, files: Sequence[HostFile], on_transfer: OnTransfer | None = None) -> dict[str, str]:
        """Return the files' absolute paths; nothing is copied, so nothing is hashed again."""
        for file in files:
            if not file.path.is_file():
                raise HostError(
                    f"{file.path}: no such file, expected one to use on host {self.name}; build it again"
                )
        return {file.sha256: str(file.path.resolve()) for file in files}

    def start(self, tasks: Sequence[Task]) -> None:
        """Write the jobs' folders; each begins when it is followed."""
        for task in tasks:
            folder = self._folder(task.job.id)
            try:
                write_job(folder, task.job)
            except OSError as problem:
                raise HostError(f"{folder}: the job cannot be started: {problem}") from problem
            self._running.pop(task.job.id, None)
            self._queued[task.job.id] = task.timeout_seconds

    def jobs(self) -> tuple[str, ...]:
        """Return the jobs of this process: none outlives it."""
        return (*self._running, *self._queued)

    def events(self, job_id: str, offset: int, timeout_seconds: float) -> tuple[list[dict[str, Any]], int]:
        """Sleep until the journal has news, the job has ended, or the time is up."""
        if job_id in self._queued:
            self._begin(job_id)
        running = self._job(job_id)
        journal = self._folder(job_id) / JOURNAL_NAME
        deadline = time.monotonic() + timeout_seconds
        while True:
            # Asked before reading: what an ended process wrote is all there.
            has_ended = running.process.poll() is not None
            events, offset = read_events(journal, offset)
            now = time.monotonic()
            if not has_ended and now >= running.deadline:
                self._kill(running, "time_limit")
            elif events or has_ended or now >= deadline:
                return events, offset
            else:
                wait_for_news(running.process, min(deadline, running.deadline) - now)

    def ended(self, job_id: str) -> Ended | None:
        """Return how the job's process ended; None while it waits or runs."""
        if job_id in self._queued:
            return None
        running = self._job(job_id)
        code = running.process.poll()
        if code is None:
            return None
        now = read_oom_kills()
        return Ended(
            exit_code=code if code >= 0 else None,
            signal=signal_name(-code) if code < 0 else "",
            stderr_tail=read_tail(self._folder(job_id) / _STDERR_NAME),
            num_oom_kills=None if now is None or running.oom_kills is None else now - running.oom_kills,
            cause=running.cause,
        )

    def fetch(self, job_id: str, name: str, destination: Path) -> None:
        """Copy a file of the job's folder, atomically."""
        scratch = destination.with_name(f"{destination.name}.{os.getpid()}.scratch")
        try:
            shutil.copyfile(self._folder(job_id) / name, scratch)
            sync(scratch)
            os.replace(scratch, destination)
            sync(destination.parent)
        except OSError as problem:
            scratch.unlink(missing_ok=True)
            raise HostError(
                f"job {job_id}: {name} cannot be fetched to {destination}: {problem}"
            ) from problem

    def stop(self, job_id: str) -> None:
        """Kill the job's process group and wait for its end, or take the job out of the queue."""
        if self._queued.pop(job_id, None) is None:
            running = self._job(job_id)
            self._kill(running, "stopped")
            if running.process.stdout is not None:
                running.process.stdout.close()

    def forget(self, job_id: str) -> None:
        """Remove the folder of an ended job."""
        running = self._running.pop(job_id, None)
        if running is not None and running.process.stdout is not None:
            running.process.stdout.close()
        shutil.rmtree(self._folder(job_id), ignore_errors=True)

    def lease(self, action: LeaseAction, owner: str, run: str) -> dict[str, Any]:
        """Take or give back this machine; it is free again when this process ends, however it ends."""
        path = lease_path()
        if action == "release":
            release_lease(path, owner, run)
        elif action != "show":
            found = take_lease(path, owner, run, grace_seconds=0.0)
            if found is not None:
                raise BusyError(f"host {self.name} is busy: {found.describe()}", found.describe())
        return {"boot_id": read_boot_id(), "path": str(path)}

    def close(self) -> None:
        """Stop what still runs, and begin nothing more."""
        with self._beginning:
            self._is_closed = True
            self._queued.clear()
            running = list(self._running.values())
        for one in running:
            self._kill(one, "stopped")

    def _begin(self, job_id: str) -> None:
        """Start the agent of a queued job in a process group of its own."""
        for earlier in self._running.values():
            if earlier.process.poll() is None:
                earlier.process.wait()
        folder = self._folder(job_id)
        with self._beginning:
            if self._is_closed:
                raise HostError(f"host {self.name}: closed; job {job_id!r} is not begun")
            self._spawn(job_id, folder)

    def _spawn(self, job_id: str, folder: Path) -> None:
        try:
            with open(folder / _STDERR_NAME, "wb") as stderr:
                process = subprocess.Popen(
                    [*_AGENT, str(folder)],
                    cwd=folder,
                    env={**job_environment(), **self._further},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    start_new_session=True,
                )
        except OSError as problem:
            raise HostError(f"{folder}: the job cannot be started: {problem}") from problem
        deadline = time.monotonic() + self._queued.pop(job_id)
        self._running[job_id] = _Running(process, deadline, read_oom_kills())

    def _kill(self, running: _Running, cause: EndCause) -> None:
        # Once the process is waited for, its number may belong to someone else.
        if running.process.poll() is None:
            running.cause = cause
            # Another thread may have waited for it just now.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()

    def _folder(self, job_id: str) -> Path:
        if not _JOB_ID.fullmatch(job_id):
            raise HostError(f"job id {job_id!r} cannot name a folder, expected letters, digits and ._@=+-")
        return self._root / "jobs" / job_id

    def _job(self, job_id: str) -> _Running:
        if job_id not in self._running:
            raise HostError(f"host {self.name}: job {job_id!r} was not started by this process")
        return self._running[job_id]
