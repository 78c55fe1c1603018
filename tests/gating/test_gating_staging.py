"""The second stage: stops when clear, never before its looks, and never alarms more often than agreed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.core.verdict import Rule, Verdict
from bench.gating.deciding import STAGE_ERROR
from bench.gating.staging import (
    Budget,
    Key,
    Pairs,
    Step,
    confirmed,
    next_step,
    suspects_of,
)

RULE = Rule("latency_p50_ns", 0.01, True, 0.05)
KEY: Key = ("m/int8/litert/t1@local", "latency_p50_ns")


def draw(seed: int, shift: float, count: int = 30, noise: float = 0.02, level: float = 1e6) -> Pairs:
    rng = np.random.default_rng(seed)
    before, after = np.exp(rng.normal(0, noise, (2, count)))
    return Pairs(tuple(level * before), tuple(level * (1 + shift) * after))


def follow(pairs: dict[Key, Pairs], budget: Budget | None = None) -> tuple[Step, int]:
    """Measure as a run loop would: a look's pairs at a time, of the cases that need them alone."""
    suspects = dict.fromkeys(pairs, RULE)
    measured = dict.fromkeys([case for case, _ in pairs], 0)
    step = next_step(suspects, {}, budget)
    while not step.is_over:
        assert all(count > measured[case] for case, count in step.wanted.items())
        measured |= step.wanted
        step = next_step(suspects, {key: all_.first(measured[key[0]]) for key, all_ in pairs.items()}, budget)
    assert set(step.decided) == set(pairs)
    return step, max(measured.values())


def test_a_clear_answer_stops_at_its_look() -> None:
    worse, spent = follow({KEY: draw(1, 0.2)})
    assert worse.decided[KEY].answer == "fail" and spent == 10
    same, spent = follow({KEY: draw(1, 0.0, noise=0.005)})
    assert same.decided[KEY].answer == "pass" and spent == 6


def test_what_stays_unclear_ends_with_the_budget() -> None:
    step, spent = follow({KEY: draw(2, 0.03, noise=0.1)})
    assert step.decided[KEY].answer == "inconclusive" and spent == 30


def test_nothing_is_decided_between_looks() -> None:
    pairs = draw(1, 0.5)
    for count in (0, 1, 5, 7, 9):
        step = next_step({KEY: RULE}, {KEY: pairs.first(count)})
        assert not step.decided and step.wanted == {KEY[0]: 6 if count < 6 else 10}


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.02, 0.05]))
@settings(max_examples=30, deadline=None)
def test_a_decision_stays_whatever_is_measured_later(seed: int, shift: float) -> None:
    others = {(f"case-{n}", "latency_p50_ns"): draw(seed + n, shift) for n in range(3)}
    suspects = dict.fromkeys(others, RULE)
    known: dict[Key, str] = {}
    for count in range(31):
        step = next_step(suspects, {key: pairs.first(count) for key, pairs in others.items()})
        answers = {key: decision.answer for key, decision in step.decided.items()}
        assert known.items() <= answers.items()
        known = answers  # type: ignore[assignment]
    assert len(known) == 3


def test_a_failure_is_what_scipys_signed_ranks_reject_at_the_share_of_the_look() -> None:
    looks_seen = set()
    for seed in range(12):
        pairs = draw(seed, 0.05)
        decision = follow({KEY: pairs})[0].decided[KEY]
        seen = pairs.first(decision.num_pairs)
        ratios = np.log(np.array(seen.after) / np.array(seen.before)) - np.log(1.01)
        expected = stats.wilcoxon(ratios, alternative="greater", method="exact").pvalue
        assert decision.p_value == pytest.approx(expected)
        if decision.answer == "fail":
            share = {10: 0.2, 15: 0.25, 20: 0.25, 30: 0.3}[decision.num_pairs]
            assert expected <= decision.error == pytest.approx(share * STAGE_ERROR)
            looks_seen.add(decision.num_pairs)
    assert {10, 15} <= looks_seen


def test_suspects_share_the_error_and_inherit_that_of_the_failed() -> None:
    weak, strong = draw(5, 0.05), draw(6, 0.5)
    two = {KEY: weak, ("strong", "latency_p50_ns"): strong}
    alone, _ = follow({KEY: weak})
    both, _ = follow(two)
    assert alone.decided[KEY].error > 0
    # The strong one cannot fail at ten pairs under half the error; once it has, its share goes on.
    assert both.decided["strong", "latency_p50_ns"].error == pytest.approx(0.25 * STAGE_ERROR / 2)
    assert both.decided[KEY].error in (pytest.approx(0.25 * STAGE_ERROR), pytest.approx(0.3 * STAGE_ERROR))


