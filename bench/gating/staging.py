"""The second stage of the gate: suspects are measured again, old and new in turns, until the answer is clear.

Between two sessions a machine changes by more than its processes differ, so a time that is worse than a
stored one only makes a suspect (`deciding` with `needs_confirmation`). Here fresh pairs decide: both sides
run next to each other in one session, which cancels whatever lies between sessions, and none of the figures
that raised the suspicion is used again. Pure: `next_step` is asked after every round, with all pairs so far.

The error is held three ways. Looks: a suspect is looked at at a few agreed numbers of pairs, each with its
share of the error, so that looking early costs nothing in false alarms. Suspects: the error is divided among
them, and what a failed one held goes to the others (Holm). Stages: what is decided without rounds (accuracy)
has the other half of the family's error.

Peak memory may be a suspect like a time, of pairs of memory probes. It hardly varies, but equal programs
differ by their layout, so it fails only where it is worse than tolerated by more than that
(`MEMORY_RESOLUTION`).

What seems worse than tolerated does not pass early for being less than `find`: few pairs may exclude `find`
that are too few to fail anything.

Source: Maurer and Bretz, Multiple testing in group sequential trials using graphical approaches, Statistics
in Biopharmaceutical Research 5(4), 2013: Holm's steps hold at looks whose levels rise with the error.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from bench.core.verdict import Answer, Rule, Verdict
from bench.gating.deciding import STAGE_ERROR
from bench.gating.judging import BOUND_ERROR, MEMORY_RESOLUTION, timed_change
from bench.gating.ranks import signed_rank_p_value

# Case and metric.
Key = tuple[str, str]


@dataclass(frozen=True)
class Budget:
    """When fresh pairs are looked at, and how the errors are spent over the looks.

    Attributes:
        looks: numbers of pairs, rising; the last one is the budget.
        fail_shares: of `error`, the chance that any suspect fails which is no worse than tolerated. Six pairs
            cannot reach any strict error (the least is 1/64), so nothing is spent there.
        pass_errors: chance, look by look, that one passes which is worse by `Rule.find`; .05 in all. The
            first is the least that six pairs can have.
    """

    looks: tuple[int, ...] = (6, 10, 15, 20, 30)
    fail_shares: tuple[float, ...] = (0.0, 0.2, 0.25, 0.25, 0.3)
    pass_errors: tuple[float, ...] = (0.0157, 0.0086, 0.0086, 0.0086, 0.0085)
    error: float = STAGE_ERROR


@dataclass(frozen=True)
class Pairs:
    """One value a process of either side; value i of both was measured in the same round."""

    before: tuple[float, ...]
    after: tuple[float, ...]

    def first(self, count: int) -> Pairs:
        """Return the first pairs alone."""
        return Pairs(self.before[:count], self.after[:count])


@dataclass(frozen=True)
class Decision:
    """What fresh pairs said of a suspect.

    Attributes:
        answer: pass, fail, or inconclusive where the budget was spent without a clear answer.
        num_pairs: how many pairs the answer rests on.
        p_value: of the claim that it is worse by more than the tolerance; `error` is what it was held to.
    """

    answer: Answer
    num_pairs: int
    p_value: float
    error: float


@dataclass(frozen=True)
class Step:
    """What is known, and what to measure next.

    Attributes:
        decided: suspects with an answer.
        wanted: case -> pairs in all that its next look takes; cases that are not named need no more.
        wanted_keys: the same, suspect by suspect: pairs of memory are others than those of times.
    """

    decided: dict[Key, Decision] = field(default_factory=dict)
    wanted: dict[str, int] = field(default_factory=dict)
    wanted_keys: dict[Key, int] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether every suspect has its answer."""
        return not self.wanted


def suspects_of(
    verdicts: Sequence[Verdict], rules: Sequence[Rule], timed: Collection[str]
) -> dict[Key, Rule]:
    """Return what of the first stage has to be measured again: times that are worse, or not clear.

    Args:
        timed: metrics that fresh rounds give one value a process of.
    """
    by_metric = {rule.metric: rule for rule in rules}
    return {
        (verdict.case, verdict.metric): by_metric[verdict.metric]
        for verdict in verdicts
        if verdict.answer == "inconclusive" and verdict.metric in timed and verdict.change is not None
    }


