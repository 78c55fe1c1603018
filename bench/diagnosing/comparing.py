"""Starts the process that compares a quantized file with its float sibling, layer by layer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bench
from bench.core.artifact import Artifact
from bench.diagnosing.tensor_report import TensorReport
from bench.diagnosing.worker import ERROR_NAME, REPORT_NAME, REQUEST_NAME
from bench.errors import ModelError
from bench.wire.codec import from_json, to_json
from bench.wire.description import Preprocess
from bench.wire.job import ImageRef

# -P: the working directory is not searched for modules.
_WORKER = (sys.executable, "-P", "-m", "bench.diagnosing.worker")

# Both models, all their tensors for one image, and the runtimes' libraries.
MEMORY_BYTES = 12_000_000_000
TIMEOUT_SECONDS = 600.0


def compare_files(
    exact: Artifact, coarse: Artifact, images: Sequence[ImageRef], preprocess: Preprocess
) -> TensorReport:
    """Compare two builds of one model on some images.

    Raises:
        ModelError: a file cannot be run this way; the message says what broke.
    """
    request = {
        "float": exact.path,
        "quantized": coarse.path,
        "images": [image.path for image in images],
        "preprocess": to_json(preprocess),
        "memory_limit_bytes": MEMORY_BYTES,
    }
    with tempfile.TemporaryDirectory(prefix="bench-compare-") as name:
        folder = Path(name)
        (folder / REQUEST_NAME).write_text(json.dumps(request), encoding="utf-8")
        ending = _run(folder)
        problem, report = _read(folder / ERROR_NAME), _read(folder / REPORT_NAME)
    if report is None:
        raise ModelError(
            f"{coarse.path}: its tensors cannot be compared with those of {exact.path}: "
            f"{problem or ending or 'no report was left'}"
        )
    return from_json(TensorReport, report)


def _run(folder: Path) -> str:
    """Run the process; return how it ended where that was not well."""
    paths = [str(Path(bench.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    process = subprocess.Popen(
        [*_WORKER, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        _, said = process.communicate(timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return f"the comparison took longer than {TIMEOUT_SECONDS:g} s"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode < 0:
        return f"the comparing process was killed by {signal.Signals(-process.returncode).name}"
    words = said.decode(errors="replace").strip().splitlines()
    return words[-1][:300] if process.returncode and words else ""


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
