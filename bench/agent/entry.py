"""Runs the job of one folder from `job.json` to its `finished` or `failed` event."""

from __future__ import annotations

import importlib
import json
import os
import platform
import traceback
from pathlib import Path
from typing import Any

import bench
from bench.agent.context import JobContext
from bench.agent.cooling import Cooler
from bench.agent.failure import name_failure
from bench.agent.probes.round import RoundProbe
from bench.agent.reporter import Reporter, claim_standard_output
from bench.agent.runtimes import runtime_version
from bench.errors import BenchError, JobError
from bench.wire.boot import read_boot_id
from bench.wire.codec import from_json
from bench.wire.job import JOB_NAME, PROTOCOL, Job
from bench.wire.shipped import running_agent_sha256


def run_folder(folder: Path) -> int:
    """Run the job in a folder; every failure becomes a `failed` event.

    Returns:
        0 when the job finished, 1 when it failed.
    """
    folder = folder.resolve()
    reporter = Reporter(folder, claim_standard_output())
    try:
        _run(JobContext(read_job(folder), folder, reporter))
    except Exception as problem:
        # The one place that catches everything: a job that broke is a result, too.
        if not isinstance(problem, BenchError):
            # Our own errors are whole sentences; only what nobody foresaw needs its trace.
            traceback.print_exc()
        error_type, message = name_failure(problem)
        reporter.report("failed", error_type=error_type, message=message)
        return 1
    finally:
        reporter.close()
    return 0


def read_job(folder: Path) -> Job:
    """Read and check `job.json`.

    Raises:
        JobError: it is missing, is no JSON, or speaks another protocol.
        BenchError: a field is missing or of the wrong type.
    """
    path = folder / JOB_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise JobError(f"{path}: cannot be read as a job ({problem}); start the job again") from problem
    protocol = content.get("protocol") if isinstance(content, dict) else None
    if protocol != PROTOCOL:
        raise JobError(
            f"{path}: speaks protocol {protocol!r}, this agent speaks {PROTOCOL}; "
            "install the same version of bench on controller and device"
        )
    return from_json(Job, content)


def _run(context: JobContext) -> None:
    job, report = context.job, context.reporter.report
    report("started", **_introduction(job))
    # Cooled first, looked at then: the first probe says how the measuring began.
    cooled = Cooler().wait(job.cooling, lambda look: report("cooling", **look))
    probe = RoundProbe()
    report("probe", when="before", **probe.before(), cooling=cooled)
    # Importing by kind keeps every job's process free of what the other kinds need.
    result = importlib.import_module(f"bench.agent.jobs.{job.kind}").run(context)
    report("result", **result)
    report("probe", when="after", **probe.after(result.get("under_load")))
    report("finished")


def _introduction(job: Job) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "python": platform.python_version(),
        "agent": bench.__version__,
        "agent_sha256": running_agent_sha256(),
        "boot_id": read_boot_id(),
        "runtime": job.runtime.name,
        "runtime_version": runtime_version(job.runtime.name),
    }
