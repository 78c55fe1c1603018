"""A machine's A/A noise: what figures of the same program differ by, and what so many rounds can resolve.

Learned from stored runs of the same files: within a session from process medians, between sessions from run
medians. Pure; `noise_file` keeps it. Accuracy has no such noise: the same file gives the same boxes, and how
well a change of it is seen depends on the change, which the gate's own interval says.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

import numpy as np

from bench.core.verdict import Rule
from bench.gating.comparable import differences, kind_of
from bench.gating.deciding import FAMILY_ERROR
from bench.gating.judging import MEMORY_RESOLUTION
from bench.gating.ranks import least_error, rank_sum_depth
from bench.gating.sides import CaseSide, Side

POWER = 0.95
_MEMORY = "_rss_bytes"
# Up to so many processes power is simulated, with so many draws; beyond, it goes with the root of the number.
_MANY, _DRAWS = 50, 1500


@dataclass(frozen=True)
class CaseNoise:
    """The noise of one metric of one case.

    Attributes:
        within: standard deviation of the logarithm of process medians of one session.
        between: that of the medians of comparable runs; None where there is one run alone.
        num_processes: processes a run, of the newest one; `num_runs` counts the runs.
        resolves: smallest worsening, as a share, that such a run finds against another with power .95, at an
            error corrected for all comparisons; None where so few processes cannot decide at all.
        tolerance: what the suite accepts, as a share; None where it has no rule for the metric.
        needs: processes a side at which `tolerance` is resolved; None where it is, or never can be.
    """

    case: str
    metric: str
    within: float
    between: float | None
    num_processes: int
    num_runs: int
    resolves: float | None
    tolerance: float | None = None
    needs: int | None = None

    @property
    def is_too_fine(self) -> bool:
        """Whether the tolerance is finer than what these rounds resolve."""
        return self.tolerance is not None and (self.resolves is None or self.tolerance < self.resolves)

    @property
    def advice(self) -> str:
        """What to say of a tolerance that is too fine; empty where it is not."""
        if not self.is_too_fine or self.tolerance is None:
            return ""
        seen = "decide nothing" if self.resolves is None else f"resolve {self.resolves:.1%}"
        cure = f"; {self.needs} would resolve it" if self.needs else ""
        rounds = f"{self.num_processes} rounds {seen}{cure}"
        return f"tolerance {self.tolerance:.1%} is finer than the noise: {rounds}"


def learn(sides: Sequence[Side], rules: Sequence[Rule]) -> list[CaseNoise]:
    """Return the noise of every case and metric with a rule, of the newest run's cases.

    Args:
        sides: runs from old to new; of a case, those count that measured the same file on a like machine.
    """
    newest = sides[-1]
    cases = [case for case in newest.cases.values() if case.status == "ok"]
    timed = [rule for rule in rules if kind_of(rule.metric) == "machine"]
    num_tests = len(cases) * sum(
        kind_of(rule.metric) != "size" and _MEMORY not in rule.metric for rule in rules
    )
    error = FAMILY_ERROR / max(num_tests, 1)
    found = (_learn_one(case, rule, sides, error) for case in cases for rule in timed)
    return [one for one in found if one]


def _learn_one(case: CaseSide, rule: Rule, sides: Sequence[Side], error: float) -> CaseNoise | None:
    runs = [
        [math.log(value) for value in same.processes[rule.metric]]
        for same in _same(case, rule.metric, (side.cases.get(case.case) for side in sides))
    ]
    if not runs or len(runs[-1]) < 2:
        return None
    within = _pooled_deviation(runs)
    between = float(np.std([median(run) for run in runs], ddof=1)) if len(runs) > 1 else None
    middle = math.exp(median(runs[-1]))
    tolerance = rule.tolerance if rule.is_relative else rule.tolerance / middle
    count = len(runs[-1])
    if rule.metric.endswith(_MEMORY):
        widest = max(max(run) - min(run) for run in runs)
        resolves: float | None = math.exp(widest) / (1 - MEMORY_RESOLUTION) - 1
        return CaseNoise(case.case, rule.metric, within, between, count, len(runs), resolves, tolerance)
    resolves = resolution(count, within, error)
    needs = rounds_needed(within, tolerance, error) if resolves is None or tolerance < resolves else None
    return CaseNoise(case.case, rule.metric, within, between, count, len(runs), resolves, tolerance, needs)


def _same(newest: CaseSide, metric: str, cases: Iterable[CaseSide | None]) -> list[CaseSide]:
    """Return the measurements of the same file under the same conditions."""
    return [
        case
        for case in cases
        if case is not None
        and case.status == "ok"
        and case.artifact == newest.artifact
        and metric in case.processes
        and not differences(metric, case, newest)
    ]


def _pooled_deviation(runs: Sequence[Sequence[float]]) -> float:
    squares = sum(float(np.var(run)) * len(run) for run in runs)
    return math.sqrt(squares / max(sum(len(run) - 1 for run in runs), 1))


def resolution(count: int, deviation: float, error: float, power: float = POWER) -> float | None:
    """Return the smallest worsening, as a share, that `count` against `count` processes find.

    By exact rank sums at that one-sided error, where processes are normal: tails that are heavier than that
    and have the same deviation are easier for ranks. None where so few can reject nothing.
    """
    if least_error(count, count) > error:
        return None
    return math.expm1(deviation * _reach(count, error, power))


def rounds_needed(deviation: float, tolerance: float, error: float, power: float = POWER) -> int | None:
    """Return how many processes a side resolve a worsening as small as a tolerance; None for 0."""
    if tolerance <= 0:
        return None
    reach = math.log1p(tolerance) / deviation if deviation else math.inf
    if reach < _reach(_MANY, error, power):
        return math.ceil(_MANY * (_reach(_MANY, error, power) / reach) ** 2)
    counts = range(2, _MANY + 1)
    return counts[bisect_left(counts, True, key=lambda count: _can_reach(count, error, power, reach))]


def _can_reach(count: int, error: float, power: float, reach: float) -> bool:
    return least_error(count, count) <= error and _reach(count, error, power) <= reach


@cache
def _reach(count: int, error: float, power: float) -> float:
    """Return the shift, in deviations, that is found with that power: simulated, or scaled from many."""
    if count > _MANY:
        return _reach(_MANY, error, power) * math.sqrt(_MANY / count)
    noise = np.random.default_rng(0).normal(size=(2, _DRAWS, count))
    gaps = (noise[0][:, :, None] - noise[1][:, None, :]).reshape(_DRAWS, -1)
    # A shift is found when the bound's difference, so many from the least, lies above zero.
    depth = rank_sum_depth(count, count, error) - 1
    bound = np.partition(gaps, depth, axis=1)[:, depth]
    return float(-np.quantile(bound, 1 - power))
