"""Takes pairs look by look on all hosts, until the answers are clear or what is left cannot be measured.

Hosts are opened anew for each look, so that a device works through a whole look by itself; all suspects of
all hosts are judged together between two looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bench.core.host import budget_seconds
from bench.core.pair import PAIR_KINDS, twin_id
from bench.gating.confirming import SecondStage
from bench.gating.pairing import job_kind
from bench.gating.staging import next_step
from bench.running.older import Older
from bench.running.together import Losses, measure_hosts
from bench.running.twins import hosts_of, twin_of, with_twins
from bench.running.work import Duel, Work

# Case id -> kind of job -> number of pairs.
Counts = dict[str, dict[str, int]]


def take_pairs(
    work: Work,
    older: Older,
    read_stage: Callable[[], SecondStage],
    should_stop: Callable[[Sequence[str]], bool],
) -> dict[str, str]:
    """Measure what `staging.next_step` asks for.

    Args:
        read_stage: reads all pairs so far.

    Returns:
        Case id -> why it has fewer pairs than it was to have.

    Raises:
        InterruptedRun: the user interrupted; whole pairs are kept.
    """
    cases, troubles = {case.id: case for case in work.suite.cases}, dict[str, str]()
    stage = read_stage()
    while True:
        wanted, have = _wanted(stage), _have(stage)
        troubles |= _over_budget(work, wanted, have)
        duels = [
            Duel(cases[case], twin_of(cases[case]), kinds)
            for case, kinds in wanted.items()
            if case not in troubles
        ]
        if not duels:
            return troubles
        losses = measure_hosts(_work_of(work, older, duels), should_stop)
        stage = read_stage()
        troubles |= _troubles(work, duels, losses, (have, _have(stage)))


def _wanted(stage: SecondStage) -> Counts:
    """Return how many pairs the next look at each undecided suspect takes."""
    wanted: Counts = {}
    for (case, metric), count in next_step(stage.suspects, stage.pairs, stage.budget).wanted_keys.items():
        kinds, kind = wanted.setdefault(case, {}), job_kind(metric)
        kinds[kind] = max(kinds.get(kind, 0), count)
    return wanted


def _have(stage: SecondStage) -> Counts:
    have: Counts = {}
    for (case, metric), pairs in stage.pairs.items():
        have.setdefault(case, {})[job_kind(metric)] = len(pairs.after)
    return have


def _work_of(work: Work, older: Older, duels: Sequence[Duel]) -> Work:
    both = tuple(half for duel in duels for half in (duel.case, duel.twin))
    described = with_twins(work, older, [duel.case for duel in duels])
    suite = replace(described.suite, cases=both, hosts=hosts_of(work, both))
    return replace(described, suite=suite, controls=(), duels=tuple(duels))


def _over_budget(work: Work, wanted: Counts, have: Counts) -> dict[str, str]:
    """Return the cases of hosts on which the next look does not fit into the time; the first always does."""
    hosts = {case.id: case.host for case in work.suite.cases}
    found: dict[str, str] = {}
    for host in {hosts[case] for case in wanted if case in have}:
        budget = budget_seconds(work.suite.measure, work.settings(host))
        own = [case for case in wanted if hosts[case] == host]
        lines = [line for case in own for line in _pair_lines(work, case)]
        spent = sum(line.get("seconds", 0.0) for line in lines)
        left = sum(
            count - have.get(case, {}).get(kind, 0) for case in own for kind, count in wanted[case].items()
        )
        if budget and lines and spent + 2 * left * spent / len(lines) > budget:
            found |= dict.fromkeys(own, f"the time of {budget:.0f} s for pairs on {host} is spent")
    return found


def _troubles(
    work: Work, duels: Iterable[Duel], losses: Losses, counts: tuple[Counts, Counts]
) -> dict[str, str]:
    """Say why duels did not come nearer to what they were to have."""
    found = {}
    for duel in duels:
        case = duel.case
        have = [{kind: one.get(case.id, {}).get(kind, 0) for kind in duel.wanted} for one in counts]
        broken = _broken(work, duel)
        if broken:
            found[case.id] = broken
        elif case.host in losses.hosts:
            found[case.id] = losses.hosts[case.host]
        elif have[1] == have[0]:
            # Whole pairs may also lack a value: going on would never end.
            found[case.id] = "its processes were disturbed again and again, or have no such value"
    return found


def _broken(work: Work, duel: Duel) -> str:
    """Return how the newest half of a duel broke; empty where it did not."""
    names: Mapping[str, str] = {duel.twin.id: "the older file broke", duel.case.id: "it broke"}
    for case, what in names.items():
        lines = [line for line in work.run.read_rounds(case) if line["kind"] in PAIR_KINDS.values()]
        if lines and lines[-1]["status"] != "ok":
            return f"{what}: {lines[-1]['reason']}"
    return ""


def _pair_lines(work: Work, case: str) -> list[dict[str, Any]]:
    lines = [*work.run.read_rounds(case), *work.run.read_rounds(twin_id(case))]
    return [line for line in lines if line["kind"] in PAIR_KINDS.values()]
