"""The gate on a few simulated runs: seeds are fixed, bounds loose. `bench noise --simulate` has it all."""

from __future__ import annotations

import pytest

from bench.gating.simulation import (
    World,
    ratio_to_one_run,
    recorded_noise,
    staged,
    tally,
    uncorrected_rank_sums,
)
from bench.gating.trying import table

NOISE = recorded_noise().scaled(0.02)


@pytest.mark.parametrize("world", [World(), World(drift=0.05)])
def test_equal_programs_do_not_fail(world: World) -> None:
    seen = tally(staged, NOISE, world, 60)
    assert seen.false_alarms <= 0.02 and seen.rounds < 25


@pytest.mark.parametrize("world", [World(step=0.05), World(drop=0.02, kind="coarser"), World(drop=0.02)])
def test_what_is_worse_is_found(world: World) -> None:
    seen = tally(staged, NOISE, world, 60)
    assert seen.found >= 0.85 and seen.false_alarms <= 0.02


def test_the_rules_of_peers_cry_wolf() -> None:
    assert tally(uncorrected_rank_sums(), NOISE, World(), 60).false_alarms > 0.2
    assert tally(ratio_to_one_run(0.05), NOISE, World(drift=0.05), 60).false_alarms > 0.5


def test_a_large_step_is_found_early() -> None:
    assert tally(staged, NOISE, World(step=0.3), 20).rounds == 20


def test_the_noise_that_is_shipped_says_where_it_comes_from() -> None:
    noise = recorded_noise()
    assert len(noise.processes) >= 200 and "quickstart" in noise.origin
    assert noise.scaled(0.02).processes.std() == pytest.approx(0.02)


def test_the_table_has_a_line_for_every_rule_and_world() -> None:
    lines = table(4).splitlines()
    assert sum(line.startswith("this gate") for line in lines) == 14
    assert sum(line.startswith(("ratio", "Mann-Whitney")) for line in lines) == 21
    assert sum(line.startswith("smallest") for line in lines) == 5
