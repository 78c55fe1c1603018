"""MeasureOptions: how often and how long a suite measures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MeasureOptions:
    """How often and how long everything is measured; a run records the values that it used.

    Attributes:
        rounds: fresh processes a case.
        warmup, warmup_seconds, calls, min_calls: of one round, see `bench.wire.job.LatencyOptions`.
        budget_seconds: time for all timed rounds of one host; fewer rounds (at least 5) are taken when it
            would be exceeded. 0 for no budget.
        images: different photos that the timed loops rotate through.
        timeout_seconds: a job that runs longer is killed and counted as hung.
        memory_limit_bytes: of a job's process; 0 for none.
        seed: of the order in which rounds are interleaved, and of the bootstrap.
        resamples: of every bootstrap.
        level: confidence level of intervals.
        sustained_seconds: how long each case runs once without a pause, after its timed rounds; 0 for not.
        energy_seconds: how long power is sampled at rest and under load, where the machine has a meter; 0 for
            not.
    """

    rounds: int = 10
    warmup: int = 20
    warmup_seconds: float = 0.0
    calls: int = 200
    min_calls: int = 50
    budget_seconds: float = 0.0
    images: int = 16
    timeout_seconds: float = 600.0
    memory_limit_bytes: int = 0
    seed: int = 0
    resamples: int = 1000
    level: float = 0.95
    sustained_seconds: float = 0.0
    energy_seconds: float = 5.0
