"""Drive building processes through the requests of one model, replacing one that crashes or hangs."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import bench
from bench.building.outcome import BuildFailure
from bench.building.request import BuildRequest
from bench.building.store import ArtifactStore
from bench.building.worker_files import LOG_NAME, REQUESTS_NAME, SCRATCH_NAME
from bench.core.artifact import Artifact
from bench.errors import BuildError
from bench.wire.codec import from_json, to_json
from bench.wire.journal import JOURNAL_NAME, read_events

Outcome = Artifact | BuildFailure

STDERR_LINES = 10

# -P: the working directory is not searched for modules.
# -X faulthandler: a crash in native code leaves its Python lines in the log.
WORKER = (sys.executable, "-P", "-X", "faulthandler", "-m", "bench.building.worker")


@dataclass
class _Progress:
    """How far one process is.

    Attributes:
        current: key of the request at hand; empty between requests.
        log_start: size of the log when it began.
        deadline: on the monotonic clock.
    """

    deadline: float
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    current: str = ""
    log_start: int = 0
    offset: int = 0


class Session:
    """The building processes of one model.

    Args:
        folder: of this model; each process gets a folder in it.
        command: of a building process; the folder is its last argument.
    """

    def __init__(
        self,
        store: ArtifactStore,
        folder: Path,
        timeout_seconds: float,
        on_event: Callable[[dict[str, Any]], None],
        memory_limit_bytes: int = 0,
        command: Sequence[str] = WORKER,
    ) -> None:
        self._store, self._folder = store, folder
        self._timeout, self._on_event, self._memory = timeout_seconds, on_event, memory_limit_bytes
        self._command = command
        self._number = 0

    def build(self, requests: dict[str, BuildRequest]) -> dict[str, Outcome]:
        """Build requests by key; each of them gets an outcome."""
        outcomes: dict[str, Outcome] = {}
        while remaining := {key: value for key, value in requests.items() if key not in outcomes}:
            outcomes.update(self._run_process(remaining))
        return outcomes

    def _run_process(self, requests: dict[str, BuildRequest]) -> dict[str, Outcome]:
        """Run one process for as long as it lasts; at least one request has an outcome afterwards."""
        folder = self._new_folder(requests)
        progress = _Progress(deadline=time.monotonic() + self._timeout)
        with open(folder / LOG_NAME, "wb") as log:
            process = _start([*self._command, str(folder)], log)
            try:
                cause = self._follow(process, folder, progress)
            finally:
                _stop(process)
                shutil.rmtree(folder / SCRATCH_NAME, ignore_errors=True)
        self._read(folder, progress)
        self._conclude(folder, progress, requests, cause or _describe_end(process.returncode))
        return progress.outcomes

    def _follow(self, process: subprocess.Popen[bytes], folder: Path, progress: _Progress) -> str:
        """Take in events until the process ends; return why it was stopped, or nothing if it ended itself."""
        assert process.stdout is not None
        while True:
            seconds = progress.deadline - time.monotonic()
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, seconds))
            if not ready:
                return f"took longer than the limit of {self._timeout:g} s and was stopped"
            if not os.read(process.stdout.fileno(), 4096):
                return ""
            self._read(folder, progress)

    def _read(self, folder: Path, progress: _Progress) -> None:
        events, progress.offset = read_events(folder / JOURNAL_NAME, progress.offset)
        for event in events:
            self._take_in(event, folder, progress)
            self._on_event(event)

    def _take_in(self, event: dict[str, Any], folder: Path, progress: _Progress) -> None:
        key = event["key"]
        if event["type"] == "started":
            progress.current, progress.log_start = key, event["log_bytes"]
            progress.deadline = time.monotonic() + self._timeout
        elif event["type"] == "result":
            progress.outcomes[key] = from_json(Artifact, event["artifact"])
            progress.current = ""
        elif event["type"] == "failed":
            tail = _tail(folder / LOG_NAME, progress.log_start)
            progress.outcomes[key] = BuildFailure(event["message"], tail, event["is_unavailable"])
            progress.current = ""

    def _conclude(
        self, folder: Path, progress: _Progress, requests: dict[str, BuildRequest], cause: str
    ) -> None:
        """Blame what was being built when the process ended; blame all if it never got to work."""
        tail = _tail(folder / LOG_NAME, progress.log_start)
        if progress.current:
            progress.outcomes[progress.current] = BuildFailure(f"building {cause}", tail)
        elif not progress.outcomes:
            reason = f"the building process did not start: it {cause}"
            progress.outcomes.update({key: BuildFailure(reason, tail) for key in requests})

    def _new_folder(self, requests: dict[str, BuildRequest]) -> Path:
        """Make the folder of the next process, with its requests in it."""
        while (folder := self._folder / f"process-{self._number:02}").exists():
            self._number += 1
        content = {
            "store": str(self._store.root),
            "memory_limit_bytes": self._memory,
            "requests": {key: to_json(request) for key, request in requests.items()},
        }
        try:
            folder.mkdir(parents=True)
            (folder / REQUESTS_NAME).write_text(json.dumps(content, indent=1), encoding="utf-8")
        except OSError as problem:
            raise BuildError(f"{folder}: cannot be written ({problem.strerror}); check the disk") from problem
        return folder


def _start(command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a builder in a session of its own, so that it can be stopped with all its children."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        env=_environment(),
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    """Return an environment in which TensorFlow is quiet, stays on the processor and within its cores."""
    threads = str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    paths = [str(Path(bench.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        "OMP_NUM_THREADS": threads,
    }


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process group, whatever state it is in, and collect the process."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _describe_end(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name
    return f"was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")


def _tail(path: Path, start: int) -> tuple[str, ...]:
    """Return the last lines of a log from a byte offset on."""
    content = path.read_bytes()[start:]
    lines = [line.rstrip() for line in content.decode(errors="replace").splitlines() if line.strip()]
    return tuple(lines[-STDERR_LINES:])
