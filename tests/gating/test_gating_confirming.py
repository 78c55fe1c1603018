"""Pairs of a run in the place of stored figures: which are asked for, what they answer, what they tell."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sides_of import SETTING, make_case, make_side

from bench.core.pair import twin_id
from bench.core.verdict import Rule, Verdict
from bench.errors import StoreError
from bench.gating.against_file import AGAINST_NAME, Against, TwinNote, read_against, write_against
from bench.gating.confirming import SecondStage, confirm
from bench.gating.deciding import Options, decide
from bench.gating.gate import with_pairs
from bench.gating.pairing import match_pairs, values_of
from bench.gating.sides import CaseSide, Side
from bench.gating.staging import Key, Pairs
from bench.gating.suspecting import find_suspects
from bench.store.disk import append_line, make_folder
from bench.store.names import case_folder_name

CASE, OTHER = "m/int8/litert/t4@pi5", "m/fp32/litert/t4@pi5"
RULE = Rule("latency_p50_ns", 0.02, True, 0.05)
KEY: Key = (CASE, "latency_p50_ns")


def times(level: float, count: int = 10, seed: int = 0) -> tuple[float, ...]:
    return tuple(level * np.exp(np.random.default_rng(seed).normal(0, 0.005, count)))


def pairs_of(before: float, after: float, count: int = 10) -> Pairs:
    return Pairs(times(before, count, 1), times(after, count, 2))


def sides(before: float, after: float, **changes: Any) -> tuple[Side, Side]:
    """Return two sides of two cases; `changes` of the newer one's first case."""
    old = [make_case(case, times(before), artifact="a" * 64) for case in (CASE, OTHER)]
    new = [replace(make_case(case, times(after, seed=3)), artifact="b" * 64) for case in (CASE, OTHER)]
    return make_side(*old), make_side(replace(new[0], **changes), new[1])


def first(before: Side, after: Side) -> list[Verdict]:
    return decide(before, after, (RULE,), Options(needs_confirmation=True))


def suspects(before: Side, after: Side, wants_all: bool = False) -> set[Key]:
    return set(find_suspects(first(before, after), (RULE,), (before, after), {CASE}, wants_all))


def stage_of(pairs: Pairs, *keys: Key, troubles: dict[str, str] | None = None) -> SecondStage:
    found = dict.fromkeys(keys or (KEY,), RULE)
    return SecondStage(found, dict.fromkeys(found, pairs), troubles=troubles or {}, cases={CASE, OTHER})


def answer(verdicts: list[Verdict], case: str = CASE) -> Verdict:
    (found,) = (verdict for verdict in verdicts if verdict.case == case)
    return found


def test_suspects_are_what_stored_figures_leave_in_doubt() -> None:
    assert suspects(*sides(1e6, 1e6)) == set()
    assert suspects(*sides(1e6, 1e6), wants_all=True) == {KEY}
    assert suspects(*sides(1e6, 1.2e6)) == {KEY}


@pytest.mark.parametrize("name", ["cpu", "kernel", "governor", "runtime_version", "page_size", "measure"])
def test_pairs_cure_whatever_differs_of_the_machine(name: str) -> None:
    assert suspects(*sides(1e6, 1e6, setting={**SETTING, name: "other"})) == {KEY}


@pytest.mark.parametrize("name", ["preprocess", "decode", "suppression", "labels"])
def test_pairs_do_not_cure_another_question(name: str) -> None:
    assert suspects(*sides(1e6, 1e6, setting={**SETTING, name: "other"})) == set()


def test_nothing_is_measured_that_could_not_be_decided() -> None:
    assert suspects(*sides(1e6, 1.2e6, setting={**SETTING, "is_emulated": True})) == set()
    assert suspects(*sides(1e6, 1.2e6, decision_grade=False)) == set()
    assert suspects(*sides(1e6, 1.2e6, status="failed")) == set()


def test_pairs_decide_in_the_place_of_stored_times() -> None:
    before, after = sides(1e6, 1.2e6)
    slower = answer(confirm(first(before, after), before, after, stage_of(pairs_of(1e6, 1.2e6))))
    assert (slower.answer, slower.is_paired, slower.find) == ("fail", True, RULE.find)
    same = answer(confirm(first(before, after), before, after, stage_of(pairs_of(1e6, 1e6))))
    assert same.answer == "pass"


