"""The timed loops: two clock reads around one statement, everything else outside.

The clock is passed in, so that a test can hold the loops against a clock of its own.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from bench.wire.job import LatencyOptions

# Returns nanoseconds; only differences count.
Clock = Callable[[], int]


class Timed(Protocol):
    """What the inference loop needs of a runtime."""

    def feed(self, inputs: Any) -> None:
        """Hand over the inputs."""

    def invoke(self) -> None:
        """Run once."""


def warm_up(step: Callable[[int], Any], options: LatencyOptions, clock: Clock) -> int:
    """Call `step(0)`, `step(1)`, ... until both `warmup` calls and `warmup_seconds` are behind.

    Returns:
        How many calls were made.
    """
    end = clock() + int(options.warmup_seconds * 1e9)
    num_calls = 0
    while num_calls < options.warmup or clock() < end:
        step(num_calls)
        num_calls += 1
    return num_calls


def time_invokes(runtime: Timed, inputs: Sequence[Any], options: LatencyOptions, clock: Clock) -> list[int]:
    """Time the runtime's invoke alone, on inputs in rotation.

    Returns:
        One sample a call, ns, in the order of the calls.
    """
    feed, invoke, num_inputs = runtime.feed, runtime.invoke, len(inputs)
    samples = [0] * options.calls
    deadline = clock() + int(options.max_seconds * 1e9)
    for call in range(options.calls):
        feed(inputs[call % num_inputs])
        start = clock()
        invoke()
        stop = clock()
        samples[call] = stop - start
        if stop > deadline and call + 1 >= options.min_calls:
            return samples[: call + 1]
    return samples


def time_until(
    runtime: Timed, inputs: Sequence[Any], deadline_ns: int, first_call: int, clock: Clock
) -> list[int]:
    """Time the runtime's invoke alone, on inputs in rotation, until the clock passes a deadline.

    Args:
        deadline_ns: no call starts behind it, but one is made in any case.
        first_call: which call of the rotation is the first one.

    Returns:
        One sample a call, ns, in the order of the calls.
    """
    feed, invoke, num_inputs = runtime.feed, runtime.invoke, len(inputs)
    samples: list[int] = []
    call, stop = first_call, 0
    while stop < deadline_ns:
        feed(inputs[call % num_inputs])
        start = clock()
        invoke()
        stop = clock()
        samples.append(stop - start)
        call += 1
    return samples


def time_stages(
    stages: Sequence[Callable[[Any], Any]], items: Sequence[Any], options: LatencyOptions, clock: Clock
) -> list[list[int]]:
    """Time a chain of stages on items in rotation; each stage gets what the one before returned.

    Neighbouring stages share a clock read, so the stages of a call add up to its total exactly.

    Returns:
        For each call one list of times, ns: those of the stages, then the total.
    """
    rows = []
    deadline = clock() + int(options.max_seconds * 1e9)
    for call in range(options.calls):
        value, stamps = items[call % len(items)], [0] * (len(stages) + 1)
        stamps[0] = clock()
        for position, stage in enumerate(stages):
            value = stage(value)
            stamps[position + 1] = clock()
        rows.append([*(b - a for a, b in zip(stamps, stamps[1:], strict=False)), stamps[-1] - stamps[0]])
        if stamps[-1] > deadline and call + 1 >= options.min_calls:
            break
    return rows


@contextmanager
def collector_off() -> Iterator[None]:
    """Collect garbage now, and not in the loop."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
