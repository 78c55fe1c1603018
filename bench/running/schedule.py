"""What is still to be measured, and in which order. Pure: knows journals and options, touches nothing."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.core.measure import MeasureOptions
from bench.core.suite import Case

# Fresh processes whose memory is read; the median of three ignores one disturbed probe.
MEMORY_PROBES = 3

# measuring.md's floor: fewer processes than this say nothing about the spread between processes.
MIN_ROUNDS = 5


@dataclass
class Done:
    """What the journal of a case already holds for the setup in use.

    Attributes:
        broken: the newest line says that the case failed, and why.
        image_ids: evaluation images whose detections are stored.
        latency_seconds: that its timed rounds took.
    """

    has_check: bool = False
    image_ids: set[int] = field(default_factory=set)
    num_memory: int = 0
    num_valid: int = 0
    num_invalid: int = 0
    latency_seconds: float = 0.0
    broken: str = ""


def summarise(lines: Iterable[dict[str, Any]]) -> Done:
    """Count what the lines of a case's journal hold; all of them were measured under one setup."""
    done = Done()
    for line in lines:
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


def may_start_round(round_index: int, elapsed: float, longest_round: float, options: MeasureOptions) -> bool:
    """Whether one more round over all cases fits: the declared number, then the time budget.

    Args:
        round_index: rounds already taken, from 0.
        elapsed: seconds spent on timed rounds so far.
        longest_round: seconds that the longest of them took.
    """
    if round_index >= options.rounds:
        return False
    if not options.budget_seconds or round_index < min(MIN_ROUNDS, options.rounds):
        return True
    return elapsed + longest_round <= options.budget_seconds


def spread(items: Sequence[Any], count: int) -> list[Any]:
    """Take `count` items evenly spaced over the sequence (all of them if there are fewer)."""
    if len(items) <= count:
        return list(items)
    return [items[index * len(items) // count] for index in range(count)]
