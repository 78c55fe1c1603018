"""All cases and metrics of two sides to verdicts, with the false alarms of all of them together held down.

Tests that could fail a build are corrected together (Holm), so that the chance of one false alarm among all
of them stays below `FAMILY_ERROR`. What is exact needs no test; what is missing or not comparable is told,
never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.core.verdict import Answer, Rule, Verdict
from bench.gating.accuracy import AP_KINDS, ApChange, ap_change, unchanged
from bench.gating.comparable import differences, emulation_reason, kind_of
from bench.gating.judging import (
    BOUND_ERROR,
    Change,
    accuracy_change,
    exact_change,
    memory_change,
    timed_change,
)
from bench.gating.sides import CaseSide, Side
from bench.metrics.matches import load_matches

# Chance of one false failure or more among all tests of one comparison.
FAMILY_ERROR = 0.01

# Where times are decided by fresh pairs (`staging`), either stage has half of it.
STAGE_ERROR = FAMILY_ERROR / 2

# Old and new match data, metric, resamples and seed -> the change; None where there is no object.
ChangeSource = Callable[[Path, Path, str, int, int], ApChange | None]


def change_of_files(old: Path, new: Path, metric: str, resamples: int, seed: int) -> ApChange | None:
    """Resample both files; equal ones have no change, and need no resampling.

    Raises:
        DataError: one cannot be read.
    """
    before = load_matches(old)
    if old.read_bytes() == new.read_bytes():
        return unchanged(len(before.image_ids))
    return ap_change(before, load_matches(new), metric, resamples, seed)


_MEMORY = ("peak_rss_bytes", "baseline_rss_bytes", "model_rss_bytes")


@dataclass(frozen=True)
class Options:
    """How sides are judged.

    Attributes:
        accepted: settings whose difference is judged like any other change (`runtime_version`).
        resamples, seed: of the images, for accuracy.
        needs_confirmation: a time that is worse than a stored one is `inconclusive` until both were measured
            next to each other: between two sessions a machine changes by more than its processes differ.
        changes: where changes of an AP come from; `cached.IntervalCache` remembers them.
        resolved: what a tolerance finer than the noise is told to be, by case and metric (see `noise`).
    """

    accepted: Collection[str] = ()
    resamples: int = 1000
    seed: int = 0
    needs_confirmation: bool = False
    changes: ChangeSource = change_of_files
    resolved: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Judged:
    rule: Rule
    verdict: Verdict
    change: Change | None = None


def decide(before: Side, after: Side, rules: Sequence[Rule], options: Options) -> list[Verdict]:
    """Judge every rule of every case of either side, in the order of the older side's cases.

    Raises:
        DataError: stored match data cannot be read.
    """
    case_ids = [*before.cases, *(case for case in after.cases if case not in before.cases)]
    judged = [one for case in case_ids for one in _judge_case(case, before, after, rules, options)]
    is_suspect = [options.needs_confirmation and _is_between_sessions(one) for one in judged]
    can_fail = [one for one, is_only_suspect in zip(judged, is_suspect, strict=True) if not is_only_suspect]
    error = STAGE_ERROR if options.needs_confirmation else FAMILY_ERROR
    failing = _holm((one.change.p_value for one in can_fail if one.change), error)
    verdicts = [
        _unconfirmed(_answered(one, BOUND_ERROR)) if is_only_suspect else _answered(one, failing)
        for one, is_only_suspect in zip(judged, is_suspect, strict=True)
    ]
    return [_resolved(verdict, options.resolved) for verdict in verdicts]


def _is_between_sessions(judged: _Judged) -> bool:
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


def _judge_case(
    case: str, before: Side, after: Side, rules: Sequence[Rule], options: Options
) -> list[_Judged]:
    old, new = before.cases.get(case), after.cases.get(case)
    if old is None or old.status != "ok":
        # Without an old figure nothing can be worse; a case that is broken now is told all the same.
        answer, reason = _without_old(old, new)
        return [_Judged(rule, Verdict(case, rule.metric, answer, reason)) for rule in rules[:1]]
    if new is None or new.status != "ok":
        reason = "is not among the new results" if new is None else f"{new.status}: {new.reason}"
        return [_Judged(rule, Verdict(case, rule.metric, "missing", reason)) for rule in rules[:1]]
    pair = _Pair(old, new, options)
    return [pair.judge(rule) for rule in rules]


def _without_old(old: CaseSide | None, new: CaseSide | None) -> tuple[Answer, str]:
    if new is None or new.status not in ("ok", "unavailable"):
        return "missing", "was not measured on either side" if new is None else f"{new.status}: {new.reason}"
    if new.status == "unavailable":
        is_known = old is not None and old.status == "unavailable"
        return (
            ("pass", f"cannot be made, then as now: {new.reason}")
            if is_known
            else ("new", f"cannot be made: {new.reason}")
        )
    then = "has no older figure" if old is None else f"was {old.status} then"
    return "new", f"{then}; put it into the baseline to have it judged"


class _Pair:
    """One case on both sides."""

    def __init__(self, old: CaseSide, new: CaseSide, options: Options) -> None:
        self._old, self._new, self._options = old, new, options

    def judge(self, rule: Rule) -> _Judged:
        """Judge one metric as far as it needs no other case."""
        old, new = self._old, self._new
        before, after = old.values.get(rule.metric), new.values.get(rule.metric)
        verdict = Verdict(
            old.case, rule.metric, "inconclusive", "", before, after,
            is_relative=rule.is_relative, tolerance=rule.tolerance,
        )  # fmt: skip
        if before is None or after is None:
            answer: Answer = "missing" if after is None else "new"
            lacking = "then" if after is not None else "now" if before is not None else "on either side"
            return _Judged(rule, replace(verdict, answer=answer, reason=f"has no value {lacking}"))
        found = differences(rule.metric, old, new, self._options.accepted)
        if found:
            return _Judged(rule, replace(verdict, answer="not_comparable", reason="; ".join(found)))
        if kind_of(rule.metric) != "size" and not (old.decision_grade and new.decision_grade):
            reason = "measured under --profile, --limit or --rounds: not for decisions"
            return _Judged(rule, replace(verdict, reason=reason))
        if emulated := emulation_reason(rule.metric, old.setting, new.setting):
            return _Judged(rule, replace(verdict, reason=emulated))
        change, problem = self._change(rule, before, after)
        return _Judged(rule, replace(verdict, reason=problem), change)

    def _change(self, rule: Rule, before: float, after: float) -> tuple[Change | None, str]:
        kind = kind_of(rule.metric)
        if kind == "size":
            return exact_change(rule, before, after), ""
        if kind == "accuracy":
            return self._accuracy(rule, before)
        old, new = (side.processes.get(rule.metric, ()) for side in (self._old, self._new))
        if not old or not new:
            return None, "the samples of its processes are not stored, so it cannot be compared"
        if rule.metric in _MEMORY:
            return memory_change(rule, old, new), ""
        is_paired = bool(self._new.rounds) and self._old.rounds == self._new.rounds
        return timed_change(rule, old, new, is_paired), ""

    def _accuracy(self, rule: Rule, before: float) -> tuple[Change | None, str]:
        if self._old.matches is None or self._new.matches is None:
            side = "old" if self._old.matches is None else "new"
            return None, f"the {side} side has no match data, without which no paired interval exists"
        if rule.metric not in AP_KINDS:
            return None, f"has no paired interval; judge one of {', '.join(AP_KINDS)}"
        options = self._options
        files = self._old.matches, self._new.matches
        change = options.changes(*files, rule.metric, options.resamples, options.seed)
        if change is None:
            return None, "there are no objects of that size"
        return accuracy_change(rule, before, change), ""


def _answered(judged: _Judged, failing: float) -> Verdict:
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