def test_pairs_say_nothing_of_a_runtime_that_both_files_ran_under() -> None:
    before, after = sides(1e6, 1.2e6, setting={**SETTING, "runtime_version": "2.2.0"})
    how = Options(needs_confirmation=True, accepted=("runtime_version",))
    verdicts = decide(before, after, (RULE,), how)
    stage = replace(stage_of(pairs_of(1.2e6, 1.2e6)), accepted=("runtime_version",))
    upgraded = answer(confirm(verdicts, before, after, stage))
    assert upgraded.answer == "inconclusive" and upgraded.change == pytest.approx(0.2, abs=0.02)
    assert "pairs say nothing of another runtime version" in upgraded.reason
    unjudged = answer(confirm(verdicts, before, after, replace(stage, accepted=())))
    assert unjudged.answer == "pass"


def test_a_verdict_that_is_not_for_decisions_shows_its_pairs_and_decides_nothing() -> None:
    before, after = sides(1e6, 1.2e6, decision_grade=False)
    verdict = answer(confirm(first(before, after), before, after, stage_of(pairs_of(1e6, 1.2e6))))
    assert verdict.answer == "inconclusive" and verdict.change == pytest.approx(0.2, abs=0.01)
    assert "not for decisions" in verdict.reason


def test_too_few_pairs_leave_the_answer_and_say_why() -> None:
    before, after = sides(1e6, 1.2e6)
    stage = stage_of(pairs_of(1e6, 1.2e6, 4), troubles={CASE: "the older file broke: SIGABRT"})
    verdict = answer(confirm(first(before, after), before, after, stage))
    assert verdict.answer == "inconclusive"
    assert "in 4 pairs" in verdict.reason and "the older file broke: SIGABRT" in verdict.reason


def test_what_has_no_older_figure_and_too_few_pairs_is_not_new() -> None:
    before, after = sides(1e6, 1.2e6)
    blank = replace(before.cases[CASE], values={}, processes={})
    before = make_side(blank, before.cases[OTHER])
    assert answer(first(before, after)).answer == "new"
    verdict = answer(confirm(first(before, after), before, after, stage_of(pairs_of(1e6, 1.2e6, 4))))
    assert verdict.answer == "inconclusive"


@pytest.mark.parametrize(("factor", "told"), [(1.8, "80% longer"), (0.6, "40% less time")])
def test_a_machine_that_is_not_what_it_was_is_named(factor: float, told: str) -> None:
    before, after = sides(1e6, factor * 1e6)
    stage = stage_of(pairs_of(factor * 1e6, factor * 1e6))
    verdicts = confirm(first(before, after), before, after, stage)
    assert answer(verdicts).answer == "pass" and told in answer(verdicts).reason
    assert answer(verdicts, OTHER).answer == "not_comparable" and told in answer(verdicts, OTHER).reason


def test_another_machine_is_no_drift() -> None:
    before, after = sides(1e6, 1.8e6, setting={**SETTING, "cpu": "another"})
    verdict = answer(confirm(first(before, after), before, after, stage_of(pairs_of(1.8e6, 1.8e6))))
    assert verdict.answer == "pass" and not verdict.reason


def test_a_drift_below_what_must_be_found_is_none() -> None:
    before, after = sides(1e6, 1.03e6)
    verdicts = confirm(first(before, after), before, after, stage_of(pairs_of(1.03e6, 1.03e6)))
    assert answer(verdicts).answer == "pass" and not answer(verdicts).reason
    assert answer(verdicts, OTHER).answer == answer(first(before, after), OTHER).answer


def test_pairs_do_not_answer_for_an_older_side_that_was_fed_otherwise() -> None:
    before, after = sides(1e6, 1e6)
    fed = {**SETTING, "preprocess": "other"}
    before = make_side(replace(before.cases[CASE], setting=fed), before.cases[OTHER])
    verdict = answer(confirm(first(before, after), before, after, stage_of(pairs_of(1e6, 1e6))))
    assert verdict.answer == "not_comparable" and "preprocessing" in verdict.reason


def test_pairs_do_not_answer_for_a_case_that_failed_since() -> None:
    before, after = sides(1e6, 1e6, status="failed", reason="killed")
    verdicts = confirm(first(before, after), before, after, stage_of(pairs_of(1e6, 1e6)))
    assert answer(verdicts).answer == "missing"


