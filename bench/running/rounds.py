"""Timed rounds of one board: interleaved over the cases, as many as fit, repeated where not valid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.core.measure import MeasureOptions
from bench.core.suite import Case
from bench.running.attempt import Attempt
from bench.running.batch import Taken, run_batch
from bench.running.listener import Step
from bench.running.schedule import interleave, rounds_that_fit, spread
from bench.running.sitting import Sitting

# A case whose rounds stay invalid is tried as often as this times the declared number of rounds.
TRIES_A_ROUND = 2


@dataclass(frozen=True)
class Slot:
    """One case's part of one round."""

    round_index: int
    case: Case


@dataclass
class Ledger:
    """What the rounds of a sitting have taken so far.

    Attributes:
        tries: case id -> timed jobs, valid ones of earlier sittings among them.
        spent: seconds of all timed rounds, those of earlier sittings among them.
        longest: seconds that the longest round over all cases took.
    """

    tries: dict[str, int]
    spent: float
    longest: float
    seconds: dict[int, float] = field(default_factory=dict)

    def enter(self, taken: Taken) -> None:
        """Count jobs that ended."""
        for attempt, line in taken:
            self.tries[attempt.case.id] += 1
            self.spent += line["seconds"]
            index = attempt.round_index
            self.seconds[index] = self.seconds.get(index, 0.0) + line["seconds"]
            self.longest = max(self.longest, self.seconds[index])


def run_rounds(sitting: Sitting, cases: Sequence[Case]) -> None:
    """Take rounds over all cases in turn until each has enough valid ones, or the budget is spent.

    After an invalid round the same one is repeated first, once the processor has cooled.
    """
    options = sitting.options
    slots, ledger = _begin(sitting, cases)
    sitting.listener.plan("latency", len(slots), sitting.name)
    is_hot = False
    while slots:
        end = rounds_that_fit(slots[0].round_index, ledger.spent, ledger.longest, options)
        batch = [slot for slot in slots if slot.round_index < end]
        taken = run_batch(sitting, _attempts(sitting, batch, is_hot), is_enough=_is_invalid)
        if not taken:
            return
        ledger.enter(taken)
        is_hot = _is_invalid(taken[-1][1])
        slots = _still_due(sitting, slots, taken, ledger)


def _begin(sitting: Sitting, cases: Sequence[Case]) -> tuple[list[Slot], Ledger]:
    """Return what is due, and what earlier sittings took of it."""
    done = {case.id: sitting.done(case) for case in cases}
    valid = {case_id: one.num_valid for case_id, one in done.items()}
    first = min(valid.values(), default=0)
    # What earlier sittings spent counts; a round is at least as long as one of theirs was on average.
    spent = sum(one.latency_seconds for one in done.values())
    return plan_rounds(cases, valid, sitting.options), Ledger(
        dict(valid), spent, spent / first if first else 0.0
    )


def plan_rounds(cases: Sequence[Case], valid: Mapping[str, int], options: MeasureOptions) -> list[Slot]:
    """List what is due, round by round, each in an order of its own.

    Args:
        valid: case id -> number of valid rounds that there are already; these are the first ones.
    """
    slots = []
    for index in range(min(valid.values(), default=0), options.rounds):
        due = [case for case in cases if valid[case.id] <= index]
        slots += [Slot(index, case) for case in interleave(due, index, options.seed)]
    return slots


def _attempts(sitting: Sitting, slots: Sequence[Slot], is_hot: bool) -> list[Attempt]:
    images = tuple(spread(sitting.data.images, sitting.options.images))
    sizes = {slot.round_index: sum(s.round_index == slot.round_index for s in slots) for slot in slots}
    attempts, seen = [], dict.fromkeys(sizes, 0)
    for number, slot in enumerate(slots):
        seen[slot.round_index] += 1
        step = Step("latency", slot.case.id, seen[slot.round_index], sizes[slot.round_index], sitting.name)
        is_cooled = is_hot and number == 0
        attempts.append(Attempt(step, slot.case, "latency", images, slot.round_index, is_cooled))
    return attempts


def _still_due(sitting: Sitting, slots: Sequence[Slot], taken: Taken, ledger: Ledger) -> list[Slot]:
    """Return the slots that have no valid round yet, of cases that may still be tried."""
    filled = {(attempt.round_index, attempt.case.id) for attempt, line in taken if not _is_invalid(line)}
    most = TRIES_A_ROUND * sitting.options.rounds
    return [
        slot
        for slot in slots
        if (slot.round_index, slot.case.id) not in filled
        and slot.case.id not in sitting.broken
        and ledger.tries[slot.case.id] < most
    ]


def _is_invalid(line: dict[str, Any]) -> bool:
    return line["status"] == "ok" and not line["valid"]
