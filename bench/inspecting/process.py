"""Starts the inspecting process, waits for it within limits, and says what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bench
from bench.errors import BenchError, ModelError
from bench.inspecting.file_report import FileReport, Trial
from bench.inspecting.trial import RUNTIMES
from bench.inspecting.worker_files import ERROR_NAME, LOG_NAME, REPORT_NAME, REQUEST_NAME, TRIAL_NAME
from bench.wire.codec import from_json

# -P: the working directory is not searched for modules.
WORKER = (sys.executable, "-P", "-m", "bench.inspecting.worker")

# Beside what the file itself may take: libraries, and activations of the largest usual inputs.
_BASE_MEMORY, _MEMORY_PER_BYTE = 6_000_000_000, 8

# TensorFlow alone maps several GiB and takes seconds to import.
_FRAMEWORK_MEMORY = 24_000_000_000
_SECONDS, _FRAMEWORK_SECONDS = 60.0, 180.0

_LAST_LINES = 3


@dataclass(frozen=True)
class Limits:
    """What the inspecting process may take: address space, and seconds of wall time."""

    memory_bytes: int
    seconds: float


def limits_of(kind: str, size_bytes: int) -> Limits:
    """Return generous limits for a file of a format and size."""
    own = _MEMORY_PER_BYTE * size_bytes
    if kind in RUNTIMES:
        return Limits(_BASE_MEMORY + own, _SECONDS)
    return Limits(_FRAMEWORK_MEMORY + own, _FRAMEWORK_SECONDS)


def inspect_in_process(
    path: Path,
    sha256: str,
    size_bytes: int,
    limits: Limits,
    with_trial: bool = True,
    command: Sequence[str] = WORKER,
) -> FileReport:
    """Look into a file in a process of its own.

    Args:
        command: of the process; its folder is the last argument.

    Raises:
        ModelError: the file is damaged, or the process broke or hung on it.
    """
    request = {
        "path": str(path),
        "sha256": sha256,
        "size_bytes": size_bytes,
        "memory_limit_bytes": limits.memory_bytes,
        "timeout_seconds": limits.seconds,
        "with_trial": with_trial,
    }
    with tempfile.TemporaryDirectory(prefix="bench-inspect-") as name:
        folder = Path(name)
        (folder / REQUEST_NAME).write_text(json.dumps(request), encoding="utf-8")
        ending = _run([*command, str(folder)], folder, limits)
        return _collect(path, folder, ending, with_trial)


def _run(command: list[str], folder: Path, limits: Limits) -> str:
    """Run the process; return how it ended in words, nothing if it ended well."""
    with open(folder / LOG_NAME, "wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=_environment(),
            start_new_session=True,
        )
        try:
            code = process.wait(limits.seconds)
        except subprocess.TimeoutExpired:
            return f"took longer than {limits.seconds:g} s"
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}" if code else ""


def _collect(path: Path, folder: Path, ending: str, with_trial: bool) -> FileReport:
    problem = _read(folder / ERROR_NAME)
    if problem is not None:
        raise ModelError(str(problem))
    content = _read(folder / REPORT_NAME)
    if content is None:
        last = "; ".join(_last_lines(folder / LOG_NAME))
        raise ModelError(
            f"{path}: reading the file broke the process that did it, which {ending or 'left no report'}"
            f"{f' ({last})' if last else ''}; the file is damaged, hostile, or beyond this reader"
        )
    try:
        report = from_json(FileReport, content)
        trial = _read(folder / TRIAL_NAME)
        if trial is not None:
            return replace(report, trial=from_json(Trial, trial))
    except BenchError as error:
        raise ModelError(f"{path}: the report of the inspecting process cannot be read ({error})") from error
    if with_trial and report.format in RUNTIMES:
        runtime = RUNTIMES[report.format]
        return replace(report, trial=Trial(runtime, f"{runtime} broke on this file: its process {ending}"))
    return report


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _last_lines(path: Path) -> list[str]:
    lines = [line.strip() for line in path.read_text(errors="replace").splitlines() if line.strip()]
    return [line[:200] for line in lines[-_LAST_LINES:]]


def _environment() -> dict[str, str]:
    """Return an environment in which TensorFlow is quiet and stays on the processor."""
    paths = [str(Path(bench.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