def line(case: str, number: int, value: float, **changes: Any) -> dict[str, Any]:
    result = {
        "inference_ns": [round(value)] * 5,
        "load_ns": 5,
        "first_call_ns": 6,
        "inference_cpu_ns": 7,
    }
    told = {"case": case, "kind": "pair", "status": "ok", "valid": True, "round": number, "board": ""}
    return {**told, "sitting": "s", "setup": case, "artifact": "", "result": result, **changes}


def test_only_whole_pairs_count_and_in_their_order() -> None:
    before = [line("c~before", number, 1e6 + number) for number in (2, 0, 1, 3, 4)]
    after = [line("c", number, 2e6 + number) for number in (0, 1, 2)]
    after += [line("c", 3, 1, status="failed"), line("c", 4, 1, valid=False), line("c", 5, 1)]
    pairs = match_pairs(before, after, "latency")
    assert values_of(pairs, "latency")["latency_p50_ns"] == Pairs(
        (1e6, 1e6 + 1, 1e6 + 2), (2e6, 2e6 + 1, 2e6 + 2)
    )
    other = [line("c", 0, 2e6, sitting="another"), line("c", 1, 2e6, board="two")]
    assert match_pairs(before, other, "latency") == []
    assert match_pairs(before, after, "memory") == []


def run_with_pairs(folder: Path, before: float, after: float, **changes: Any) -> None:
    for number, (old, new) in enumerate(zip(times(before, 10, 1), times(after, 10, 2), strict=True)):
        for case, value, file in ((twin_id(CASE), old, "a" * 64), (CASE, new, "b" * 64)):
            path = make_folder(folder / "cases" / case_folder_name(case)) / "rounds.jsonl"
            append_line(path, line(case, number, value, artifact=file))
    against = Against("old", "old", twins={CASE: TwinNote("a" * 64)}, suspects=(KEY,))
    write_against(folder, replace(against, **changes))


def gated(folder: Path, before: Side, after: Side) -> Verdict:
    after = replace(after, name=str(folder), gate={"latency_p50_ns": {"max_increase": "2%"}})
    return answer(with_pairs(first(before, after), before, after))


def test_a_run_is_judged_by_its_pairs_where_the_older_side_holds_the_same_file(tmp_path: Path) -> None:
    before, after = sides(1e6, 1.2e6)
    assert gated(tmp_path, before, after).answer == "inconclusive"
    run_with_pairs(tmp_path, 1e6, 1.2e6)
    assert gated(tmp_path, before, after).answer == "fail"
    other = make_side(*(replace(case, artifact="c" * 64) for case in before.cases.values()))
    assert gated(tmp_path, other, after).answer == "inconclusive"


def test_a_file_built_from_the_commit_of_the_older_side_is_the_same(tmp_path: Path) -> None:
    before, after = sides(1e6, 1.2e6)
    run_with_pairs(tmp_path, 1e6, 1.2e6, commit="c0ffee")
    other = make_side(*(replace(case, artifact="c" * 64) for case in before.cases.values()))
    clean = replace(other, source={"git": {"commit": "c0ffee", "is_dirty": False}})
    assert gated(tmp_path, clean, after).answer == "fail"
    dirty = replace(other, source={"git": {"commit": "c0ffee", "is_dirty": True}})
    assert gated(tmp_path, dirty, after).answer == "inconclusive"


def test_pairs_of_a_file_that_was_replaced_do_not_count(tmp_path: Path) -> None:
    before, after = sides(1e6, 1.2e6)
    run_with_pairs(tmp_path, 1e6, 1.2e6)
    changed: CaseSide = replace(after.cases[CASE], artifact="d" * 64)
    assert gated(tmp_path, before, make_side(changed, after.cases[OTHER])).answer == "inconclusive"


def test_a_file_of_the_future_or_a_broken_one_is_an_error(tmp_path: Path) -> None:
    write_against(tmp_path, Against("old", "old"))
    path = tmp_path / AGAINST_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 99}))
    with pytest.raises(StoreError, match="schema 99 is later than this program's 1"):
        read_against(tmp_path)
    path.write_text("{")
    with pytest.raises(StoreError, match="cannot be read"):
        read_against(tmp_path)
