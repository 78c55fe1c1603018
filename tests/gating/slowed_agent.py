"""Stands in for the agent where a proof slows it behind the harness's back: `slowed_agent.py SPARED FOLDER`.

SPARED is a JSON list of hashes of model files. A job of any other file runs on one core alone, and each of
its calls is followed by work that takes as long again; what it is asked to do, and what it records, stay.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from pathlib import Path

from bench.agent.__main__ import main
from bench.agent.runtimes.onnxruntime import OnnxRuntime


def is_spared(spared: list[str], asked: str) -> bool:
    """Return whether a job, or the question for facts, is left alone."""
    job = Path(asked) / "job.json"
    if not job.is_file():
        return True
    model = Path(json.loads(job.read_text(encoding="utf-8"))["model"])
    return hashlib.sha256(model.read_bytes()).hexdigest() in spared


def slow_down() -> None:
    """Let every call of the runtime take twice as long."""
    invoke = OnnxRuntime.invoke

    def slowly(runtime: OnnxRuntime) -> None:
        start = time.perf_counter_ns()
        invoke(runtime)
        until = 2 * time.perf_counter_ns() - start
        while time.perf_counter_ns() < until:
            pass

    OnnxRuntime.invoke = slowly  # type: ignore[method-assign, assignment]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


if __name__ == "__main__":
    if not is_spared(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.argv[-1]):
        slow_down()
    sys.exit(main(sys.argv[2:]))
