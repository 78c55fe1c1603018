"""What a job's process on this machine needs: its folder, its environment, news of it without polling."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
from pathlib import Path

import bench
from bench.wire.codec import to_json
from bench.wire.job import JOB_NAME, PARENT_VARIABLE, Job
from bench.wire.shipped import AGENT_VARIABLE, agent_sha256


def write_job(folder: Path, job: Job) -> None:
    """Make a job's folder, empty but for the job itself."""
    # A folder of an earlier attempt would mix two journals.
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / JOB_NAME).write_text(json.dumps(to_json(job)), encoding="utf-8")


def job_environment() -> dict[str, str]:
    """Return this process's environment, in which `bench` can be imported from any folder."""
    source = str(Path(bench.__file__).parent.parent)
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {PARENT_VARIABLE: str(os.getpid()), AGENT_VARIABLE: agent_sha256()}
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **own}


def sync(path: Path) -> None:
    """Make a file's content, or a folder's entries, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def wait_for_news(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Sleep until the process says or closes something, or the time is up."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    if ready and not os.read(process.stdout.fileno(), 65_536):
        # Closed: the process is about to end.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
