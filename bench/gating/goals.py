"""Absolute goals, as `end_to_end_p95 <= 100 ms on pi5`: met, missed or unclear, whatever was before. Pure.

A goal is met where the whole interval of the value is within the limit, and missed where all of it is beyond.
Intervals are of the suite's level each; where many cases lie right at their limits, some of them will be said
to miss by chance (2.5% of those that lie exactly there, at 95%).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.interval import EXACT, LEAST_LEVEL, bounds
from bench.core.constraint import Constraint, Goal
from bench.core.metric import Metric
from bench.core.verdict import Answer, Verdict
from bench.gating.candidates import Candidate
from bench.gating.comparable import emulation_reason
from bench.stats import median_interval

# Stands where a verdict names a case, of a goal that fits none.
NO_CASE = "(no case)"

# Metrics that say how a case differs from the fp32 one.
_RELATIVE = ("map_50_95_difference", "latency_ratio")
_LEVEL = 0.95


def judge_goals(goals: Sequence[Goal], candidates: Sequence[Candidate]) -> list[Verdict]:
    """Judge every demand of every goal on each case that it fits; a goal that fits none is `missing`."""
    verdicts: list[Verdict] = []
    for goal in goals:
        fitting = [(one, demand) for one in candidates for demand in goal.demands if _fits(one, goal, demand)]
        verdicts += [_judge(goal, demand, one) for one, demand in fitting]
        if not fitting:
            reason = "no case of these results fits the goal, so nothing was held against it"
            verdicts.append(Verdict(NO_CASE, goal.demands[0].subject, "missing", reason, goal=goal.text))
    return verdicts


def _fits(candidate: Candidate, goal: Goal, demand: Constraint) -> bool:
    if candidate.is_reference and demand.subject in _RELATIVE:
        return False
    return all(word.holds(candidate.words.get(word.subject, "")) for word in goal.words)


def _judge(goal: Goal, demand: Constraint, candidate: Candidate) -> Verdict:
    verdict = Verdict(candidate.case, demand.subject, "missing", goal=goal.text)
    if candidate.status != "ok":
        return replace(verdict, reason=f"{candidate.status}: {candidate.reason}")
    metric = candidate.metrics.get(demand.subject)
    if metric is None or metric.value is None or _is_absent(metric):
        why = metric.note if metric and metric.note else "it was not measured"
        return replace(verdict, reason=f"has no value: {why}")
    verdict = replace(verdict, after=metric.value, answer="inconclusive")
    if not candidate.decision_grade and metric.name not in EXACT:
        return replace(verdict, reason="measured under --profile, --limit or --rounds: not for decisions")
    if emulated := emulation_reason(metric.name, candidate.setting):
        return replace(verdict, reason=emulated)
    return _held_against(demand, metric, candidate, verdict)


def _held_against(demand: Constraint, metric: Metric, candidate: Candidate, verdict: Verdict) -> Verdict:
    ends, method = _ends(metric, candidate.processes.get(metric.name, ()))
    if ends is None:
        return replace(verdict, reason=f"its value has no interval, so nothing is sure: {method}")
    held = {demand.holds(end) for end in ends}
    answer: Answer = "inconclusive" if len(held) > 1 else "pass" if held == {True} else "fail"
    return replace(verdict, answer=answer, low=ends[0], high=ends[1], method=method)


def _ends(metric: Metric, processes: Sequence[float]) -> tuple[tuple[float, float] | None, str]:
    """Return the bounds of a value and how they were found; without bounds, why there are none.

    A tail over all calls has an interval from 45 processes on. With fewer, the median of the processes' own
    tails bounds it, widened to the value over all calls, which a single slow process may have put higher.
    """
    ends = bounds(metric)
    if ends is not None:
        level = f"{metric.level:.0%} interval, {metric.count} samples" if metric.level else "declared spread"
        return ends, "exact" if metric.name in EXACT else level
    if len(processes) > 1 and metric.value is not None:
        found = median_interval(processes, _LEVEL)
        if found.level >= LEAST_LEVEL:
            method = f"{found.level:.0%} interval of the median of {len(processes)} processes' own values"
            return (min(found.low, metric.value), max(found.high, metric.value)), method
    return None, metric.note or "measure more rounds"


def _is_absent(metric: Metric) -> bool:
    """Whether the value is COCO's -1 for no such objects."""
    return metric.value == -1 and metric.unit in ("ap", "ar") and metric.name not in _RELATIVE
