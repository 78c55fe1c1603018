"""Hints to `bench diagnose`: what of that which was seen it can explain, and how it is called."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import replace

from bench.core.record import Advice, Record

# Codes of advice whose cause lies in a description or in a build, which diagnosing tries out.
DIAGNOSABLE = frozenset(
    {"no_detections", "no_accuracy", "boxes_outside", "accuracy_collapse", "dead_class", "silent_class"}
)

# Below this many images a class of few objects has an AP of 0 by chance.
MANY_IMAGES = 400

# A model that finds this much, but never one of its classes, may have its labels wrong there.
GOOD_AP = 0.1

# What the command says where the suite's file is not known.
SUITE_WORD = "SUITE"

_COMMAND = "bench diagnose {}"
_NUM_NAMED = 5


def with_command(found: Iterable[Advice], record: Record) -> tuple[Advice, ...]:
    """Add to what can be diagnosed the command that does it."""
    return tuple(
        replace(advice, advice=_joined(advice.advice, record)) if advice.code in DIAGNOSABLE else advice
        for advice in found
    )


def silent_classes(record: Record, sibling: Record | None) -> Advice | None:
    """Name the classes of an fp32 model that have objects and an AP of 0 among many images."""
    metric = record.metric("map_50_95")
    if record.precision != "fp32" or metric is None or (metric.value or 0.0) < GOOD_AP:
        return None
    silent = [name for name, value in record.per_class.items() if value == 0]
    if metric.count < MANY_IMAGES or not silent:
        return None
    more = f" and {len(silent) - _NUM_NAMED} more" if len(silent) > _NUM_NAMED else ""
    return Advice(
        "silent_class",
        f"these classes have objects and an AP of 0: {', '.join(silent[:_NUM_NAMED])}{more}",
        "look whether they are rare in the data set; if not, their labels may be wrong",
    )


def name_suite(advice: Advice, path: str) -> Advice:
    """Put the suite's file into the command of an advice, where it is known."""
    if not path:
        return advice
    named = advice.advice.replace(_COMMAND.format(SUITE_WORD), _COMMAND.format(shlex.quote(path)))
    return replace(advice, advice=named)


def _joined(advice: str, record: Record) -> str:
    command = f"`{_COMMAND.format(SUITE_WORD)} --case {shlex.quote(record.case)}` tries what may be wrong"
    return f"{advice.rstrip('.')}; {command}" if advice else command
