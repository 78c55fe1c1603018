"""What the gate answers: every way in which two sides can differ has its own answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sides_of import SETTING, make_case, make_side

from bench.core.verdict import Verdict
from bench.gating.accuracy import ApChange, unchanged
from bench.gating.deciding import FAMILY_ERROR, STAGE_ERROR, Options, decide, overall
from bench.gating.rules import make_rules
from bench.gating.sides import CaseSide, Side

SIZE = make_rules({"size_bytes": {"max_increase": 0}})
SUSPECT = ((6, 1.035), (56, 1.0))
LATENCY = make_rules({"latency_p50_ns": {"max_increase": "1%"}})


def times(seed: int, scale: float = 1.0, count: int = 10, spread: float = 0.005) -> tuple[float, ...]:
    return tuple(1e6 * scale * np.exp(np.random.default_rng(seed).normal(0, spread, count)))


def only(before: Side, after: Side, rules: tuple = SIZE, options: Options | None = None) -> Verdict:  # type: ignore[type-arg]
    (verdict,) = decide(before, after, rules, options or Options())
    return verdict


@pytest.mark.parametrize(("size", "answer"), [(1000.0, "pass"), (1001.0, "fail"), (999.0, "pass")])
def test_size_is_compared_exactly(size: float, answer: str) -> None:
    new = make_case(values={"size_bytes": size})
    assert only(make_side(make_case()), make_side(new)).answer == answer


@pytest.mark.parametrize(
    ("scale", "answer"), [(1.0, "pass"), (0.9, "pass"), (1.08, "fail"), (1.04, "inconclusive")]
)
def test_times_fail_only_where_their_interval_clears_the_tolerance(scale: float, answer: str) -> None:
    spread = 0.06 if answer == "inconclusive" else 0.005
    before = make_side(make_case(times=times(1, spread=spread)))
    after = make_side(make_case(times=times(3, scale, spread=spread)))
    verdict = only(before, after, LATENCY)
    assert verdict.answer == answer
    assert verdict.low is not None and verdict.high is not None and verdict.low < verdict.high


def test_many_cases_share_one_error() -> None:
    # Alone, this case would fail; among 200 comparisons so weak a sign is to be expected of one of them.
    suspect, old = (make_case("suspect", times=times(seed, scale, spread=0.015)) for seed, scale in SUSPECT)
    others = [make_case(f"other-{number}", times=times(number)) for number in range(10, 210)]
    alone = only(make_side(old), make_side(suspect), LATENCY)
    assert alone.answer == "fail" and alone.p_value is not None and alone.p_value > FAMILY_ERROR / 201
    together = decide(make_side(old, *others), make_side(suspect, *others), LATENCY, Options())
    assert {verdict.case: verdict.answer for verdict in together}["suspect"] != "fail"


@pytest.mark.parametrize(
    ("new", "answer", "reason"),
    [
        (None, "missing", "is not among the new results"),
        (make_case(status="failed", reason="killed by SIGILL"), "missing", "failed: killed by SIGILL"),
        (make_case(status="invalid", reason="throttled"), "missing", "invalid: throttled"),
        (make_case(values={}), "missing", "has no value now"),
    ],
)
def test_a_vanished_failed_or_invalid_case_is_never_a_pass(
    new: CaseSide | None, answer: str, reason: str
) -> None:
    verdict = only(make_side(make_case()), make_side(*([new] if new else [])))
    assert (verdict.answer, verdict.reason) == (answer, reason)
    assert overall([verdict]) == 3


def test_a_new_case_is_new_and_a_broken_new_one_is_missing() -> None:
    assert only(make_side(), make_side(make_case())).answer == "new"
    assert only(make_side(), make_side(make_case(status="failed"))).answer == "missing"
    assert only(make_side(make_case(status="failed")), make_side(make_case())).answer == "new"


def test_what_cannot_be_made_passes_only_where_it_could_not_be_made_before() -> None:
    cannot = make_case(status="unavailable", reason="no such kernel")
    assert only(make_side(cannot), make_side(cannot)).answer == "pass"
    for before in (make_side(), make_side(make_case(status="failed"))):
        verdict = only(before, make_side(cannot))
        assert (verdict.answer, verdict.reason) == ("new", "cannot be made: no such kernel")
    assert only(make_side(make_case()), make_side(cannot)).answer == "missing"


def test_another_machine_is_judged_on_size_and_not_on_time() -> None:
    other = {**SETTING, "cpu": "Cortex-A72"}
    before, after = make_side(make_case(times=times(1))), make_side(make_case(times=times(2), setting=other))
    assert only(before, after).answer == "pass"
    verdict = only(before, after, LATENCY)
    assert verdict.answer == "not_comparable"
    assert verdict.reason == "cpu: Cortex-A76 then, Cortex-A72 now"


def test_another_runtime_version_is_judged_only_where_that_is_accepted() -> None:
    newer = {**SETTING, "runtime_version": "2.2.0"}
    before, after = make_side(make_case(times=times(1))), make_side(make_case(times=times(2), setting=newer))
    assert only(before, after, LATENCY).reason == "runtime version: 2.1.0 then, 2.2.0 now"
    assert only(before, after, LATENCY, Options(accepted=("runtime_version",))).answer == "pass"


def test_other_photos_are_told_without_their_hashes() -> None:
    other = {**SETTING, "data": "b" * 64}
    rules = make_rules({"map_50_95": {"max_drop": 0.005}})
    case = make_case(values={"map_50_95": 0.5})
    verdict = only(make_side(case), make_side(replace(case, setting=other)), rules)
    assert (verdict.answer, verdict.reason) == ("not_comparable", "evaluation photos: not the same")


def test_accuracy_without_match_data_is_inconclusive_and_never_unpaired() -> None:
    rules = make_rules({"map_50_95": {"max_drop": 0.005}})
    case = make_case(values={"map_50_95": 0.5})
    verdict = only(make_side(case), make_side(case), rules)
    assert verdict.answer == "inconclusive" and "no match data" in verdict.reason


def test_what_was_measured_under_a_smoke_profile_decides_nothing_but_size() -> None:
    smoke = make_case(times=times(2), decision_grade=False)
    assert only(make_side(make_case(times=times(1))), make_side(smoke), LATENCY).answer == "inconclusive"
    assert only(make_side(make_case()), make_side(smoke)).answer == "pass"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (("pass", "new"), 0),
        (("pass", "inconclusive"), 5),
        (("inconclusive", "not_comparable"), 4),
        (("not_comparable", "missing"), 3),
        (("missing", "fail", "pass"), 1),
    ],
)
def test_the_worst_answer_decides_the_exit_code(answers: tuple, code: int) -> None:  # type: ignore[type-arg]
    assert overall([Verdict("case", "size_bytes", answer) for answer in answers]) == code


def test_a_first_stage_marks_suspects_without_a_correction_and_fails_nothing_by_time() -> None:
    stored, now = (
        make_side(make_case(times=times(6))),
        make_side(make_case(times=times(56, 1.02, spread=0.012))),
    )
    verdict = only(stored, now, LATENCY, Options(needs_confirmation=True))
    assert verdict.answer == "inconclusive" and "measure old and new in one session" in verdict.reason
    assert verdict.p_value is not None and STAGE_ERROR < verdict.p_value <= 0.05


@pytest.mark.parametrize(("p_like", "answer"), [(0.010, "pass"), (0.012, "fail")])
def test_accuracy_is_decided_in_the_first_stage_at_half_of_the_error(
    p_like: float, answer: str, tmp_path: Path
) -> None:
    # .010 below zero beyond .003 are 2.33 errors, one in a hundred; .012 are one in seven hundred.
    matches = tmp_path / "matches.npz"
    side = make_side(make_case(values={"map_50_95": 0.4}, matches=matches))
    options = Options(needs_confirmation=True, changes=lambda *_: ApChange(-p_like, 0.003))
    verdict = only(side, side, make_rules({"map_50_95": {"max_drop": 0.003}}), options)
    assert verdict.answer == answer


def test_a_tolerance_finer_than_the_noise_is_told_where_the_answer_is_unclear() -> None:
    before = make_side(make_case(times=times(1, spread=0.06)))
    after = make_side(make_case(times=times(3, 1.04, spread=0.06)))
    told = {("m/int8/litert/t4@pi5", "latency_p50_ns"): "10 rounds resolve 8%"}
    assert only(before, after, LATENCY, Options(resolved=told)).reason == "10 rounds resolve 8%"
    clear = make_side(make_case(times=times(1)))
    assert only(clear, clear, LATENCY, Options(resolved=told)).reason == ""


def test_files_that_did_not_change_take_no_share_of_the_error(tmp_path: Path) -> None:
    # A drop that is found alone, and would not be as one of ten tests.
    changed = ApChange(-0.0125, 0.003)
    cases = [make_case(f"c{n}", values={"map_50_95": 0.4}, matches=tmp_path / f"c{n}") for n in range(10)]
    side, rules = make_side(*cases), make_rules({"map_50_95": {"max_drop": 0.003}})
    answers = []
    for others in (unchanged(500), ApChange(0.0, 0.003)):
        changes = {case.case: others for case in cases} | {"c3": changed}
        options = Options(
            needs_confirmation=True,
            changes=lambda old, *_, found=changes: found[old.name],  # type: ignore[misc]
        )
        verdicts = decide(side, side, rules, options)
        answers.append(next(verdict.answer for verdict in verdicts if verdict.case == "c3"))
    assert answers == ["fail", "pass"]
