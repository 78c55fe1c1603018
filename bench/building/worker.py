"""The building process: `python -m bench.building.worker FOLDER`.

Reads `requests.json` in the folder, builds one request after the other and journals each: `started`,
`progress`, then `result` or `failed`. It loads TensorFlow once for all requests of a model, and if it dies it
takes nothing along. Each journal line is followed by a byte on standard output, which wakes the controller.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from bench.building.request import BuildRequest
from bench.building.store import ArtifactStore
from bench.building.worker_files import REQUESTS_NAME, SCRATCH_NAME
from bench.building.workshop import Workshop
from bench.errors import BenchError, UnavailableError
from bench.wire.codec import from_json, to_json
from bench.wire.journal import JournalWriter

# Least seconds between two progress events: each of them is synced to disk.
_PROGRESS_SECONDS = 0.5


class Reporter:
    """Journals events of the request at hand and wakes the controller after each."""

    def __init__(self, journal: JournalWriter, wake: int) -> None:
        self._journal, self._wake = journal, wake
        self._key, self._last = "", 0.0

    def start(self, key: str) -> None:
        self._key, self._last = key, 0.0
        # Where this request's part of the log begins; only this side knows it for sure.
        sys.stderr.flush()
        self.event("started", log_bytes=os.fstat(2).st_size)

    def event(self, event_type: str, **values: Any) -> None:
        self._journal.append(event_type, key=self._key, **values)
        # Fails once the controller is gone, and then there is nobody to build for.
        os.write(self._wake, b".")

    def progress(self, text: str, done: int, total: int) -> None:
        now = time.monotonic()
        is_due = total == 0 or done == total or now - self._last >= _PROGRESS_SECONDS
        if is_due:
            self._last = now
            self.event("progress", text=text, done=done, total=total)


def main(folder: Path) -> None:
    """Build the requests of a folder."""
    wake = _take_standard_output()
    content = json.loads((folder / REQUESTS_NAME).read_text(encoding="utf-8"))
    _limit_memory(content["memory_limit_bytes"])
    reporter = Reporter(JournalWriter(folder), wake)
    scratch = folder / SCRATCH_NAME
    scratch.mkdir()
    workshop = Workshop(ArtifactStore(Path(content["store"])), scratch, reporter.progress)
    for key, request in content["requests"].items():
        reporter.start(key)
        _attempt(workshop, from_json(BuildRequest, request, f"requests.{key}"), reporter)


def _attempt(workshop: Workshop, request: BuildRequest, reporter: Reporter) -> None:
    started = time.monotonic()
    try:
        artifact = workshop.build(request)
    except BrokenPipeError:
        raise
    except Exception as problem:
        # Whatever breaks here breaks this request only. Our own errors are whole sentences; the trace of what
        # nobody foresaw goes to the log.
        is_ours = isinstance(problem, BenchError)
        if not is_ours:
            traceback.print_exc()
        message = str(problem) if is_ours else f"{type(problem).__name__}: {problem}"
        is_unavailable = isinstance(problem, UnavailableError)
        reporter.event(
            "failed", error_type=type(problem).__name__, message=message[:2000], is_unavailable=is_unavailable
        )
    else:
        seconds = round(time.monotonic() - started, 3)
        reporter.event("result", artifact=to_json(artifact), seconds=seconds)


def _take_standard_output() -> int:
    """Keep standard output for waking, and send what libraries print there to standard error."""
    wake = os.dup(1)
    os.dup2(2, 1)
    return wake


def _limit_memory(limit_bytes: int) -> None:
    if limit_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
