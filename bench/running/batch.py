"""A batch: jobs queued on a host at once, followed in their order, each journalled when it ends.

A job that breaks is a line, not an exception; the case's further jobs are stopped. What a reboot of the
device took is run again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bench.hosts.follow import JobOutcome
from bench.running.attempt import Attempt, find_problem, make_line, make_task
from bench.running.following import Line, Queued, run_queued
from bench.running.sitting import Sitting
from bench.store.pending import PendingJob

# Reboots of the device, or losses of its keeper, that one job may see before it counts as their cause.
MAX_LOSSES = 3

Taken = list[tuple[Attempt, Line]]

# Says of a line that what is queued behind its job is not to be run any more.
IsEnough = Callable[[Line], bool]


def run_batch(sitting: Sitting, attempts: Sequence[Attempt], is_enough: IsEnough | None = None) -> Taken:
    """Run attempts in their order and journal how each ended; a case whose job broke counts as broken.

    Returns:
        The attempts that were run, with their lines.

    Raises:
        HostError: the host cannot be reached any more; what ended before is journalled.
        StoppedError: the run was asked to stop.
    """
    taken: Taken = []
    losses: Counter[tuple[str, str, int]] = Counter()
    left = [attempt for attempt in attempts if _has_files(sitting, attempt)]
    while left := [attempt for attempt in left if attempt.case.id not in sitting.broken]:
        queue = _enqueue(sitting, left)
        try:
            num_done = _follow_all(sitting, queue, taken, is_enough, losses)
        except BaseException:
            if not sitting.host.is_detached:
                drop(sitting, _ids(queue), ())
            raise
        drop(sitting, _ids(queue), {line["job"] for _, line in taken})
        left = [_without_done(sitting, attempt) for attempt in left[num_done:]]
    return taken


def _has_files(sitting: Sitting, attempt: Attempt) -> bool:
    problem = find_problem(sitting, attempt)
    if problem and attempt.case.id not in sitting.broken:
        job_id, outcome = sitting.new_job_id(), JobOutcome("failed", problem, (), ())
        _journal(sitting, attempt, make_line(attempt, job_id, outcome, datetime.now(UTC), 0.0))
    return not problem


def _without_done(sitting: Sitting, attempt: Attempt) -> Attempt:
    """Take from a pass the images whose detections came before the host lost it."""
    if attempt.kind != "accuracy":
        return attempt
    have = sitting.done(attempt.case).image_ids
    return replace(attempt, images=tuple(image for image in attempt.images if image.id not in have))


def _enqueue(sitting: Sitting, attempts: Sequence[Attempt]) -> list[Queued]:
    sitting.require_going_on()
    sitting.renew()
    queue = [Queued(attempt, make_task(sitting, attempt), sitting.id) for attempt in attempts]
    if sitting.host.is_detached:
        sitting.pending.write([_as_pending(sitting, queued) for queued in queue])
    sitting.host.start([queued.task for queued in queue])
    return queue


def _as_pending(sitting: Sitting, queued: Queued) -> PendingJob:
    return PendingJob(
        case=queued.attempt.case.id,
        round_index=queued.attempt.round_index,
        setup=sitting.setup(queued.attempt.case),
        sitting=queued.sitting_id,
        job=queued.task.job,
        timeout_seconds=queued.task.timeout_seconds,
        is_pair=queued.attempt.is_pair,
    )


def _follow_all(
    sitting: Sitting,
    queue: Sequence[Queued],
    taken: Taken,
    is_enough: IsEnough | None,
    losses: Counter[tuple[str, str, int]],
) -> int:
    """Follow queued jobs in their order and note each in `taken`.

    Returns:
        How many are done with; what is behind them was lost by the host and is to be run again.
    """
    for place, queued in enumerate(queue):
        attempt = queued.attempt
        if attempt.case.id in sitting.broken:
            # A job that waits is taken out before the host comes to it.
            sitting.host.stop(queued.task.job.id)
            continue
        line, is_lost = run_queued(sitting, queued)
        losses[attempt.key] += is_lost
        if is_lost and losses[attempt.key] <= MAX_LOSSES:
            return place
        journal_line(sitting, queued, line)
        taken.append((attempt, line))
        if is_lost:
            return place + 1
        if is_enough is not None and is_enough(line):
            break
    return len(queue)


def journal_line(sitting: Sitting, queued: Queued, line: Line) -> None:
    """Keep the line of a queued job."""
    _journal(sitting, queued.attempt, {**line, "sitting": queued.sitting_id})


def _journal(sitting: Sitting, attempt: Attempt, line: Line) -> None:
    # Pairs are judged without the run's setup at hand: their lines name the file that was measured.
    named = {"artifact": sitting.artifacts[attempt.case.id].sha256} if attempt.is_pair else {}
    sitting.journal(attempt.case, {**line, **named})
    is_broken = line["status"] != "ok"
    if is_broken:
        sitting.broken.add(attempt.case.id)
    sitting.listener.end(attempt.step, line["seconds"], line["reason"] if is_broken else "")


def drop(sitting: Sitting, job_ids: Sequence[str], ended: Collection[str]) -> None:
    """Stop what still waits or runs of these jobs, and leave nothing of them on the host.

    Done when nothing is timed there any more: even this would disturb.

    Args:
        ended: those that were followed to their ends.
    """
    known = set(sitting.host.jobs())
    # The last first, so that none begins meanwhile.
    for job_id in reversed(job_ids):
        if job_id in known and job_id not in ended:
            sitting.host.stop(job_id)
    for job_id in job_ids:
        if job_id in known:
            sitting.host.forget(job_id)
    sitting.pending.clear()


def _ids(queue: Sequence[Queued]) -> list[str]:
    return [queued.task.job.id for queued in queue]
