"""Pairs on one board: each case and its older file in fresh processes side by side, in an order of chance."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.core.pair import PAIR_KINDS
from bench.core.suite import Case
from bench.gating.pairing import match_pairs
from bench.running.attempt import Attempt
from bench.running.batch import run_batch
from bench.running.listener import Step
from bench.running.rounds import TRIES_A_ROUND
from bench.running.schedule import interleave, spread
from bench.running.sitting import Sitting
from bench.running.work import Duel
from bench.wire.job import ImageRef, JobKind

Line = dict[str, Any]

# Photos that a memory probe runs; see `measuring`, which probes likewise.
_NUM_PROBE_IMAGES = 5


@dataclass(frozen=True)
class Tally:
    """What the journals of a duel hold of one board.

    Attributes:
        have: whole pairs of the board; `have_all` those of all boards of the host.
        next_number: of a pair; above all that were ever used on any board.
    """

    have: int
    have_all: int
    next_number: int


def run_pairs(sitting: Sitting, duels: Sequence[Duel]) -> None:
    """Measure pairs until each duel has as many as are wanted, boards of a host sharing them.

    A pair of which either half is disturbed is taken again; a duel of which either file breaks is given up.

    Raises:
        HostError: the host cannot be reached any more; whole pairs are journalled.
        StoppedError: the run was asked to stop.
    """
    kinds: tuple[JobKind, ...] = ("memory", "latency")
    place, count = sitting.team.meet(sitting.board)
    shares = {kind: _shares(sitting, duels, kind, (place, count)) for kind in kinds}
    # Nobody writes before everybody has read.
    sitting.team.meet(sitting.board)
    for kind in kinds:
        _run_kind(sitting, duels, kind, shares[kind])


def _shares(sitting: Sitting, duels: Sequence[Duel], kind: str, place: tuple[int, int]) -> dict[str, int]:
    """Return case id -> how many pairs this board shall have when it is done."""
    found = {}
    for duel in duels:
        tally = tally_of(sitting, duel, kind)
        missing = max(0, duel.wanted.get(kind, 0) - tally.have_all)
        index, count = place
        found[duel.case.id] = tally.have + missing // count + (index < missing % count)
    return found


def tally_of(sitting: Sitting, duel: Duel, kind: str) -> Tally:
    """Count the pairs of a duel in its journals."""
    before, after = sitting.lines(duel.twin), sitting.lines(duel.case)
    pairs = match_pairs(before, after, kind)
    own = sum(pair.board == sitting.board for pair in pairs)
    # Lines of another older file count: a number stands for one pair for good.
    lines = [*sitting.run.read_rounds(duel.twin.id), *sitting.run.read_rounds(duel.case.id)]
    numbers = [line["round"] for line in lines if line["kind"] == PAIR_KINDS[kind]]
    return Tally(own, len(pairs), max(numbers, default=-1) + 1)


def _run_kind(sitting: Sitting, duels: Sequence[Duel], kind: JobKind, shares: Mapping[str, int]) -> None:
    owner = {half.id: duel.case.id for duel in duels for half in (duel.case, duel.twin)}
    # Halves that may still be tried.
    left = {duel.case.id: 2 * TRIES_A_ROUND * duel.wanted.get(kind, 0) for duel in duels}
    is_hot = False
    while attempts := _attempts(sitting, [duel for duel in duels if left[duel.case.id] > 0], kind, shares):
        if is_hot:
            attempts[0] = replace(attempts[0], is_cooled=True)
        sitting.listener.plan("pair", len(attempts), sitting.name)
        taken = run_batch(sitting, attempts, is_enough=_is_spoilt)
        for attempt, _ in taken:
            left[owner[attempt.case.id]] -= 1
        if not taken:
            return
        is_hot = _is_spoilt(taken[-1][1])


def _attempts(
    sitting: Sitting, duels: Sequence[Duel], kind: JobKind, shares: Mapping[str, int]
) -> list[Attempt]:
    """List the halves of all pairs that are due, pair after pair, cases in turn; none of what broke."""
    duels = [duel for duel in duels if len(sitting.usable([duel.case, duel.twin])) == 2]
    tallies = {duel.case.id: tally_of(sitting, duel, kind) for duel in duels}
    by_case = {duel.case.id: duel for duel in duels}
    due = {case: max(0, shares[case] - tally.have) for case, tally in tallies.items()}
    halves: list[tuple[Case, int]] = []
    for turn in range(max(due.values(), default=0)):
        cases = [duel.case for duel in duels if due[duel.case.id] > turn]
        for case in interleave(cases, turn, sitting.options.seed):
            number = tallies[case.id].next_number + turn
            halves += [(half, number) for half in _in_turn(by_case[case.id], number, sitting.options.seed)]
    images = _images(sitting, kind)
    return [
        Attempt(
            Step("pair", half.id, index, len(halves), sitting.name), half, kind, images, number, is_pair=True
        )
        for index, (half, number) in enumerate(halves, 1)
    ]


def _in_turn(duel: Duel, number: int, seed: int) -> tuple[Case, Case]:
    """Return both halves of a pair in an order of chance: whatever comes second has the warmer machine."""
    is_older_first = random.Random(f"{seed}:{duel.case.id}:{number}").random() < 0.5
    return (duel.twin, duel.case) if is_older_first else (duel.case, duel.twin)


def _images(sitting: Sitting, kind: JobKind) -> tuple[ImageRef, ...]:
    count = _NUM_PROBE_IMAGES if kind == "memory" else sitting.options.images
    return tuple(spread(sitting.data.images, count))


def _is_spoilt(line: Line) -> bool:
    """Tell whether the pair of a line is none, so that what is queued behind it is to be thought over."""
    return line["status"] != "ok" or not line["valid"]
