"""What is measured next follows from the journals alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.core.measure import MeasureOptions
from bench.core.suite import Case
from bench.running.schedule import interleave, rounds_that_fit, spread, stored_shards, summarise
from bench.wire.job import RuntimeSettings

ROUND = {"status": "ok", "kind": "latency", "seconds": 2.0}


def make_case(name: str) -> Case:
    return Case(name, "m", "g", "fp32", None, RuntimeSettings("fake"), "local")


def test_an_invalid_round_is_counted_but_not_as_valid() -> None:
    done = summarise([ROUND, {**ROUND, "valid": False}])
    assert (done.num_valid, done.num_invalid) == (1, 1)


def test_a_case_is_broken_only_until_something_succeeds_after_it() -> None:
    failed = {**ROUND, "status": "failed", "reason": "crashed"}
    assert summarise([ROUND, failed]).broken == "crashed"
    assert summarise([failed, ROUND]).broken == ""


def test_shards_add_up_to_the_images_that_need_not_run_again() -> None:
    shards = [{**ROUND, "kind": "accuracy", "file": str(ids), "image_ids": ids} for ids in ([1, 2], [3])]
    assert summarise(shards).image_ids == {1, 2, 3}
    lost = {**shards[0], "kind": "accuracy_lost"}
    assert summarise([*shards, lost]).image_ids == {3}
    assert stored_shards([*shards, lost]) == [shards[1]]
    again = {**shards[0], "file": "again"}
    assert stored_shards([*shards, lost, again]) == [shards[1], again]


def test_what_earlier_rounds_took_is_remembered_for_the_budget() -> None:
    assert summarise([ROUND, {**ROUND, "valid": False}]).latency_seconds == 4.0


def test_the_order_of_a_round_is_seeded_and_differs_between_rounds() -> None:
    cases = [make_case(f"c{number}") for number in range(8)]
    first = interleave(cases, 0, seed=1)
    assert first == interleave(list(reversed(cases)), 0, seed=1)
    assert sorted(first, key=lambda case: case.id) == cases
    assert any(interleave(cases, number, seed=1) != first for number in range(1, 5))


def test_every_case_comes_first_in_some_round() -> None:
    cases = [make_case(f"c{number}") for number in range(4)]
    assert {interleave(cases, number, seed=0)[0].id for number in range(60)} == {case.id for case in cases}


def test_a_budget_never_cuts_below_five_rounds() -> None:
    options = MeasureOptions(rounds=10, budget_seconds=1.0)
    assert rounds_that_fit(0, elapsed=0.0, longest_round=0.0, options=options) == 5
    assert rounds_that_fit(4, elapsed=100.0, longest_round=25.0, options=options) == 5
    assert rounds_that_fit(5, elapsed=125.0, longest_round=25.0, options=options) == 5


def test_a_budget_takes_as_many_rounds_as_surely_fit() -> None:
    options = MeasureOptions(rounds=10, budget_seconds=100.0)
    assert rounds_that_fit(5, elapsed=50.0, longest_round=15.0, options=options) == 8
    assert rounds_that_fit(5, elapsed=50.0, longest_round=1.0, options=options) == 10
    assert rounds_that_fit(2, elapsed=10.0, longest_round=0.0, options=options) == 5


def test_without_a_budget_the_declared_number_of_rounds_is_taken() -> None:
    options = MeasureOptions(rounds=10)
    assert rounds_that_fit(0, elapsed=1e6, longest_round=1e5, options=options) == 10
    assert rounds_that_fit(9, elapsed=0.0, longest_round=0.0, options=options) == 10


def test_rounds_of_another_board_do_not_count_but_its_images_do() -> None:
    lines = [{**ROUND, "board": "a"}, {**ROUND, "board": "b"}]
    shard = {**ROUND, "kind": "accuracy", "board": "b", "file": "f", "image_ids": [7]}
    done = summarise([*lines, shard], "a")
    assert (done.num_valid, done.image_ids) == (1, {7})


@given(st.integers(0, 60), st.integers(1, 20))
def test_spread_takes_different_items_in_order(length: int, count: int) -> None:
    taken = spread(range(length), count)
    assert len(taken) == min(length, count)
    assert taken == sorted(set(taken))
