"""The second stage of a run: what stored figures leave in doubt is measured next to the older files.

The answers come from `gating.gate`, which finds the same ones in the run folder at any later time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bench.core.verdict import Verdict
from bench.gating.against_file import Against, TwinNote, write_against
from bench.gating.comparable import differences, emulation_reason, kind_of
from bench.gating.confirming import SecondStage
from bench.gating.gate import first_stage, second_stage, with_pairs
from bench.gating.pairing import MEMORY_METRICS, TIMED_METRICS
from bench.gating.rules import make_rules
from bench.gating.sides import CaseSide, Side, read_side
from bench.gating.suspecting import CURED, find_suspects
from bench.running.looks import take_pairs
from bench.running.older import Older
from bench.running.older_accuracy import with_accuracy
from bench.running.work import Work
from bench.wire.codec import content_hash


@dataclass(frozen=True)
class AgainstOptions:
    """What a run is judged against.

    Attributes:
        name: as the user gives it, see `older.find_older`.
        pairs: whether suspects are measured in pairs, or every case.
        baselines: where baselines and the machine's noise are kept.
    """

    name: str
    pairs: Literal["suspects", "all"] = "suspects"
    baselines: Path = Path("results/baselines")


def judge_against(
    work: Work, older: Older, options: AgainstOptions, should_stop: Callable[[Sequence[str]], bool]
) -> tuple[Verdict, ...]:
    """Judge a finished run, measuring in pairs what is in doubt, and note all of it in `against.json`.

    Args:
        work: as it was measured; its records are written.
        should_stop: see `measure_hosts`.

    Raises:
        InterruptedRun: the user interrupted; whole pairs are kept.
    """
    after = read_side(work.run.path)
    rules = make_rules(after.gate)
    before, unscored = with_accuracy(work, older, (older_side(older, after), after), rules, should_stop)
    first = first_stage(before, after, options.baselines)
    suspects = find_suspects(first, rules, (before, after), older.cases, options.pairs == "all")
    against = _begin(older, options, tuple(suspects))
    write_against(work.run.path, against)

    def read_stage() -> SecondStage:
        return second_stage(against, rules, before, after)

    troubles = take_pairs(work, older, read_stage, should_stop)
    against = replace(against, troubles={**unscored, **troubles})
    write_against(work.run.path, against)
    told = (_with_missing(one, older) for one in with_pairs(first, before, after))
    verdicts = tuple(_not_in_silence(one, older, before, after) for one in told)
    write_against(work.run.path, replace(against, verdicts=verdicts))
    return verdicts


def _with_missing(verdict: Verdict, older: Older) -> Verdict:
    """Say of what is left in doubt that there is no older file which could have cleared it."""
    told = older.missing.get(verdict.case, "")
    if not told or verdict.answer not in ("inconclusive", "not_comparable", "new"):
        return verdict
    told = f"its older file cannot be had: {told}"
    is_lost = verdict.answer == "new" and verdict.case in older.lost
    reason = "; ".join(filter(None, ("" if is_lost else verdict.reason, told)))
    return replace(verdict, answer="not_comparable" if is_lost else verdict.answer, reason=reason)


def _not_in_silence(verdict: Verdict, older: Older, before: Side, after: Side) -> Verdict:
    """Take back that a figure is new where there is an older file that has it, but was not measured."""
    old, new = before.cases.get(verdict.case), after.cases.get(verdict.case)
    is_new = verdict.answer == "new" and verdict.before is None and verdict.after is not None
    if not is_new or verdict.case not in older.cases or old is None or new is None or old.status != "ok":
        return verdict
    if kind_of(verdict.metric) != "accuracy" and verdict.metric not in (*TIMED_METRICS, *MEMORY_METRICS):
        # Nothing takes it of an older file.
        return verdict
    found = differences(verdict.metric, old, new, CURED)
    if found:
        return replace(verdict, answer="not_comparable", reason="; ".join(found))
    weak = "" if new.decision_grade else "measured under --profile, --limit or --rounds: not for decisions"
    reason = emulation_reason(verdict.metric, new.setting) or weak or "its older file was not measured"
    return replace(verdict, answer="inconclusive", reason=reason)


def older_side(older: Older, after: Side) -> Side:
    """Return the stored figures, completed by what the older files say of themselves.

    A file that was found or built again stands for the one that the figures came from.
    """
    stored = older.stored_for(after) or Side(older.name, after.suite)
    cases = dict(stored.cases)
    for case, one in older.cases.items():
        if case in cases and cases[case].status == "ok":
            cases[case] = replace(cases[case], artifact=one.artifact.sha256)
        elif case in after.cases and case not in cases:
            cases[case] = _unmeasured(older, case, after.cases[case])
    for case in older.removed:
        cases.setdefault(case, CaseSide(case, "ok", "", {}, {}, (), None, {}))
    return replace(stored, name=older.name, cases=cases)


def _unmeasured(older: Older, case: str, now: CaseSide) -> CaseSide:
    """Return a case of which no figures are stored: its file has a size, and is fed in a known way."""
    one = older.cases[case]
    description = one.description
    fed = {
        "preprocess": content_hash(description.preprocess),
        "decode": content_hash(description.decode),
        "suppression": content_hash(description.suppression),
        "labels": content_hash(description.category_ids),
    }
    sizes = {
        "size_bytes": float(one.artifact.size_bytes),
        "compressed_bytes": float(one.artifact.compressed_bytes),
    }
    setting = {**now.setting, **fed}
    return CaseSide(case, "ok", "", sizes, {}, (), None, setting, one.artifact.sha256)


def _begin(older: Older, options: AgainstOptions, suspects: tuple[tuple[str, str], ...]) -> Against:
    twins = {
        case: TwinNote(one.artifact.sha256, one.artifact.recipe_key, one.source)
        for case, one in older.cases.items()
    }
    git = older.side.source.get("git", {}) if older.side else {}
    is_whole = older.side is None or all(case.decision_grade for case in older.side.cases.values())
    return Against(
        given=options.name,
        name=older.name,
        # A commit says nothing of files that were made with changes beside it, or under --profile.
        commit="" if git.get("is_dirty") or not is_whole else older.commit,
        twins=twins,
        missing=dict(older.missing),
        suspects=suspects,
    )
