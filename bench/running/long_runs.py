"""What is measured behind the timed rounds, for both heat the board: energy, and sustained runs.

A job that breaks here does not break its case: its timed rounds are whole. The figure is missing then, and
says why.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.core.suite import Case
from bench.running.attempt import Attempt
from bench.running.batch import run_batch
from bench.running.listener import Step
from bench.running.schedule import ENERGY_PROBES, spread
from bench.running.sitting import Sitting
from bench.wire.job import JobKind


def run_energy(sitting: Sitting, cases: Sequence[Case]) -> None:
    """Sample power in fresh processes, all cases once and then all again, where the board has a meter."""
    if not sitting.options.energy_seconds or not sitting.facts.get("energy_meter"):
        return
    done = {case.id: sitting.done(case).num_energy for case in cases}
    todo = [case for index in range(ENERGY_PROBES) for case in cases if index >= done[case.id]]
    _run(sitting, "energy", todo)


def run_sustained(sitting: Sitting, cases: Sequence[Case]) -> None:
    """Run each case once without a pause, as long as the suite asks for; each begins cool."""
    if sitting.options.sustained_seconds:
        _run(sitting, "sustained", [case for case in cases if not sitting.done(case).has_sustained])


def _run(sitting: Sitting, kind: JobKind, todo: Sequence[Case]) -> None:
    sitting.listener.plan(kind, len(todo), sitting.name)
    images = tuple(spread(sitting.data.images, sitting.options.images))
    # A board of a hosts file has a temperature to begin at; a laptop may never be that cool.
    is_cooled = kind == "sustained" and bool(sitting.settings.boards)
    attempts = [
        Attempt(Step(kind, case.id, number, len(todo), sitting.name), case, kind, images, is_cooled=is_cooled)
        for number, case in enumerate(todo, 1)
    ]
    run_batch(sitting, attempts)
