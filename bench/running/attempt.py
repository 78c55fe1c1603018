"""One job of one case: made, run to its end, journalled. A job that breaks is a line, not an exception."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bench.core.suite import Case
from bench.errors import HostError
from bench.hosts.follow import JobOutcome, run_job
from bench.running.listener import Step
from bench.running.sitting import Sitting
from bench.wire.job import PROTOCOL, ImageRef, Job, JobKind, LatencyOptions

# Called with the job's id and its `shard` event.
OnShard = Callable[[str, dict[str, Any]], None]


def attempt(
    sitting: Sitting,
    step: Step,
    case: Case,
    kind: JobKind,
    images: Sequence[ImageRef],
    round_index: int = 0,
    on_shard: OnShard | None = None,
) -> None:
    """Run one job of a case and journal how it ended; a case whose job broke counts as broken."""
    sitting.listener.begin(step)
    clock, started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    outcome = _run(sitting, step, case, kind, images, on_shard)
    seconds = time.monotonic() - clock
    line = _line(kind, round_index, outcome, started, seconds)
    sitting.journal(case, line)
    if line["status"] != "ok":
        sitting.broken.add(case.id)
    sitting.listener.end(step, seconds, line["reason"] if line["status"] != "ok" else "")


def _run(
    sitting: Sitting,
    step: Step,
    case: Case,
    kind: JobKind,
    images: Sequence[ImageRef],
    on_shard: OnShard | None,
) -> JobOutcome:
    sitting.num_jobs += 1
    job_id = f"{sitting.run.path.name}-{sitting.id}-{sitting.num_jobs:05d}"

    def on_event(event: dict[str, Any]) -> None:
        if event["type"] == "shard" and on_shard:
            on_shard(job_id, event)
        elif event["type"] == "progress" and event.get("total"):
            sitting.listener.progress(step, event["done"] / event["total"])

    try:
        job = _make_job(sitting, job_id, case, kind, images)
        outcome = run_job(sitting.host, job, sitting.options.timeout_seconds, on_event)
    except HostError as problem:
        # A file that vanished or a job that could not start ends this case; the others go on.
        return JobOutcome("failed", str(problem), (), ())
    if outcome.status == "ok":
        sitting.host.forget(job_id)
    return outcome


def _make_job(sitting: Sitting, job_id: str, case: Case, kind: JobKind, images: Sequence[ImageRef]) -> Job:
    options, artifact = sitting.options, sitting.artifacts[case.id]
    return Job(
        protocol=PROTOCOL,
        id=job_id,
        kind=kind,
        model=sitting.put(artifact.path, artifact.sha256),
        runtime=case.runtime,
        description=sitting.suite.model(case.model).description,
        images=tuple(replace(i, path=sitting.put(i.path, i.sha256)) for i in images),
        latency=LatencyOptions(
            warmup=options.warmup,
            warmup_seconds=options.warmup_seconds,
            calls=options.calls,
            min_calls=min(options.min_calls, options.calls),
            num_images=options.images,
        ),
        prepared="prepared",
        memory_limit_bytes=options.memory_limit_bytes,
    )


def _line(kind: str, index: int, outcome: JobOutcome, started: str, seconds: float) -> dict[str, Any]:
    """Turn a job's outcome into a self-describing line for the case's journal."""
    events = {event["type"]: event for event in outcome.events if event["type"] != "probe"}
    probes = {event["when"]: event for event in outcome.events if event["type"] == "probe"}
    invalid = [probe for probe in probes.values() if not probe.get("valid", True)]
    result = _plain(events.get("result", {}))
    problem = outcome.reason or (_nonsense(result) if kind == "check" else "")
    return {
        # The shards of an accuracy pass are journalled one by one; this line holds the pass's totals.
        "kind": "accuracy_pass" if kind == "accuracy" else kind,
        "round": index,
        "status": "failed" if problem else "ok",
        "reason": problem or (invalid[0].get("reason", "") if invalid else ""),
        "stderr_tail": list(outcome.stderr_tail),
        "valid": not invalid,
        "started": started,
        "seconds": round(seconds, 3),
        "process": _plain(events.get("started", {})),
        "before": _plain(probes.get("before", {})),
        "after": _plain(probes.get("after", {})),
        "result": result,
    }


def _nonsense(check: dict[str, Any]) -> str:
    """Say what is wrong with the answers of a model that runs; empty if they may be right."""
    if check.get("has_nan"):
        return "the model returns values that are not numbers on real photos; look at its export"
    if check.get("is_all_zero"):
        return "the model returns only zeros on real photos; look at its export"
    return ""


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in ("seq", "type")}
