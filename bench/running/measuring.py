"""Measure the cases of one host: check, accuracy, memory, then timed rounds interleaved over the cases.

Every finished job is journalled before the next one starts; a case that breaks is journalled as failed and
left out of what follows, the others go on. Deriving metrics from the journals is left to `deriving`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.core.artifact import Artifact
from bench.core.data import EvaluationData
from bench.core.measure import MeasureOptions
from bench.core.suite import Case, Suite
from bench.hosts.base import Host
from bench.hosts.follow import JobOutcome, run_job
from bench.running.listener import Listener, Step
from bench.running.schedule import MEMORY_PROBES, Done, interleave, may_start_round, spread, summarise
from bench.store.folder import RunFolder
from bench.wire.job import PROTOCOL, ImageRef, Job, JobKind, LatencyOptions

# Photos that a check or a memory probe runs: enough to see zeros and to touch every buffer.
NUM_PROBE_IMAGES = 5


@dataclass
class Session:
    """All that measuring on one host needs, and what it has found broken so far.

    Attributes:
        artifacts: case id -> the file to measure; cases without one are left out.
        broken: case ids that failed in this session.
        refs: content hash -> the host's path of an image or model file already put there.
    """

    suite: Suite
    run: RunFolder
    host: Host
    data: EvaluationData
    artifacts: dict[str, Artifact]
    listener: Listener
    broken: set[str] = field(default_factory=set)
    refs: dict[str, str] = field(default_factory=dict)
    num_jobs: int = 0

    @property
    def options(self) -> MeasureOptions:
        """How often and how long."""
        return self.suite.measure

    def done(self, case: Case) -> Done:
        """Return what the journal of a case holds for its artifact."""
        return summarise(self.run.read_rounds(case.id), self.artifacts[case.id].sha256)

    def usable(self, cases: Sequence[Case]) -> list[Case]:
        """Return the cases that have a file and have not broken."""
        return [case for case in cases if case.id in self.artifacts and case.id not in self.broken]


def measure(session: Session, cases: Sequence[Case]) -> None:
    """Measure cases of the session's host, going on from what their journals hold."""
    _run_checks(session, cases)
    run_accuracy(session, session.usable(cases))
    _run_memory(session, session.usable(cases))
    _run_latency(session, session.usable(cases))


def run_accuracy(session: Session, cases: Sequence[Case]) -> None:
    """Run all evaluation images that have no stored detections yet, case by case, in shards."""
    todo = [(case, _missing_images(session, case)) for case in cases]
    todo = [(case, images) for case, images in todo if images]
    session.listener.plan("accuracy", len(todo))
    for number, (case, images) in enumerate(todo, 1):
        step = Step("accuracy", case.id, number, len(todo))
        _attempt(session, step, case, "accuracy", images, on_shard=_shard_keeper(session, case))


def _missing_images(session: Session, case: Case) -> list[ImageRef]:
    have = session.done(case).image_ids
    return [image for image in session.data.images if image.id not in have]


def _run_checks(session: Session, cases: Sequence[Case]) -> None:
    todo = [case for case in session.usable(cases) if not session.done(case).has_check]
    session.listener.plan("check", len(todo))
    for number, case in enumerate(todo, 1):
        step = Step("check", case.id, number, len(todo))
        _attempt(session, step, case, "check", spread(session.data.images, NUM_PROBE_IMAGES))


def _run_memory(session: Session, cases: Sequence[Case]) -> None:
    missing = [
        (case, index) for case in cases for index in range(session.done(case).num_memory, MEMORY_PROBES)
    ]
    session.listener.plan("memory", len(missing))
    for number, (case, _) in enumerate(missing, 1):
        if case.id not in session.broken:
            step = Step("memory", case.id, number, len(missing))
            _attempt(session, step, case, "memory", spread(session.data.images, NUM_PROBE_IMAGES))


def _run_latency(session: Session, cases: Sequence[Case]) -> None:
    """Take rounds over all cases in turn until each has enough valid ones, or the budget is spent."""
    options, started, longest = session.options, time.monotonic(), 0.0
    images = spread(session.data.images, options.images)
    session.listener.plan("latency", sum(_rounds_missing(session, case) for case in cases))
    first = min((session.done(case).num_valid for case in cases), default=0)
    # An invalid round is repeated; a case whose rounds stay invalid gets twice the declared number of tries.
    for round_index in range(first, 2 * options.rounds):
        due = [case for case in session.usable(cases) if _rounds_missing(session, case)]
        taken = min(round_index, options.rounds - 1)
        if not due or not may_start_round(taken, time.monotonic() - started, longest, options):
            return
        round_started = time.monotonic()
        for number, case in enumerate(interleave(due, round_index, options.seed), 1):
            if session.done(case).num_valid <= round_index:
                step = Step("latency", case.id, number, len(due))
                _attempt(session, step, case, "latency", images, round_index)
        longest = max(longest, time.monotonic() - round_started)


def _rounds_missing(session: Session, case: Case) -> int:
    return max(0, session.options.rounds - session.done(case).num_valid)


def _attempt(
    session: Session,
    step: Step,
    case: Case,
    kind: JobKind,
    images: Sequence[ImageRef],
    round_index: int = 0,
    on_shard: Callable[[str, dict[str, Any]], None] | None = None,
) -> None:
    """Run one job and journal how it ended."""
    session.listener.begin(step)
    clock, started = time.monotonic(), _now()
    job = _make_job(session, case, kind, images)

    def on_event(event: dict[str, Any]) -> None:
        if event["type"] == "shard" and on_shard:
            on_shard(job.id, event)
        elif event["type"] == "progress" and event.get("total"):
            session.listener.progress(step, event["done"] / event["total"])

    outcome = run_job(session.host, job, session.options.timeout_seconds, on_event)
    seconds = time.monotonic() - clock
    line = _line(kind, round_index, outcome, started, seconds)
    _journal(session, case, line)
    if line["status"] == "ok":
        session.host.forget(job.id)
    else:
        session.broken.add(case.id)
    session.listener.end(step, seconds, line["reason"] if line["status"] != "ok" else "")


def _make_job(session: Session, case: Case, kind: JobKind, images: Sequence[ImageRef]) -> Job:
    options, artifact = session.options, session.artifacts[case.id]
    session.num_jobs += 1
    return Job(
        protocol=PROTOCOL,
        id=f"{session.run.path.name}-{session.num_jobs:05d}-{time.time_ns() % 1_000_000:06d}",
        kind=kind,
        model=_put(session, artifact.path, artifact.sha256),
        runtime=case.runtime,
        description=session.suite.model(case.model).description,
        images=tuple(ImageRef(i.id, _put(session, i.path, i.sha256), i.sha256) for i in images),
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


def _put(session: Session, path: str, sha256: str) -> str:
    if sha256 not in session.refs:
        session.refs[sha256] = session.host.put(Path(path), sha256)
    return session.refs[sha256]


def _shard_keeper(session: Session, case: Case) -> Callable[[str, dict[str, Any]], None]:
    def keep(job_id: str, event: dict[str, Any]) -> None:
        folder = session.run.case_folder(case.id)
        name = f"detections-{len(list(folder.glob('detections-*.npz'))):04d}.npz"
        session.host.fetch(job_id, event["file"], folder / name)
        line = {"kind": "accuracy", "status": "ok", "file": name, "image_ids": event["image_ids"]}
        _journal(session, case, line)

    return keep


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


def _journal(session: Session, case: Case, line: dict[str, Any]) -> None:
    session.run.append_round(case.id, {**line, "artifact": session.artifacts[case.id].sha256})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
