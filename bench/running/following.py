"""One queued job of a board, followed to its end: its shards kept as they come, its outcome as a line."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench.errors import HostError
from bench.hosts.base import Task
from bench.hosts.follow import JobOutcome, follow_job
from bench.running.attempt import Attempt, make_line
from bench.running.series import keep_series
from bench.running.shards import keep_shard
from bench.running.sitting import Sitting

Line = dict[str, Any]


@dataclass(frozen=True)
class Queued:
    """An attempt, the task that was made of it, and the sitting that queued it."""

    attempt: Attempt
    task: Task
    sitting_id: str


def run_queued(sitting: Sitting, queued: Queued) -> tuple[Line, bool]:
    """Follow one queued job to its end; returns its line, and whether the host lost it.

    Raises:
        HostError: the host cannot be reached any more.
        StoppedError: the run was asked to stop.
    """
    sitting.listener.begin(queued.attempt.step)
    clock, started = time.monotonic(), datetime.now(UTC)
    outcome = _follow(sitting, queued)
    seconds = time.monotonic() - clock
    if sitting.host.is_detached and outcome.events:
        # It may have run long before it was followed: the device's own clock says when.
        started, seconds = _device_times(outcome, queued.task.timeout_seconds)
    line = make_line(queued.attempt, queued.task.job.id, outcome, started, seconds)
    return line, outcome.cause in ("reboot", "lost") and outcome.status != "ok"


def _device_times(outcome: JobOutcome, most_seconds: float) -> tuple[datetime, float]:
    """Return when a job began and how long it took, by a clock that may be set meanwhile: a Pi has none."""
    first, last = outcome.events[0]["time"], outcome.events[-1]["time"]
    return datetime.fromtimestamp(first, UTC), min(max(0.0, last - first), most_seconds)


def _follow(sitting: Sitting, queued: Queued) -> JobOutcome:
    """Follow one queued job to its end, keeping its shards as they come."""
    step = queued.attempt.step

    def on_event(event: dict[str, Any]) -> None:
        if event["type"] == "shard":
            keep = keep_series if queued.attempt.kind == "sustained" else keep_shard
            keep(sitting, queued.attempt.case, queued.task.job.id, event)
        elif event["type"] == "progress" and event.get("total"):
            sitting.listener.progress(step, event["done"] / event["total"])
        elif event["type"] == "cooling":
            sitting.listener.progress(step, 0.0, cooling_words(event))
        elif event["type"] == "probe" and event.get("cooling"):
            sitting.listener.progress(step, 0.0, "")

    try:
        outcome = follow_job(sitting.host, queued.task, on_event)
    except HostError as problem:
        sitting.require_going_on()
        _require_host(sitting, problem)
        outcome = JobOutcome("failed", str(problem), (), ())
    # Who asks a run to stop lets go of its hosts, which looks like a job that was stopped.
    sitting.require_going_on()
    return outcome


def cooling_words(event: dict[str, Any]) -> str:
    """Say how warm a board is that is waited for: `cools, 71 °C to 60 °C`."""
    return f"cools, {event['temperature_c']:.0f} °C to {event['target_c']:.0f} °C"


def _require_host(sitting: Sitting, problem: HostError) -> None:
    """Tell a job's problem from the loss of its host, which answers nothing any more.

    Raises:
        HostError: the problem, if the host is lost.
    """
    try:
        sitting.host.jobs()
    except HostError as loss:
        raise problem from loss
