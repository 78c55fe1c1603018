"""One case on both sides: what of each rule can be said without any other case. `deciding` does the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.core.verdict import Answer, Rule, Verdict
from bench.gating.accuracy import AP_KINDS, ApChange, ap_change, unchanged
from bench.gating.classes import (
    EACH_CLASS,
    ClassChange,
    ClassChangeSource,
    class_changes_of_files,
    class_name,
    is_judged,
    too_rare,
    unjudged,
)
from bench.gating.comparable import differences, emulation_reason, kind_of
from bench.gating.judging import Change, accuracy_change, exact_change, memory_change, timed_change
from bench.gating.sides import CaseSide, Side
from bench.metrics.matches import load_matches

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
        class_changes: likewise, of each class by itself.
        resolved: what a tolerance finer than the noise is told to be, by case and metric (see `noise`).
    """

    accepted: Collection[str] = ()
    resamples: int = 1000
    seed: int = 0
    needs_confirmation: bool = False
    changes: ChangeSource = change_of_files
    class_changes: ClassChangeSource = class_changes_of_files
    resolved: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """One rule of one case; the answer is open where there is a change."""

    rule: Rule
    verdict: Verdict
    change: Change | None = None


def judge_case(case: str, before: Side, after: Side, rules: Sequence[Rule], options: Options) -> list[Judged]:
    """Judge every rule of a case as far as it needs no other case.

    Raises:
        DataError: stored match data cannot be read.
    """
    old, new = before.cases.get(case), after.cases.get(case)
    if old is None or old.status != "ok":
        # Without an old figure nothing can be worse; a case that is broken now is told all the same.
        answer, reason = _without_old(old, new)
        return [Judged(rule, Verdict(case, rule.metric, answer, reason)) for rule in rules[:1]]
    if new is None or new.status != "ok":
        reason = "is not among the new results" if new is None else f"{new.status}: {new.reason}"
        return [Judged(rule, Verdict(case, rule.metric, "missing", reason)) for rule in rules[:1]]
    pair = _Pair(old, new, options)
    return [judged for rule in rules for judged in pair.judge(rule)]


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

    def judge(self, rule: Rule) -> list[Judged]:
        """Judge one metric, or each class of it, as far as it needs no other case."""
        old, new = self._old, self._new
        before, after = old.values.get(rule.metric), new.values.get(rule.metric)
        verdict = Verdict(
            old.case, rule.metric, "inconclusive", "", before, after,
            is_relative=rule.is_relative, tolerance=rule.tolerance,
            part=EACH_CLASS if rule.is_per_class else "",
        )  # fmt: skip
        if before is None or after is None:
            answer: Answer = "missing" if after is None else "new"
            lacking = "then" if after is not None else "now" if before is not None else "on either side"
            return [Judged(rule, replace(verdict, answer=answer, reason=f"has no value {lacking}"))]
        found = differences(rule.metric, old, new, self._options.accepted)
        if found:
            return [Judged(rule, replace(verdict, answer="not_comparable", reason="; ".join(found)))]
        if kind_of(rule.metric) != "size" and not (old.decision_grade and new.decision_grade):
            reason = "measured under --profile, --limit or --rounds: not for decisions"
            return [Judged(rule, replace(verdict, reason=reason))]
        if emulated := emulation_reason(rule.metric, old.setting, new.setting):
            return [Judged(rule, replace(verdict, reason=emulated))]
        if rule.is_per_class and not self._lacking_matches(rule):
            return self._each_class(rule, verdict)
        change, problem = self._change(rule, before, after)
        return [Judged(rule, replace(verdict, reason=problem), change)]

    def _each_class(self, rule: Rule, verdict: Verdict) -> list[Judged]:
        old, new, options = self._old.matches, self._new.matches, self._options
        assert old is not None and new is not None, "match data was looked for"
        found = options.class_changes(old, new, rule.metric, options.resamples, options.seed)
        judged = [_judge_class(rule, verdict, one, self._new) for one in found if is_judged(rule, one)]
        told = unjudged(rule, found, self._new.classes)
        return [*judged, *([Judged(rule, replace(verdict, answer="new", reason=told))] if told else [])]

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

    def _lacking_matches(self, rule: Rule) -> str:
        """Say why there is no match data of an accuracy on both sides; empty if there is."""
        if self._old.matches is None or self._new.matches is None:
            side = "old" if self._old.matches is None else "new"
            return f"the {side} side has no match data, without which no paired interval exists"
        if rule.metric not in AP_KINDS:
            return f"has no paired interval; judge one of {', '.join(AP_KINDS)}"
        return ""

    def _accuracy(self, rule: Rule, before: float) -> tuple[Change | None, str]:
        problem = self._lacking_matches(rule)
        if problem or self._old.matches is None or self._new.matches is None:
            return None, problem
        options = self._options
        files = self._old.matches, self._new.matches
        change = options.changes(*files, rule.metric, options.resamples, options.seed)
        if change is None:
            return None, "there are no objects of that size"
        return accuracy_change(rule, before, change), ""


def _judge_class(rule: Rule, verdict: Verdict, found: ClassChange, side: CaseSide) -> Judged:
    own = replace(
        verdict, part=class_name(found.category, side.classes), before=found.before, after=found.after
    )
    if found.change is None:
        return Judged(rule, replace(own, reason=too_rare(found)))
    return Judged(rule, own, accuracy_change(rule, found.before, found.change))
