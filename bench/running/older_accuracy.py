"""Accuracy of older files on the photos of today, where no match data is stored that could be compared.

A file that did not change has the accuracy that was measured just now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bench.core.pair import twin_id
from bench.core.suite import Case
from bench.core.verdict import Rule
from bench.errors import DataError
from bench.gating.comparable import kind_of
from bench.gating.sides import CaseSide, Side
from bench.metrics.accumulate import Scores
from bench.running.older import Older
from bench.running.opening import noted_facts
from bench.running.schedule import stored_shards
from bench.running.scoring import MATCHES_NAME, Scorer
from bench.running.sitting import setup_of
from bench.running.together import measure_hosts
from bench.running.twins import hosts_of, twin_of, with_twins
from bench.running.work import Work
from bench.store.folder import read_run_info


def with_accuracy(
    work: Work,
    older: Older,
    sides: tuple[Side, Side],
    rules: Sequence[Rule],
    should_stop: Callable[[Sequence[str]], bool],
) -> tuple[Side, dict[str, str]]:
    """Complete the older side by match data on today's photos wherever the stored ones cannot be compared.

    Returns:
        The side, and case id -> why its older file has no accuracy.

    Raises:
        InterruptedRun: the user interrupted; finished shards are kept.
    """
    before, after = sides
    if not any(kind_of(rule.metric) == "accuracy" for rule in rules):
        return before, {}
    cases = [case for case in work.suite.cases if _is_needed(case, older, before, after)]
    same = [case for case in cases if _is_unchanged(work, older, case)]
    found = {case.id: _copied(before.cases[case.id], after.cases[case.id]) for case in same}
    found |= _measured(work, older, [case for case in cases if case not in same], sides, should_stop)
    told = {
        case.id: f"its older file could not be scored: {_reason(work, case)}"
        for case in cases
        if case.id not in found
    }
    return replace(before, cases={**before.cases, **found}), told


def _is_needed(case: Case, older: Older, before: Side, after: Side) -> bool:
    old, new = before.cases.get(case.id), after.cases.get(case.id)
    if case.id not in older.cases or old is None or new is None or new.matches is None:
        return False
    is_other_data = any(old.setting.get(name) != new.setting.get(name) for name in _DATA)
    return old.status == "ok" and (old.matches is None or is_other_data)


# What the older file is run on anew.
_DATA = ("data", "annotations")


def _is_unchanged(work: Work, older: Older, case: Case) -> bool:
    one = older.cases[case.id]
    is_same_file = case.id in work.artifacts and work.artifacts[case.id].sha256 == one.artifact.sha256
    return is_same_file and work.suite.model(case.model).description == one.description


def _copied(old: CaseSide, new: CaseSide) -> CaseSide:
    values = {name: value for name, value in new.values.items() if kind_of(name) == "accuracy"}
    return _on_todays_photos(old, new, values, new.matches)


def _on_todays_photos(
    old: CaseSide, new: CaseSide, values: dict[str, float], matches: Path | None
) -> CaseSide:
    setting = {**old.setting, **{name: new.setting.get(name) for name in _DATA}}
    return replace(old, values={**old.values, **values}, matches=matches, setting=setting)


def _measured(
    work: Work,
    older: Older,
    cases: Sequence[Case],
    sides: tuple[Side, Side],
    should_stop: Callable[[Sequence[str]], bool],
) -> dict[str, CaseSide]:
    if not cases:
        return {}
    before, after = sides
    twins = tuple(twin_of(case) for case in cases)
    described = with_twins(work, older, cases)
    suite = replace(described.suite, cases=(), hosts=hosts_of(work, twins))
    measure_hosts(replace(described, suite=suite, controls=twins), should_stop)
    scorer, found = Scorer(work.data), {}
    for case, twin in zip(cases, twins, strict=True):
        scores = _score(described, twin, scorer)
        if scores is not None:
            values = {name: value for name, value in scores.stats.items() if value is not None}
            matches = work.run.case_folder(twin.id) / MATCHES_NAME
            found[case.id] = _on_todays_photos(before.cases[case.id], after.cases[case.id], values, matches)
    return found


def _reason(work: Work, case: Case) -> str:
    lines = work.run.read_rounds(twin_id(case.id))
    return str(lines[-1].get("reason", "")) if lines else "its host was lost"


def _score(work: Work, twin: Case, scorer: Scorer) -> Scores | None:
    """Score what the journal of a twin holds; None where images are missing."""
    facts = next(iter(noted_facts(read_run_info(work.run.path), twin.host).values()), {})
    setup = setup_of(work.suite, twin, work.artifacts[twin.id], work.data, facts)
    lines = [line for line in work.run.read_rounds(twin.id) if line.get("setup") == setup]
    shards = stored_shards(lines)
    if {image for line in shards for image in line["image_ids"]} != {image.id for image in work.data.images}:
        return None
    try:
        return scorer.score(work.run.case_folder(twin.id), [line["file"] for line in shards])[0]
    except DataError:
        return None