def next_step(suspects: Mapping[Key, Rule], pairs: Mapping[Key, Pairs], budget: Budget | None = None) -> Step:
    """Judge all suspects by the pairs so far, look by look, and say which cases need more.

    All looks are taken anew each time, on the pairs that each of them saw, so the answer depends on what was
    measured alone, never on how often one asked.

    Args:
        suspects: what the first stage found, each with its rule; never changed between calls.
        pairs: all fresh pairs of a suspect, in the order of their rounds; absent where there are none yet.
    """
    plan = budget or Budget()
    decided: dict[Key, Decision] = {}
    for look, count in enumerate(plan.looks):
        ready = [key for key in suspects if key not in decided and len(pairs.get(key, _NONE).after) >= count]
        seen = {key: _worse_by(suspects[key], pairs[key].first(count)) for key in ready}
        decided |= _failing(seen, len(suspects) - _num_failed(decided), look, plan)
        decided |= {
            key: Decision("pass", count, worse.p_value, 0.0)
            for key, worse in seen.items()
            if key not in decided and _passes(worse, look, plan)
        }
    last = plan.looks[-1]
    spent = [key for key in suspects if key not in decided and len(pairs.get(key, _NONE).after) >= last]
    for key in spent:
        decided[key] = Decision(
            "inconclusive", last, _worse_by(suspects[key], pairs[key].first(last)).p_value, 0.0
        )
    wanted = _wanted(suspects, pairs, decided, plan)
    by_case: dict[str, int] = {}
    for (case, _), count in wanted.items():
        by_case[case] = max(by_case.get(case, 0), count)
    return Step(decided, by_case, wanted)


def confirmed(verdict: Verdict, rule: Rule, pairs: Pairs, decision: Decision) -> Verdict:
    """Return the verdict of a suspect after its second stage, with the bounds that fresh pairs give."""
    fresh = pairs.first(decision.num_pairs)
    change = timed_change(rule, fresh.before, fresh.after, is_paired=True)
    reason = "the budget of fresh pairs is spent" if decision.answer == "inconclusive" else ""
    widened = f" (fails beyond {MEMORY_RESOLUTION:.0%} more than tolerated)" if _is_memory(rule) else ""
    return replace(
        verdict,
        answer=decision.answer,
        reason=reason,
        before=median(fresh.before),
        after=median(fresh.after),
        change=change.value,
        low=change.low,
        high=change.high,
        error=BOUND_ERROR,
        p_value=decision.p_value,
        is_paired=True,
        method=f"{change.method}, measured again in turns{widened}",
    )


_NONE = Pairs((), ())


@dataclass(frozen=True)
class _Worse:
    """Chances of pairs so clear: where it is worse by the tolerance at most; by `find` at least."""

    p_value: float
    p_value_of_find: float


def _worse_by(rule: Rule, pairs: Pairs) -> _Worse:
    ratios = [math.log(after / before) for before, after in zip(pairs.before, pairs.after, strict=True)]
    scale = 1.0 if rule.is_relative else median(pairs.before)
    tolerated, found = math.log1p(rule.tolerance / scale), math.log1p(rule.find / scale)
    tolerated += math.log1p(MEMORY_RESOLUTION) if _is_memory(rule) else 0.0
    return _Worse(
        signed_rank_p_value([ratio - tolerated for ratio in ratios]),
        signed_rank_p_value([found - ratio for ratio in ratios]),
    )


def _passes(worse: _Worse, look: int, budget: Budget) -> bool:
    may_fail_later = worse.p_value <= BOUND_ERROR and look + 1 < len(budget.looks)
    return worse.p_value_of_find <= budget.pass_errors[look] and not may_fail_later


def _is_memory(rule: Rule) -> bool:
    return rule.metric.endswith("_rss_bytes")


def _num_failed(decided: Mapping[Key, Decision]) -> int:
    return sum(decision.answer == "fail" for decision in decided.values())


def _failing(seen: Mapping[Key, _Worse], num_standing: int, look: int, budget: Budget) -> dict[Key, Decision]:
    """Return who fails at a look; each that does raises the error of those that still stand (Holm)."""
    failed: dict[Key, Decision] = {}
    for key, worse in sorted(seen.items(), key=lambda item: item[1].p_value):
        error = budget.error * budget.fail_shares[look] / (num_standing - len(failed))
        if worse.p_value > error:
            break
        failed[key] = Decision("fail", budget.looks[look], worse.p_value, error)
    return failed


def _wanted(
    suspects: Mapping[Key, Rule], pairs: Mapping[Key, Pairs], decided: Mapping[Key, Decision], budget: Budget
) -> dict[Key, int]:
    have = {key: len(pairs.get(key, _NONE).after) for key in suspects if key not in decided}
    return {key: next(look for look in budget.looks if look > count) for key, count in have.items()}
