"""What may be said of one metric of one case: the change, its bounds, its p-value. Pure.

Worsening is positive throughout, whatever the metric's direction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.core.metric import METRICS
from bench.core.verdict import Rule
from bench.gating.accuracy import ApChange
from bench.gating.ranks import (
    Shift,
    paired_shift,
    rank_sum_p_value,
    shift_between,
    signed_rank_p_value,
)

# Of bounds that say what cannot be excluded. What may fail a build is held to the corrected error of all
# comparisons together instead, see `deciding`.
BOUND_ERROR = 0.05

# Memory of equal programs differs by less than this share (page cache, allocator, layout).
MEMORY_RESOLUTION = 0.01


@dataclass(frozen=True)
class Change:
    """How much worse one metric became.

    Attributes:
        value, low, high: as a share of the old value or in the metric's unit, as the rule has it.
        p_value: of the claim that it is worse by more than the tolerance; None where no test is needed.
        method: in words.
        is_paired: see `Verdict`.
    """

    value: float
    low: float
    high: float
    p_value: float | None
    method: str
    is_paired: bool = False


def exact_change(rule: Rule, before: float, after: float) -> Change:
    """Compare two exact values."""
    value = _worsening(rule, before, after)
    return Change(value, value, value, None, "exact")


def accuracy_change(rule: Rule, before: float, change: ApChange) -> Change:
    """Compare two APs by their paired difference over images."""
    scale = 1 / before if rule.is_relative and before else 1.0
    low, high = change.bounds(BOUND_ERROR)
    tolerated = -rule.tolerance / scale
    return Change(
        -change.value * scale,
        -high * scale,
        -low * scale,
        # Equal data can raise no alarm, so it is no test that others must share their error with.
        None if change.is_same_data else change.chance_above(tolerated),
        f"paired over {change.num_images} images",
        is_paired=True,
    )


def timed_change(rule: Rule, before: Sequence[float], after: Sequence[float], is_paired: bool) -> Change:
    """Compare one value a process on both sides, by exact rank intervals of their ratio.

    Args:
        is_paired: value i of both ran next to each other.
    """
    old, new = [math.log(value) for value in before], [math.log(value) for value in after]
    middle = sorted(before)[len(before) // 2]
    tolerated = math.log1p(rule.tolerance if rule.is_relative else rule.tolerance / middle)
    scale = 1.0 if rule.is_relative else middle
    shift = _shift(old, new, BOUND_ERROR, is_paired)
    value, low, high = (math.expm1(end) * scale for end in (shift.value, shift.low, shift.high))
    kind = f"{len(new)} pairs of processes" if is_paired else f"{len(new)} processes against {len(old)}"
    p_value = _p_value(old, new, tolerated, is_paired)
    return Change(value, low, high, p_value, f"exact ranks, {kind}", is_paired)


def memory_change(rule: Rule, before: Sequence[float], after: Sequence[float]) -> Change:
    """Compare the few probes of memory by all that was seen, widened by what equal programs differ by."""
    ratios = [min(after) / max(before), max(after) / min(before)]
    middles = sorted(before)[len(before) // 2], sorted(after)[len(after) // 2]
    scale = 1.0 if rule.is_relative else middles[0]
    low, high = ratios[0] * (1 - MEMORY_RESOLUTION) - 1, ratios[1] * (1 + MEMORY_RESOLUTION) - 1
    method = f"all of {len(after)} probes against {len(before)}, widened by {MEMORY_RESOLUTION:.0%}"
    return Change((middles[1] / middles[0] - 1) * scale, low * scale, high * scale, None, method)


def _worsening(rule: Rule, before: float, after: float) -> float:
    change = after - before if METRICS[rule.metric][1] == "lower" else before - after
    if not rule.is_relative:
        return change
    return change / before if before else math.copysign(math.inf, change) if change else 0.0


def _shift(old: Sequence[float], new: Sequence[float], error: float, is_paired: bool) -> Shift:
    if is_paired:
        return paired_shift([b - a for a, b in zip(old, new, strict=True)], error)
    return shift_between(new, old, error)


def _p_value(old: Sequence[float], new: Sequence[float], tolerated: float, is_paired: bool) -> float:
    """Return the chance of ranks so clear where the shift is no more than what is tolerated."""
    if is_paired:
        return signed_rank_p_value([b - a - tolerated for a, b in zip(old, new, strict=True)])
    return rank_sum_p_value([value - tolerated for value in new], old)
