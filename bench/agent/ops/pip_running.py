"""Runs pip for a private environment: no configuration but ours, its lines told as they come.

A system's configuration may name further indexes (Raspberry Pi OS names one that builds wheels anew, whose
hashes differ) or forbid installing; none of it is meant for a private environment. Standard library only.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

# `--python` came with it.
_LEAST_PIP = (22, 3)
_PROBE_SECONDS = 120.0
# Between two signs of life to the controller.
_HEARTBEAT_SECONDS = 5.0
_KEPT_LINES = 200
# That pip waits for the network at each step.
_NETWORK_SECONDS = "15"

_VERSION = re.compile(r"pip (\d+)\.(\d+)")


def has_pip(python: str = sys.executable) -> bool:
    """Whether a Python has a pip of its own that can install into another environment."""
    command = [python, "-I", "-m", "pip", "--version"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
            env=clean_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    found = _VERSION.match(done.stdout.decode(errors="replace"))
    return done.returncode == 0 and found is not None and (int(found[1]), int(found[2])) >= _LEAST_PIP


def pip_command(venv_python: Path, wheel: Path | None, python: str = sys.executable) -> list[str]:
    """Return how pip is called for an environment: from its wheel, or the system's own.

    Args:
        wheel: of pip; None to use the system's.
    """
    if wheel is not None:
        return [str(venv_python), "-I", f"{wheel}/pip"]
    return [python, "-I", "-m", "pip", "--python", str(venv_python)]


def install_arguments(requirements: Path) -> list[str]:
    """Return the arguments of `pip install`; what is not pinned by a hash is refused."""
    return [
        *(
            "install",
            "--require-hashes",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--no-cache-dir",
            "--no-input",
        ),
        *("--disable-pip-version-check", "--progress-bar", "off", "--no-color", "--retries", "1"),
        *("--timeout", _NETWORK_SECONDS, "--requirement", str(requirements)),
    ]


def clean_environment(scratch: Path | None = None) -> dict[str, str]:
    """Return the environment without anything that steers pip or Python, and with no configuration files."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    # The one value by which pip reads no file at all: not the system's, the user's or the environment's.
    kept["PIP_CONFIG_FILE"] = os.devnull
    # Else importing ONNX Runtime starts a thread and leaves files in the user's cache.
    kept["ORT_DISABLE_TELEMETRY"] = "1"
    # /tmp is memory on some systems, too little for wheels.
    return kept if scratch is None else {**kept, "TMPDIR": str(scratch)}


def run_told(
    command: Sequence[str], environment: dict[str, str], seconds: float, goes_on: Callable[[str], bool]
) -> tuple[int | None, list[str]]:
    """Run a program and tell its lines as they come.

    Args:
        seconds: after which it is killed.
        goes_on: is told each line, and an empty one every few seconds where none comes; False to kill it.

    Returns:
        Its exit code, None where it was killed, and its last lines.
    """
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    lines: list[str] = []
    try:
        for line in _lines(process, time.monotonic() + seconds):
            if line:
                lines = [*lines[-_KEPT_LINES:], line]
            if line is None or not goes_on(line):
                return None, lines
        return process.wait(), lines
    finally:
        # Also where the controller is gone, which telling it shows.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _lines(process: subprocess.Popen[bytes], deadline: float) -> Iterator[str | None]:
    """Yield lines as they come, an empty one where none came for a while, None when the time is up."""
    assert process.stdout is not None
    rest, part = b"", b"more"
    while part:
        left = deadline - time.monotonic()
        if left <= 0:
            yield None
            return
        ready, _, _ = select.select([process.stdout], [], [], min(left, _HEARTBEAT_SECONDS))
        if not ready:
            yield ""
            continue
        part = os.read(process.stdout.fileno(), 65_536)
        *whole, rest = (rest + part).split(b"\n")
        yield from filter(None, (line.decode(errors="replace").strip() for line in whole))
    if rest.strip():
        yield rest.decode(errors="replace").strip()
