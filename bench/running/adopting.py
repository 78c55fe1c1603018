"""Adopts what a device has measured, or still measures, for a run whose controller went away.

A job that the device does not know any more, or that a reboot took, is simply measured again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.core.suite import Case
from bench.hosts.base import Task
from bench.running.attempt import Attempt
from bench.running.batch import drop, journal_line
from bench.running.following import Queued, run_queued
from bench.running.listener import Step
from bench.running.sitting import Sitting
from bench.store.pending import PendingJob


def adopt(sitting: Sitting, cases: Sequence[Case]) -> None:
    """Follow the queued jobs of an earlier sitting to their ends, and journal each that is not yet.

    Raises:
        HostError: the host cannot be reached any more.
        StoppedError: the run was asked to stop.
    """
    pending = sitting.pending.read()
    if not pending:
        return
    known = set(sitting.host.jobs())
    wanted = _wanted(sitting, {case.id: case for case in cases}, pending)
    _stop_others(sitting, [one for one in pending if one.job.id in known], wanted)
    found = [one for one in pending if one.job.id in known and one.job.id in wanted]
    sitting.listener.plan("adopt", len(found), sitting.name)
    for number, one in enumerate(found, 1):
        step = Step("adopt", one.case, number, len(found), sitting.name)
        _adopt(sitting, one, _as_queued(one, wanted[one.job.id], step))
    drop(sitting, [one.job.id for one in pending], set(wanted))


def _wanted(sitting: Sitting, cases: Mapping[str, Case], pending: Sequence[PendingJob]) -> dict[str, Case]:
    """Return job id -> its case, of the jobs that measure what is to be measured now."""
    usable = {case.id for case in sitting.usable(list(cases.values()))}
    return {
        one.job.id: cases[one.case]
        for one in pending
        if one.case in usable and one.setup == sitting.setup(cases[one.case])
    }


def _stop_others(sitting: Sitting, known: Sequence[PendingJob], wanted: Mapping[str, Case]) -> None:
    for one in known:
        if one.job.id not in wanted:
            sitting.host.stop(one.job.id)


def _as_queued(one: PendingJob, case: Case, step: Step) -> Queued:
    attempt = Attempt(step, case, one.job.kind, (), one.round_index, is_pair=one.is_pair)
    return Queued(attempt, Task(one.job, one.timeout_seconds), one.sitting)


def _adopt(sitting: Sitting, one: PendingJob, queued: Queued) -> None:
    lines = sitting.lines(queued.attempt.case)
    if any(line.get("job") == one.job.id and line["kind"] != "accuracy" for line in lines):
        return
    line, is_lost = run_queued(sitting, queued)
    if not is_lost:
        journal_line(sitting, queued, line)
