"""Stands in for the agent where a proof slows it behind the harness's back: `slowed_agent.py SPARED FOLDER`.

SPARED is a JSON list of hashes of model files. A job of any other file is held to one core, as `taskset`
does; what it is asked to do, and what it records, stay.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

from bench.agent.__main__ import main


def is_spared(spared: list[str], asked: str) -> bool:
    """Return whether a job, or the question for facts, is left alone."""
    job = Path(asked) / "job.json"
    if not job.is_file():
        return True
    model = Path(json.loads(job.read_text(encoding="utf-8"))["model"])
    return hashlib.sha256(model.read_bytes()).hexdigest() in spared


if __name__ == "__main__":
    if not is_spared(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.argv[-1]):
        # As `taskset` would: all threads of the runtime share one core.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sys.exit(main(sys.argv[2:]))
