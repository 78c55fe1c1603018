"""The timed loops against a clock whose every reading is known."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bench.agent.loops import collector_off, time_invokes, time_stages, warm_up
from bench.wire.job import LatencyOptions

OPTIONS = LatencyOptions(warmup=3, calls=6, min_calls=2, max_seconds=1.0)


class Clock:
    """Stands still unless something takes time."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


class Runtime:
    """Takes 1,000,000 ns to be fed and a known time to be invoked."""

    def __init__(self, clock: Clock, times_ns: list[int]) -> None:
        self.clock, self.times_ns, self.fed = clock, times_ns, []

    def feed(self, inputs: Any) -> None:
        self.clock.now += 1_000_000
        self.fed.append(inputs)

    def invoke(self) -> None:
        self.clock.now += self.times_ns[len(self.fed) - 1]


def test_samples_are_the_invokes_alone_in_their_order() -> None:
    clock = Clock()
    runtime = Runtime(clock, [5, 900, 7, 11, 13, 17])
    assert time_invokes(runtime, ["a", "b"], OPTIONS, clock) == [5, 900, 7, 11, 13, 17]
    assert runtime.fed == ["a", "b", "a", "b", "a", "b"]


def test_a_slow_loop_ends_at_its_time_limit_but_not_before_its_least_calls() -> None:
    clock = Clock()
    slow = Runtime(clock, [2_000_000_000] * 6)
    assert len(time_invokes(slow, ["a"], OPTIONS, clock)) == 2
    clock = Clock()
    middling = Runtime(clock, [300_000_000] * 6)
    assert len(time_invokes(middling, ["a"], OPTIONS, clock)) == 4


def test_the_stages_of_a_call_add_up_to_its_total() -> None:
    clock = Clock()

    def taking(nanoseconds: int) -> Callable[[str], str]:
        def stage(value: str) -> str:
            clock.now += nanoseconds
            return value + str(nanoseconds)

        return stage

    rows = time_stages([taking(3), taking(40), taking(500)], ["a", "b"], OPTIONS, clock)
    assert rows == [[3, 40, 500, 543]] * 6


def test_each_stage_gets_what_the_one_before_returned() -> None:
    seen = []
    stages = [lambda photo: photo + 1, lambda pixels: pixels * 10, seen.append]
    time_stages(stages, [1, 2, 3], replace(OPTIONS, calls=4), Clock())
    assert seen == [20, 30, 40, 20]


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, 3), (0.5, 5), (0.1, 3)])
def test_the_warm_up_ends_when_both_calls_and_time_are_behind(seconds: float, expected: int) -> None:
    clock = Clock()

    def step(call: int) -> None:
        clock.now += 100_000_000

    assert warm_up(step, replace(OPTIONS, warmup_seconds=seconds), clock) == expected


def test_garbage_is_not_collected_in_a_loop_and_is_again_after_a_fault() -> None:
    with pytest.raises(ValueError, match="fault"), collector_off():
        assert not gc.isenabled()
        raise ValueError("fault")
    assert gc.isenabled()
