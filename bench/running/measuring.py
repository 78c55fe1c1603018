"""Measure the cases of one host: check, accuracy, memory, then timed rounds interleaved over the cases.

Every finished job is journalled before the next one starts; a case that breaks is journalled as failed and
left out of what follows, the others go on. Deriving metrics from the journals is left to `deriving`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from bench.core.suite import Case
from bench.running.attempt import OnShard, attempt
from bench.running.listener import Step
from bench.running.schedule import MEMORY_PROBES, interleave, may_start_round, spread, stored_shards
from bench.running.scoring import is_readable
from bench.running.sitting import Sitting
from bench.wire.job import ImageRef

# Photos that a check or a memory probe runs: enough to see zeros and to touch every buffer.
NUM_PROBE_IMAGES = 5


def measure(sitting: Sitting, cases: Sequence[Case]) -> None:
    """Measure cases of the sitting's host, going on from what their journals hold."""
    _run_checks(sitting, cases)
    run_accuracy(sitting, sitting.usable(cases))
    _run_memory(sitting, sitting.usable(cases))
    _run_latency(sitting, sitting.usable(cases))


def run_accuracy(sitting: Sitting, cases: Sequence[Case]) -> None:
    """Run all evaluation images that have no stored detections yet, case by case, in shards."""
    for case in cases:
        _give_up_lost_shards(sitting, case)
    todo = [(case, _missing_images(sitting, case)) for case in cases]
    todo = [(case, images) for case, images in todo if images]
    sitting.listener.plan("accuracy", len(todo))
    for number, (case, images) in enumerate(todo, 1):
        step = Step("accuracy", case.id, number, len(todo))
        attempt(sitting, step, case, "accuracy", images, on_shard=_shard_keeper(sitting, case))


def _give_up_lost_shards(sitting: Sitting, case: Case) -> None:
    """Journal stored shards that can no longer be read as lost, so that their images are run again."""
    for line in stored_shards(sitting.lines(case)):
        if not is_readable(sitting.run.case_folder(case.id) / line["file"]):
            sitting.journal(case, {**line, "kind": "accuracy_lost"})


def _missing_images(sitting: Sitting, case: Case) -> list[ImageRef]:
    have = sitting.done(case).image_ids
    return [image for image in sitting.data.images if image.id not in have]


def _shard_keeper(sitting: Sitting, case: Case) -> OnShard:
    def keep(job_id: str, event: dict[str, Any]) -> None:
        folder = sitting.run.case_folder(case.id)
        name = f"detections-{len(list(folder.glob('detections-*.npz'))):04d}.npz"
        sitting.host.fetch(job_id, event["file"], folder / name)
        line = {"kind": "accuracy", "status": "ok", "file": name, "image_ids": event["image_ids"]}
        sitting.journal(case, line)

    return keep


def _run_checks(sitting: Sitting, cases: Sequence[Case]) -> None:
    todo = [case for case in sitting.usable(cases) if not sitting.done(case).has_check]
    sitting.listener.plan("check", len(todo))
    for number, case in enumerate(todo, 1):
        step = Step("check", case.id, number, len(todo))
        attempt(sitting, step, case, "check", spread(sitting.data.images, NUM_PROBE_IMAGES))


def _run_memory(sitting: Sitting, cases: Sequence[Case]) -> None:
    probes = [
        (case, index) for case in cases for index in range(sitting.done(case).num_memory, MEMORY_PROBES)
    ]
    sitting.listener.plan("memory", len(probes))
    for number, (case, _) in enumerate(probes, 1):
        if case.id not in sitting.broken:
            step = Step("memory", case.id, number, len(probes))
            attempt(sitting, step, case, "memory", spread(sitting.data.images, NUM_PROBE_IMAGES))


def _run_latency(sitting: Sitting, cases: Sequence[Case]) -> None:
    """Take rounds over all cases in turn until each has enough valid ones, or the budget is spent."""
    options, images = sitting.options, spread(sitting.data.images, sitting.options.images)
    sitting.listener.plan("latency", sum(_rounds_missing(sitting, case) for case in cases))
    first = min((sitting.done(case).num_valid for case in cases), default=0)
    # What earlier sittings spent counts; a round is at least as long as one of theirs was on average.
    spent = sum(sitting.done(case).latency_seconds for case in cases)
    longest = spent / first if first else 0.0
    # An invalid round is repeated; a case whose rounds stay invalid gets twice the declared number of tries.
    for round_index in range(first, 2 * options.rounds):
        due = [case for case in sitting.usable(cases) if _rounds_missing(sitting, case)]
        taken = min(round_index, options.rounds - 1)
        if not due or not may_start_round(taken, spent, longest, options):
            return
        began = time.monotonic()
        for number, case in enumerate(interleave(due, round_index, options.seed), 1):
            if sitting.done(case).num_valid <= round_index:
                step = Step("latency", case.id, number, len(due))
                attempt(sitting, step, case, "latency", images, round_index)
        spent, longest = spent + time.monotonic() - began, max(longest, time.monotonic() - began)


def _rounds_missing(sitting: Sitting, case: Case) -> int:
    return max(0, sitting.options.rounds - sitting.done(case).num_valid)
