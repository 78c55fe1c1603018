"""The keeper: runs a device's queued jobs one at a time, and goes when none is left.

`python -m bench.agent.keeper ROOT` is started by a session and outlives it: a session of its own, nothing of
the channel open, deaf to hang-ups. It sleeps while a job runs; followers read the job's journal themselves.
Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bench
from bench.agent.job_folder import STDERR_NAME, STOP_NAME, JobFolder
from bench.agent.job_queue import JobQueue, ending, kill_group
from bench.wire.ending import read_oom_kills, read_tail, signal_name
from bench.wire.job import PARENT_VARIABLE
from bench.wire.process import start_ticks
from bench.wire.shipped import AGENT_VARIABLE, agent_sha256

_LOG_NAME = "keeper.log"
_LOG_BYTES = 262_144
# Of 1,000: the kernel, short of memory, takes the job before anything else, such as the SSH server.
_OOM_SCORE = 900
# With less than this free a job that broke probably broke for want of it.
_FULL_BYTES = 1_000_000
# As a shell says that a program cannot be started.
_NOT_STARTED = 127


def start_keeper(queue: JobQueue) -> subprocess.Popen[bytes] | None:
    """Start a keeper if none lives; call it with the queue locked.

    Returns:
        The process, to be waited for one day; None where a keeper lives.
    """
    if queue.keeper() is not None:
        return None
    log = queue.root / _LOG_NAME
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.unlink()
    with open(log, "ab") as file:
        keeper = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "bench.agent.keeper", str(queue.root)],
            cwd=queue.root,
            env=_own_environment(),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    queue.keep(keeper.pid)
    return keeper


def main(arguments: list[str]) -> int:
    """Run all queued jobs; returns the exit code."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o077)
    queue = JobQueue(Path(arguments[0]))
    with queue.locked():
        found = queue.keeper()
        if found is not None and found[0] != os.getpid():
            return 0
        queue.settle_locked()
        queue.keep(os.getpid())
    environment = {**_own_environment(), AGENT_VARIABLE: agent_sha256(), PARENT_VARIABLE: str(os.getpid())}
    while (running := _begin_next(queue, environment)) is not None:
        running.folder.end(_follow(running))
    if (queue.root / "governor.json").exists():
        from bench.agent.governing import restore_if_unused

        restore_if_unused(queue.root, False)
    return 0


@dataclass(frozen=True)
class _Running:
    """A job that was started, and the kernel's count of memory kills as it began."""

    folder: JobFolder
    process: subprocess.Popen[bytes]
    timeout_seconds: float
    num_oom_kills: int | None


def _begin_next(queue: JobQueue, environment: dict[str, str]) -> _Running | None:
    """Start the next job that can be started; without any, let go of the queue."""
    with queue.locked():
        while (folder := queue.next()) is not None:
            try:
                return _begin_known(queue, folder, environment)
            except (OSError, KeyError, TypeError) as problem:
                said = f"the job cannot be started: {problem}"
                folder.end(ending(exit_code=_NOT_STARTED, stderr_tail=(said,)))
        queue.leave()
        return None


def _begin_known(queue: JobQueue, folder: JobFolder, environment: dict[str, str]) -> _Running:
    """Start a job and write down which process it is; a job that cannot be found again must not run."""
    running = _begin(folder, environment)
    pid = running.process.pid
    try:
        queue.keep(os.getpid(), {"id": folder.id, "pid": pid, "ticks": start_ticks(pid)})
    except OSError:
        kill_group(pid, start_ticks(pid))
        running.process.wait()
        raise
    return running


def _begin(folder: JobFolder, environment: dict[str, str]) -> _Running:
    """Start a job's process in a session of its own, the first to go when memory runs out."""
    task = folder.task()
    num_oom_kills = read_oom_kills()
    with open(folder.path / STDERR_NAME, "wb") as stderr:
        process = subprocess.Popen(
            [task["python"], "-P", "-s", "-X", "faulthandler", "-m", "bench.agent", str(folder.path)],
            cwd=folder.path,
            env={**environment, **task["environment"], "PYTHONPATH": environment["PYTHONPATH"]},
            stdin=subprocess.DEVNULL,
            # Wakes nobody: followers watch the journal.
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    with contextlib.suppress(OSError):
        Path(f"/proc/{process.pid}/oom_score_adj").write_text(str(_OOM_SCORE))
    return _Running(folder, process, task["timeout_seconds"], num_oom_kills)


def _follow(running: _Running) -> dict[str, Any]:
    """Sleep until the job has ended or is late, and return its end."""
    process = running.process
    is_late = not _wait(process, running.timeout_seconds)
    # It is not waited for yet, so its number is still its own; what it started goes with it.
    kill_group(process.pid, start_ticks(process.pid))
    code = process.wait()
    now = read_oom_kills()
    before = running.num_oom_kills
    return ending(
        exit_code=code if code >= 0 else None,
        signal_name=signal_name(-code) if code < 0 else "",
        stderr_tail=(*read_tail(running.folder.path / STDERR_NAME), *_disk_words(running.folder.path, code)),
        num_oom_kills=None if now is None or before is None else now - before,
        cause=_cause(running.folder, code, is_late),
    )


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Sleep until a process has ended; returns whether it did in time."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):
        # Kernels before 5.3; this looks twenty times a second.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return process.returncode is not None
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def _cause(folder: JobFolder, code: int, is_late: bool) -> str:
    if is_late:
        return "time_limit"
    is_stopped = code == -signal.SIGKILL and (folder.path / STOP_NAME).exists()
    return "stopped" if is_stopped else ""


def _disk_words(folder: Path, code: int) -> tuple[str, ...]:
    """Return a last line for a job that broke on a full disk, for it could not write one."""
    free_bytes = shutil.disk_usage(folder).free
    if code == 0 or free_bytes >= _FULL_BYTES:
        return ()
    return (f"the device's disk is full: {free_bytes} bytes are free",)


def _own_environment() -> dict[str, str]:
    """Return the environment in which this very agent is found, without what belongs to the connection."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SSH_"))}
    return {**kept, "PYTHONPATH": str(Path(bench.__file__).parent.parent)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
