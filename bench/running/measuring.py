"""Measure the cases of one board: check, accuracy, memory, then timed rounds.

Each phase is queued on the host in as few batches as may be, so that a device whose controller vanished goes
on by itself. A case that breaks is left out of what follows. Deriving metrics is left to `deriving`.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.core.suite import Case
from bench.running.attempt import Attempt
from bench.running.batch import run_batch
from bench.running.listener import Step
from bench.running.long_runs import run_energy, run_sustained
from bench.running.rounds import run_rounds
from bench.running.schedule import MEMORY_PROBES, spread
from bench.running.shards import give_up_lost_shards
from bench.running.sitting import Sitting
from bench.wire.job import ImageRef, JobKind

# Photos that a check or a memory probe runs: enough to see zeros and to touch every buffer.
NUM_PROBE_IMAGES = 5


def measure(sitting: Sitting, cases: Sequence[Case]) -> None:
    """Measure cases of the sitting's host, going on from what their journals hold.

    Raises:
        HostError: the host cannot be reached any more.
        StoppedError: the run was asked to stop.
    """
    _run_checks(sitting, cases)
    run_accuracy(sitting, cases)
    _run_memory(sitting, sitting.usable(cases))
    run_rounds(sitting, sitting.usable(cases))
    # Last, for both heat the board.
    run_energy(sitting, sitting.usable(cases))
    run_sustained(sitting, sitting.usable(cases))


def run_accuracy(sitting: Sitting, cases: Sequence[Case]) -> None:
    """Run all evaluation images that have no stored detections yet, case by case, in shards.

    The boards of a host share the images; those of a board that is lost go to the others.
    """
    place, count = sitting.team.meet(sitting.board)
    if place == 0:
        for case in sitting.usable(cases):
            give_up_lost_shards(sitting, case)
    num_sharing = 0
    while num_sharing != count:
        place, num_sharing = sitting.team.meet(sitting.board)
        shares = [(case, _share(sitting, case, place, num_sharing)) for case in sitting.usable(cases)]
        _run_passes(sitting, [(case, images) for case, images in shares if images])
        _, count = sitting.team.meet(sitting.board)


def _share(sitting: Sitting, case: Case, place: int, count: int) -> tuple[ImageRef, ...]:
    """Return the images that this board is to run; every `count`-th is its own, whatever others have done."""
    have = sitting.done(case).image_ids
    return tuple(image for image in sitting.data.images[place::count] if image.id not in have)


def _run_passes(sitting: Sitting, todo: Sequence[tuple[Case, tuple[ImageRef, ...]]]) -> None:
    sitting.listener.plan("accuracy", len(todo), sitting.name)
    attempts = [
        Attempt(_step(sitting, "accuracy", case, number, len(todo)), case, "accuracy", images)
        for number, (case, images) in enumerate(todo, 1)
    ]
    run_batch(sitting, attempts)


def _run_checks(sitting: Sitting, cases: Sequence[Case]) -> None:
    todo = [case for case in sitting.usable(cases) if not sitting.done(case).has_check]
    _run_probes(sitting, "check", todo)


def _run_memory(sitting: Sitting, cases: Sequence[Case]) -> None:
    """Probe all cases once, then all again: drift of the machine hits all alike."""
    done = {case.id: sitting.done(case).num_memory for case in cases}
    todo = [case for index in range(MEMORY_PROBES) for case in cases if index >= done[case.id]]
    _run_probes(sitting, "memory", todo)


def _run_probes(sitting: Sitting, kind: JobKind, todo: Sequence[Case]) -> None:
    sitting.listener.plan(kind, len(todo), sitting.name)
    images = tuple(spread(sitting.data.images, NUM_PROBE_IMAGES))
    attempts = [
        Attempt(_step(sitting, kind, case, number, len(todo)), case, kind, images)
        for number, case in enumerate(todo, 1)
    ]
    run_batch(sitting, attempts)


def _step(sitting: Sitting, stage: str, case: Case, index: int, total: int) -> Step:
    return Step(stage, case.id, index, total, sitting.name)
