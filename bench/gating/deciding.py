"""All cases and metrics of two sides to verdicts, with the false alarms of all of them together held down.

Tests that could fail a build are corrected together (Holm), so that the chance of one false alarm among all
of them stays below `FAMILY_ERROR`. What is exact needs no test; what is missing or not comparable is told,
never left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bench.core.verdict import Answer, Rule, Verdict
from bench.gating.cases import Judged, Options, judge_case
from bench.gating.comparable import kind_of
from bench.gating.judging import BOUND_ERROR
from bench.gating.sides import Side

__all__ = ["FAMILY_ERROR", "STAGE_ERROR", "Options", "decide", "overall"]

# Chance of one false failure or more among all tests of one comparison.
FAMILY_ERROR = 0.01

# Where times are decided by fresh pairs (`staging`), either stage has half of it.
STAGE_ERROR = FAMILY_ERROR / 2


def decide(before: Side, after: Side, rules: Sequence[Rule], options: Options) -> list[Verdict]:
    """Judge every rule of every case of either side, in the order of the older side's cases.

    Raises:
        DataError: stored match data cannot be read.
    """
    case_ids = [*before.cases, *(case for case in after.cases if case not in before.cases)]
    judged = [one for case in case_ids for one in judge_case(case, before, after, rules, options)]
    is_suspect = [options.needs_confirmation and _is_between_sessions(one) for one in judged]
    can_fail = [one for one, is_only_suspect in zip(judged, is_suspect, strict=True) if not is_only_suspect]
    error = STAGE_ERROR if options.needs_confirmation else FAMILY_ERROR
    failing = _holm((one.change.p_value for one in can_fail if one.change), error)
    verdicts = [
        _unconfirmed(_answered(one, BOUND_ERROR)) if is_only_suspect else _answered(one, failing)
        for one, is_only_suspect in zip(judged, is_suspect, strict=True)
    ]
    return [_resolved(verdict, options.resolved) for verdict in verdicts]


def _is_between_sessions(judged: Judged) -> bool:
    """Whether times of two sessions are all that the answer would rest on."""
    change = judged.change
    is_tested = change is not None and change.p_value is not None and not change.is_paired
    return is_tested and kind_of(judged.rule.metric) == "machine"


def _resolved(verdict: Verdict, resolved: Mapping[tuple[str, str], str]) -> Verdict:
    """Say of an unclear answer that the tolerance is finer than the machine's noise lets rounds resolve."""
    told = resolved.get((verdict.case, verdict.metric), "")
    if verdict.answer != "inconclusive" or not told:
        return verdict
    return replace(verdict, reason="; ".join(part for part in (verdict.reason, told) if part))


def _holm(all_p_values: Iterable[float | None], error: float) -> float:
    """Return the largest p-value that is rejected at the family's error; below 0 where none is.

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    ordered = sorted(p_value for p_value in all_p_values if p_value is not None)
    largest = -1.0
    for position, p_value in enumerate(ordered):
        if p_value > error / (len(ordered) - position):
            break
        largest = p_value
    return largest


def _answered(judged: Judged, failing: float) -> Verdict:
    """Turn a change into an answer, given the largest p-value that is rejected."""
    rule, verdict, change = judged.rule, judged.verdict, judged.change
    if change is None:
        return verdict
    fails = change.low > rule.tolerance if change.p_value is None else change.p_value <= failing
    is_exact = change.low == change.high
    answer: Answer = "fail" if fails else "inconclusive"
    if not fails and (is_exact or change.high < max(rule.find, rule.tolerance)):
        answer = "pass"
    figures: dict[str, Any] = {"change": change.value, "low": change.low, "high": change.high}
    return replace(
        verdict,
        answer=answer,
        find=rule.find,
        error=BOUND_ERROR,
        p_value=change.p_value,
        method=change.method,
        is_paired=change.is_paired,
        **figures,
    )


def _unconfirmed(verdict: Verdict) -> Verdict:
    """Take back a failure that rests on times of two sessions."""
    if verdict.answer != "fail":
        return verdict
    reason = (
        "worse than the stored figure, which another day on the same machine can be, too; measure old and "
        "new in one session before deciding"
    )
    return replace(verdict, answer="inconclusive", reason=reason)


def overall(verdicts: Sequence[Verdict]) -> int:
    """Return the exit code of a comparison: where answers differ 1 wins, then 3, 4, 5, 0."""
    codes: dict[Answer, int] = {"fail": 1, "missing": 3, "not_comparable": 4, "inconclusive": 5}
    found = {codes.get(verdict.answer, 0) for verdict in verdicts}
    return next((code for code in (1, 3, 4, 5) if code in found), 0)
