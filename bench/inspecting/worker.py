"""The inspecting process: `python -m bench.inspecting.worker FOLDER`.

Reads `request.json` in the folder, then writes `report.json`, or `error.json`, and after it `trial.json`. The
report is there before native code gets to see the file, so it stands whatever comes of that.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.inspecting.contents import read_contents
from bench.inspecting.trial import RUNTIMES, try_out
from bench.inspecting.worker_files import ERROR_NAME, REPORT_NAME, REQUEST_NAME, TRIAL_NAME
from bench.wire.codec import to_json

# No file that this process writes is larger: reports, and an optimized copy of the model.
_LARGEST_FILE = 4_000_000_000


def main(folder: Path) -> None:
    """Look into the file of a request."""
    request = json.loads((folder / REQUEST_NAME).read_text(encoding="utf-8"))
    # Libraries print to standard output as they like; nobody reads it.
    os.dup2(2, 1)
    _limit(request["memory_limit_bytes"], request["timeout_seconds"])
    try:
        report = read_contents(Path(request["path"]), request["sha256"], request["size_bytes"])
    except BenchError as problem:
        _write(folder / ERROR_NAME, str(problem))
        return
    except MemoryError:
        _write(folder / ERROR_NAME, f"{request['path']}: reading the file took more memory than is allowed")
        return
    _write(folder / REPORT_NAME, to_json(report))
    if request["with_trial"] and report.format in RUNTIMES:
        _write(folder / TRIAL_NAME, to_json(try_out(report, folder)))


def _limit(memory_bytes: int, seconds: float) -> None:
    """Bound memory, processor time and written files, and leave no core file."""
    for what, limit in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, int(seconds) * (os.cpu_count() or 1) + 1),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        # macOS refuses some of these; the caller's time limit holds everywhere.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (allowed, hard))


def _write(path: Path, value: Any) -> None:
    """Write JSON whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value), encoding="utf-8")
    part.rename(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
