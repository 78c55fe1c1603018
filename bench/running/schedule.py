"""What is still to be measured, and in which order. Pure: knows journals and options, touches nothing."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.core.measure import MeasureOptions
from bench.core.pair import PAIR_KINDS
from bench.core.suite import Case

# Fresh processes whose memory is read; the median of three ignores one disturbed probe.
MEMORY_PROBES = 3

# Fresh processes whose energy is sampled.
ENERGY_PROBES = 3

# measuring.md's floor: fewer processes than this say nothing about the spread between processes.
MIN_ROUNDS = 5


# Kinds of lines that count for all boards of a host, whichever wrote them.
_SHARED = ("accuracy", "accuracy_lost")

# Kinds behind the timed rounds; one that breaks leaves its case whole, and is tried again with --resume.
FURTHER_KINDS = ("energy", "sustained")


@dataclass
class Done:
    """What the journal of a case already holds of one board for the setup in use.

    Attributes:
        broken: the newest line says that the case failed, and why.
        image_ids: evaluation images whose detections are stored, by whichever board.
        latency_seconds: that its timed rounds took.
        num_energy: valid energy probes; `has_sustained`: a sustained run that ended well.
    """

    has_check: bool = False
    image_ids: set[int] = field(default_factory=set)
    num_memory: int = 0
    num_valid: int = 0
    num_invalid: int = 0
    latency_seconds: float = 0.0
    num_energy: int = 0
    has_sustained: bool = False
    broken: str = ""


def summarise(lines: Iterable[dict[str, Any]], board: str = "") -> Done:
    """Count what the lines of a case's journal hold; all of them were measured under one setup.

    Args:
        board: whose checks, probes and rounds are counted; detections count from wherever they are.
    """
    done = Done()
    for line in lines:
        if line["kind"] in PAIR_KINDS.values():
            # Of the second stage, which changes nothing of a case's record.
            continue
        if line.get("board", "") != board:
            if line["kind"] in _SHARED:
                _count(done, line)
            continue
        if line["kind"] in FURTHER_KINDS:
            _count_further(done, line)
            continue
        if line.get("status") == "failed":
            done.broken = line.get("reason", "")
            continue
        done.broken = ""
        _count(done, line)
    return done


def _count(done: Done, line: dict[str, Any]) -> None:
    kind = line["kind"]
    if kind == "check":
        done.has_check = True
    elif kind == "accuracy":
        done.image_ids.update(line["image_ids"])
    elif kind == "accuracy_lost":
        done.image_ids.difference_update(line["image_ids"])
    elif kind == "memory":
        done.num_memory += 1
    elif kind == "latency":
        done.latency_seconds += line.get("seconds", 0.0)
        done.num_valid += line.get("valid", True)
        done.num_invalid += not line.get("valid", True)


def _count_further(done: Done, line: dict[str, Any]) -> None:
    if line.get("status") == "ok":
        done.num_energy += line["kind"] == "energy" and line.get("valid", True)
        done.has_sustained |= line["kind"] == "sustained"


def stored_shards(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of shards whose file was not given up as lost since."""
    shards = {}
    for line in lines:
        if line["kind"] == "accuracy" and line.get("status") == "ok":
            shards[line["file"]] = line
        elif line["kind"] == "accuracy_lost":
            shards.pop(line["file"], None)
    return list(shards.values())


def interleave(cases: Sequence[Case], round_index: int, seed: int) -> list[Case]:
    """Return the cases of one round in a seeded random order, so that drift hits all of them alike."""
    order = sorted(cases, key=lambda case: case.id)
    random.Random(f"{seed}:{round_index}").shuffle(order)
    return order


def rounds_that_fit(next_round: int, elapsed: float, longest_round: float, options: MeasureOptions) -> int:
    """Return the round before which to stop for now: the declared number, or what the time budget holds.

    Args:
        next_round: the first that is not taken yet, from 0.
        elapsed: seconds spent on timed rounds so far.
        longest_round: seconds that the longest of them took; 0 if there was none, and then only as many as
            are taken in any case fit for sure.
    """
    if not options.budget_seconds:
        return options.rounds
    left = max(0.0, options.budget_seconds - elapsed)
    fitting = int(left // longest_round) if longest_round else 0
    return min(options.rounds, max(MIN_ROUNDS, next_round + fitting))


def spread(items: Sequence[Any], count: int) -> list[Any]:
    """Take `count` items evenly spaced over the sequence (all of them if there are fewer)."""
    if len(items) <= count:
        return list(items)
    return [items[index * len(items) // count] for index in range(count)]
