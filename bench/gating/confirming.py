"""The second stage's answers in the place of the first's, and what pairs tell of the machine; pure.

Pairs decide about the code. Where the older file itself takes another time now than its stored figures say,
the machine or its load changed: that is named, and what only stands against stored figures is not compared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bench.core.verdict import Rule, Verdict
from bench.gating.comparable import kind_of
from bench.gating.judging import timed_change
from bench.gating.pairing import MEMORY_METRICS
from bench.gating.sides import Side
from bench.gating.staging import Budget, Key, Pairs, confirmed, next_step
from bench.gating.suspecting import can_be_settled

# Fewer processes say nothing of a drift: no bound below infinity exists at the error in use.
_LEAST_PAIRS = 6


@dataclass(frozen=True)
class SecondStage:
    """What was measured again.

    Attributes:
        suspects: never changed once the first pair is taken.
        pairs: all whole pairs so far; absent where there are none.
        troubles: case id -> why it has no more of them.
        cases: that the older side holds; of all others the first stage's answers stay.
        accepted: settings whose change is to be judged, too (see `deciding.Options`).
    """

    suspects: Mapping[Key, Rule]
    pairs: Mapping[Key, Pairs]
    budget: Budget = Budget()
    troubles: Mapping[str, str] = field(default_factory=dict)
    cases: Collection[str] = ()
    accepted: Collection[str] = ()


@dataclass(frozen=True)
class Drift:
    """How much longer the same file takes now than its stored figures say; a share."""

    value: float

    @property
    def words(self) -> str:
        """Say it, and what to do."""
        told = f"{abs(self.value):.0%} {'longer' if self.value > 0 else 'less time'}"
        return (
            f"the older file itself takes {told} than its stored figures say: machine or load changed; set "
            "the baseline anew"
        )


def confirm(verdicts: Sequence[Verdict], before: Side, after: Side, stage: SecondStage) -> list[Verdict]:
    """Return the verdicts of both stages together, in the order of the first's.

    Args:
        before: with the stored processes that a drift is seen by.
    """
    decided = next_step(stage.suspects, stage.pairs, stage.budget).decided
    # Another machine takes another time: that is no drift.
    other = {(one.case, one.metric) for one in verdicts if one.answer == "not_comparable"}
    # A change that is to be judged is no drift either, and both halves of a pair ran after it.
    changed = {
        case: names for case in stage.cases if (names := _changed(case, before, after, stage.accepted))
    }
    found = _find_drifts(before, stage).items()
    drifts = {key: drift for key, drift in found if key not in other and key[0] not in changed}
    hosts = _drifted_hosts(drifts)
    answers = []
    for verdict in verdicts:
        key = (verdict.case, verdict.metric)
        is_open = key not in stage.suspects or can_be_settled(verdict, before, after, wants_all=True)
        # Pairs of one question say nothing of another: this older side may have been fed otherwise.
        if verdict.case not in stage.cases or not is_open:
            answers.append(_only_stored(verdict, hosts.get(_host_of(verdict.case))))
        elif key in stage.suspects and verdict.case in changed:
            answers.append(_beyond_pairs(verdict, changed[verdict.case]))
        elif key in decided:
            rule, pairs = stage.suspects[key], stage.pairs[key]
            final = replace(confirmed(verdict, rule, pairs, decided[key]), find=rule.find)
            answers.append(_told(final, drifts.get(key), after.cases[verdict.case].decision_grade))
        elif key in stage.suspects:
            answers.append(_undecided(verdict, stage))
        elif verdict.answer == "new" and verdict.case in stage.troubles:
            # There is an older file, so that something could have been said.
            answers.append(replace(verdict, answer="inconclusive", reason=stage.troubles[verdict.case]))
        else:
            answers.append(_only_stored(verdict, hosts.get(_host_of(verdict.case))))
    return answers


def _changed(case: str, before: Side, after: Side, accepted: Collection[str]) -> list[str]:
    """Return the accepted settings that differ between both sides of a case."""
    old, new = before.cases[case].setting, after.cases[case].setting
    return [name for name in accepted if old.get(name) != new.get(name)]


def _beyond_pairs(verdict: Verdict, names: Sequence[str]) -> Verdict:
    """Leave an answer to stored figures where what is to be judged changed for both halves of a pair."""
    what = ", ".join(names).replace("_", " ")
    told = f"pairs say nothing of another {what}: both files ran under the new one"
    return replace(verdict, reason="; ".join(filter(None, (verdict.reason, told))))


def _told(verdict: Verdict, drift: Drift | None, is_for_decisions: bool) -> Verdict:
    """Say what a reader of a confirmed verdict should know beside its figures."""
    told = [verdict.reason] if verdict.reason else []
    if not is_for_decisions:
        verdict = replace(verdict, answer="inconclusive")
        told.append("measured under --profile, --limit or --rounds: not for decisions")
    if drift is not None:
        told += [] if told else [verdict.method]
        told.append(drift.words)
    return replace(verdict, reason="; ".join(told))


def _undecided(verdict: Verdict, stage: SecondStage) -> Verdict:
    """Leave the answer of the first stage where pairs were to be taken and are too few, and say so."""
    key = (verdict.case, verdict.metric)
    count = len(stage.pairs[key].after) if key in stage.pairs else 0
    trouble = stage.troubles.get(verdict.case, "go on with bench run --resume --against")
    told = f"measured again in {count} pairs, which are too few to decide: {trouble}"
    answer = "inconclusive" if verdict.answer == "new" else verdict.answer
    return replace(verdict, answer=answer, reason="; ".join(filter(None, (verdict.reason, told))))


def _only_stored(verdict: Verdict, drift: Drift | None) -> Verdict:
    """Take back what rests on stored times alone, on a machine that is not what it was."""
    is_time = kind_of(verdict.metric) == "machine" and verdict.metric not in MEMORY_METRICS
    is_judged = verdict.answer in ("pass", "inconclusive") and verdict.change is not None
    if drift is None or not is_time or not is_judged:
        return verdict
    reason = f"{drift.words}, or measure this case in pairs, too (--pairs all)"
    return replace(verdict, answer="not_comparable", reason=reason)


def _find_drifts(before: Side, stage: SecondStage) -> dict[Key, Drift]:
    found = {}
    for key, rule in stage.suspects.items():
        case, metric = key
        stored = before.cases[case].processes.get(metric, ()) if case in stage.cases else ()
        fresh = stage.pairs[key].before if key in stage.pairs else ()
        if metric in MEMORY_METRICS or not stored or len(fresh) < _LEAST_PAIRS:
            continue
        change = timed_change(rule, stored, fresh, is_paired=False)
        if change.low > rule.find or change.high < -rule.find:
            scale = 1.0 if rule.is_relative else sorted(stored)[len(stored) // 2]
            found[key] = Drift(change.value / scale)
    return found


def _drifted_hosts(drifts: Mapping[Key, Drift]) -> dict[str, Drift]:
    """Return of each host the largest drift of its cases."""
    hosts: dict[str, Drift] = {}
    for (case, _), drift in sorted(drifts.items(), key=lambda item: abs(item[1].value)):
        hosts[_host_of(case)] = drift
    return hosts


def _host_of(case: str) -> str:
    return case.rpartition("@")[2]
