"""One job of one case: how it is made, and what of its outcome is journalled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.core.pair import PAIR_KINDS
from bench.core.suite import Case
from bench.hosts.base import HostFile, Task
from bench.hosts.follow import JobOutcome
from bench.running.listener import Step
from bench.running.sitting import Sitting
from bench.wire.job import PROTOCOL, Cooling, ImageRef, Job, JobKind, LatencyOptions

# Kinds whose figures a processor that was held back changes. A sustained run is to show just that.
TIMED_KINDS = ("latency", "energy")


@dataclass(frozen=True)
class Attempt:
    """One job that is to be run for a case.

    Attributes:
        round_index: of a timed round, from 0.
        is_cooled: the job waits for the processor to cool before it begins.
        is_pair: half of a pair, which stands in no record; `round_index` is the pair's number.
    """

    step: Step
    case: Case
    kind: JobKind
    images: tuple[ImageRef, ...]
    round_index: int = 0
    is_cooled: bool = False
    is_pair: bool = False

    @property
    def key(self) -> tuple[str, str, int]:
        """What it measures, however often that is tried."""
        return self.case.id, self.kind, self.round_index

    @property
    def line_kind(self) -> str:
        """What its line in the journal is called."""
        if self.is_pair:
            return PAIR_KINDS[self.kind]
        # The shards of an accuracy pass are journalled one by one; this line holds the pass's totals.
        return "accuracy_pass" if self.kind == "accuracy" else self.kind


def make_task(sitting: Sitting, attempt: Attempt) -> Task:
    """Make the job of an attempt, with everything it names on the host.

    Raises:
        HostError: a file cannot be brought to the host.
    """
    options, artifact = sitting.options, sitting.artifacts[attempt.case.id]
    models = [HostFile(Path(artifact.path), artifact.sha256)]
    sitting.put(models + [HostFile(Path(image.path), image.sha256) for image in attempt.images])
    job = Job(
        protocol=PROTOCOL,
        id=sitting.new_job_id(),
        kind=attempt.kind,
        model=sitting.refs[artifact.sha256],
        runtime=attempt.case.runtime,
        description=sitting.suite.model(attempt.case.model).description,
        images=tuple(replace(image, path=sitting.refs[image.sha256]) for image in attempt.images),
        latency=LatencyOptions(
            warmup=options.warmup,
            warmup_seconds=options.warmup_seconds,
            calls=options.calls,
            min_calls=min(options.min_calls, options.calls),
            num_images=options.images,
        ),
        prepared="prepared",
        memory_limit_bytes=options.memory_limit_bytes,
        cooling=_cooling(sitting) if attempt.is_cooled else Cooling(),
        sustained_seconds=options.sustained_seconds if attempt.kind == "sustained" else 0.0,
        energy_seconds=options.energy_seconds if attempt.kind == "energy" else 0.0,
    )
    return Task(job, options.timeout_seconds + _extra_seconds(job))


def _cooling(sitting: Sitting) -> Cooling:
    return Cooling(sitting.settings.target_temperature_c, sitting.settings.cooling_seconds)


def _extra_seconds(job: Job) -> float:
    """Return what a job takes beside the work that its time limit is meant for."""
    cooling = job.cooling.max_seconds if job.cooling.target_c else 0.0
    # Energy is sampled at rest, and then under load.
    return cooling + job.sustained_seconds + 2 * job.energy_seconds


def find_problem(sitting: Sitting, attempt: Attempt) -> str:
    """Say which file of an attempt is gone from this machine, no fault of the host; empty if none."""
    paths = [sitting.artifacts[attempt.case.id].path, *(image.path for image in attempt.images)]
    for path in paths:
        if path not in sitting.seen and not Path(path).is_file():
            return f"{path}: no such file, expected one to use on host {sitting.host.name}; build it again"
        sitting.seen.add(path)
    return ""


def make_line(
    attempt: Attempt, job_id: str, outcome: JobOutcome, started: datetime, seconds: float
) -> dict[str, Any]:
    """Turn a job's outcome into a self-describing line for the case's journal."""
    events = {event["type"]: event for event in outcome.events if event["type"] != "probe"}
    probes = {event["when"]: event for event in outcome.events if event["type"] == "probe"}
    disturbed = [probe for probe in probes.values() if not probe.get("valid", True)]
    is_valid = not disturbed or attempt.kind not in TIMED_KINDS
    result = _plain(events.get("result", {}))
    problem = outcome.reason or (_nonsense(result) if attempt.kind == "check" else "")
    return {
        "kind": attempt.line_kind,
        "job": job_id,
        "round": attempt.round_index,
        "status": "failed" if problem else "ok",
        "reason": problem or ("" if is_valid else disturbed[0].get("reason", "")),
        "causes": [] if is_valid else _causes(disturbed),
        "stderr_tail": list(outcome.stderr_tail),
        "valid": is_valid,
        "started": started.astimezone(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "process": _plain(events.get("started", {})),
        "before": _plain(probes.get("before", {})),
        "after": _plain(probes.get("after", {})),
        "result": result,
    }


def _causes(probes: Sequence[dict[str, Any]]) -> list[str]:
    """Return what disturbed a round, each cause once; a probe that names none gives its reason."""
    named = [cause for probe in probes for cause in probe.get("causes") or [probe.get("reason") or "unknown"]]
    return list(dict.fromkeys(named))


def _nonsense(check: dict[str, Any]) -> str:
    """Say what is wrong with the answers of a model that runs; empty if they may be right."""
    if check.get("has_nan"):
        return "the model returns values that are not numbers on real photos; look at its export"
    if check.get("is_all_zero"):
        return "the model returns only zeros on real photos; look at its export"
    return ""


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in ("seq", "type")}
