"""A trial: commands of the product on the emulated Pi, as a user types them, and what they leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from emulator import EmulatedPi

ROOT = Path(__file__).parent.parent.parent
TINY = ROOT / "tests" / "agent" / "models"
# Everything takes long on a machine that others use, too.
COMMAND_SECONDS = 2400.0

# Kilobytes of model: a call takes milliseconds even there, so that a fault is met in seconds.
SUITE = """\
name: tiny
models:
  - {{name: float, tflite: {tiny}/tiny_float.tflite, precision: fp32, group: tiny, detector: &head
      {{family: ltrb, input: {{size: 32}}, labels: [1, 2, 3]}}}}
  - {{name: int8, tflite: {tiny}/tiny_int8.tflite, precision: int8, group: tiny, detector: *head}}
data: {{rendered: {{evaluation: 6, calibration: 1, training: 1}}}}
hosts: [{host}]
measure: {{rounds: {rounds}, warmup: 1, calls: 5, images: 2}}
"""


class Trial:
    """A folder with a suite, a hosts file and results of its own.

    Attributes:
        host: as the suite names it; an alias of the machine's ssh configuration.
    """

    def __init__(
        self, folder: Path, pi: EmulatedPi, host: str = "pi", rounds: int = 3, **settings: Any
    ) -> None:
        self.folder, self.pi, self.host = folder, pi, host
        self.results = folder / "results"
        self.suite = folder / "tiny.yaml"
        self.suite.write_text(SUITE.format(tiny=TINY, host=host, rounds=rounds))
        # JSON is YAML, too.
        (folder / "hosts.yaml").write_text(json.dumps({host: {"ssh": host, **settings}}))

    def bench(self, *words: object, timeout: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        process = self.start(*words)
        return self.finish(process, timeout)

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Start a command; standard error is kept with standard output."""
        command = [sys.executable, "-m", "bench", *map(str, words)]
        environment = {**os.environ, **self.pi.environment, "BENCH_HOSTS": str(self.folder / "hosts.yaml")}
        environment |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        # One cache for all trials, so that wheels are fetched once; never the user's own.
        environment.setdefault("BENCH_CACHE", str(self.pi.folder / "bench-cache"))
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def finish(
        self, process: subprocess.Popen[str], timeout: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Wait for a command's end and return what it said."""
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            pytest.fail(f"a command did not end in {timeout:g} s:\n{output[-4000:]}")
        print(output)
        return subprocess.CompletedProcess(process.args, process.returncode, output, "")

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run the suite to its end."""
        return self.bench(*self.run_words(*words))

    def run_words(self, *words: object) -> tuple[object, ...]:
        """Return the words of a command that runs the suite."""
        return ("run", self.suite, "--results", self.results, *words)

    def records(self) -> list[dict[str, Any]]:
        """Return the records of the only run."""
        (path,) = self.results.rglob("records.jsonl")
        return [json.loads(line) for line in path.read_text().splitlines()]

    def rounds(self, kind: str = "latency") -> list[dict[str, Any]]:
        """Return the lines of all rounds so far, of all cases."""
        lines = [
            line for path in self.results.rglob("rounds.jsonl") for line in path.read_text().splitlines()
        ]
        return [line for line in map(_parsed, lines) if line.get("kind") == kind]

    def wait(self, process: subprocess.Popen[str], what: str, holds: Callable[[], bool]) -> None:
        """Wait until something holds while a command runs; fails when it ends before that."""
        deadline = time.monotonic() + COMMAND_SECONDS
        while not holds():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"{what} was not seen before the end:\n{process.communicate()[0][-4000:]}")
            time.sleep(0.2)


def _parsed(line: str) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = json.loads(line)
    except ValueError:
        # The last line, while it is written.
        return {}
    return parsed