def test_no_worse_than_tolerated_fails_less_often_than_agreed() -> None:
    budget = Budget(error=0.2)
    failed = 0
    for trial in range(300):
        pairs = {(f"c{n}", "latency_p50_ns"): draw(1000 * trial + n, 0.01) for n in range(3)}
        step, _ = follow(pairs, budget)
        failed += any(decision.answer == "fail" for decision in step.decided.values())
    assert failed / 300 <= 0.2 + 3 * (0.2 * 0.8 / 300) ** 0.5


def test_the_shares_of_the_looks_are_whole() -> None:
    budget = Budget()
    assert sum(budget.fail_shares) == pytest.approx(1)
    assert sum(budget.pass_errors) == pytest.approx(0.05)
    assert len(budget.looks) == len(budget.fail_shares) == len(budget.pass_errors)


def test_an_absolute_tolerance_counts_from_the_fresh_old_side() -> None:
    rule = Rule("latency_p50_ns", 2e5, False, 6e5)
    assert next_step({KEY: rule}, {KEY: draw(1, 0.05)}).decided[KEY].answer == "pass"
    assert next_step({KEY: rule}, {KEY: draw(1, 0.5)}).decided[KEY].answer == "fail"


def test_suspects_are_times_that_are_worse_or_unclear_and_nothing_else() -> None:
    unclear = Verdict(KEY[0], "latency_p50_ns", "inconclusive", change=0.03)
    verdicts = [
        unclear,
        Verdict("b", "latency_p50_ns", "pass", change=0.0),
        Verdict("c", "map_50_95", "inconclusive", change=0.01),
        Verdict("d", "latency_p50_ns", "inconclusive", "measured under --profile"),
    ]
    assert suspects_of(verdicts, (RULE,), {"latency_p50_ns"}) == {KEY: RULE}
    pairs = draw(1, 0.2)
    final = confirmed(unclear, RULE, pairs, next_step({KEY: RULE}, {KEY: pairs}).decided[KEY])
    assert final.answer == "fail" and final.is_paired and final.low is not None and final.low > 0.1
    assert final.method == "exact ranks, 10 pairs of processes, measured again in turns"


MEMORY = Rule("peak_rss_bytes", 0.01, True, 0.05)
MEMORY_KEY: Key = (KEY[0], "peak_rss_bytes")


@pytest.mark.parametrize(
    ("growth", "answer"), [(0.0, "pass"), (0.008, "pass"), (0.018, "pass"), (0.03, "fail"), (0.2, "fail")]
)
def test_memory_fails_beyond_the_tolerance_and_what_layout_explains(growth: float, answer: str) -> None:
    pairs = draw(3, growth, noise=0.0002, level=6e7)
    step = next_step({MEMORY_KEY: MEMORY}, {MEMORY_KEY: pairs})
    assert step.decided[MEMORY_KEY].answer == answer and step.is_over
    told = confirmed(Verdict(*MEMORY_KEY, "inconclusive"), MEMORY, pairs, step.decided[MEMORY_KEY])
    assert told.answer == answer and "fails beyond 1% more than tolerated" in told.method


def test_memory_that_never_varies_is_decided_all_the_same() -> None:
    same, more = Pairs((6e7,) * 10, (6e7,) * 10), Pairs((6e7,) * 10, (6.3e7,) * 10)
    assert next_step({MEMORY_KEY: MEMORY}, {MEMORY_KEY: same}).decided[MEMORY_KEY].num_pairs == 6
    assert next_step({MEMORY_KEY: MEMORY}, {MEMORY_KEY: more}).decided[MEMORY_KEY].answer == "fail"


def test_pairs_of_memory_and_of_times_are_wanted_apart() -> None:
    clear = draw(1, 0.0, 6, noise=0.0002, level=6e7)
    unclear = draw(2, 0.03, 6, noise=0.1)
    step = next_step({KEY: RULE, MEMORY_KEY: MEMORY}, {KEY: unclear, MEMORY_KEY: clear})
    assert step.decided[MEMORY_KEY].answer == "pass"
    assert step.wanted_keys == {KEY: 10} and step.wanted == {KEY[0]: 10}


def test_what_seems_worse_than_tolerated_does_not_pass_before_it_could_fail() -> None:
    pairs = draw(7, 0.03, noise=0.002)
    step, spent = follow({KEY: pairs})
    assert step.decided[KEY].answer == "fail" and spent == 10
