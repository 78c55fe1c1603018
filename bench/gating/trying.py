"""The table of `bench noise --simulate`: the staged gate and the rules of peers on simulated runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.gating.simulation import (
    NUM_CASES,
    Gate,
    Noise,
    World,
    drops_of,
    normal_noise,
    ratio_to_one_run,
    recorded_noise,
    smallest_found,
    staged,
    tally,
    uncorrected_rank_sums,
)

DEVIATION, STEP, DROP, DRIFT = 0.02, 0.05, 0.02, 0.05
_WORLDS = {
    "nothing changed": World(),
    f"nothing, {DRIFT:.0%} drift between sessions": World(drift=DRIFT),
    f"one case {STEP:.0%} slower": World(step=STEP),
    f"one case {STEP:.0%} slower, {DRIFT:.0%} drift": World(step=STEP, drift=DRIFT),
    f"one case {DROP * 100:.0f} points lower, boxes less exact": World(drop=DROP, kind="coarser"),
    f"one case {DROP * 100:.0f} points lower, objects lost": World(drop=DROP, kind="lost"),
    f"one case {DROP * 100:.0f} points lower, whole photos lost": World(drop=DROP, kind="photos"),
}
_GATES: dict[str, Gate] = {
    "this gate": staged,
    "ratio above 5%": ratio_to_one_run(0.05),
    "ratio above 1%": ratio_to_one_run(0.01),
    "Mann-Whitney .05": uncorrected_rank_sums(),
}
# How many trials settle the first digit of a share near .01.
DEFAULT_TRIALS = 2000


def table(trials: int = DEFAULT_TRIALS) -> str:
    """Simulate and return the whole table; takes a minute or two."""
    recorded = recorded_noise().scaled(DEVIATION)
    noises = {"recorded": recorded, "normal": replace(normal_noise(DEVIATION), accuracy=recorded.accuracy)}
    lines = [
        f"{NUM_CASES} cases x 4 metrics, {trials} runs a line, {DEVIATION:.0%} noise; tolerances 1% and .003",
        f"recorded noise: {recorded.origin}",
        "",
        f"{'rule':<18}{'noise':<10}{'what is true':<46}{'false':>8}{'found':>8}{'unclear':>9}{'rounds':>8}",
    ]
    for name, gate in _GATES.items():
        shown = noises if gate is staged else {"recorded": recorded}
        lines += [_lines_of(name, gate, kind, noise, trials) for kind, noise in shown.items()]
    return "\n".join([*lines, "", *_smallest(noises, trials // 4)])


def _lines_of(name: str, gate: Gate, kind: str, noise: Noise, trials: int) -> str:
    rows = []
    for told, world in _WORLDS.items():
        seen = tally(gate, noise, world, trials)
        found = f"{seen.found:.3f}" if world.step or world.drop else "-"
        rows.append(
            f"{name:<18}{kind:<10}{told:<46}{seen.false_alarms:>8.4f}{found:>8}{seen.unclear:>9.3f}{seen.rounds:>8.1f}"
        )
    return "\n".join(rows)


def _smallest(noises: dict[str, Noise], trials: int) -> list[str]:
    steps = [World(step=float(step)) for step in np.arange(0.03, 0.081, 0.0025)]
    lines = []
    for kind, noise in noises.items():
        step = smallest_found(staged, noise, steps, trials)
        lines.append(
            f"smallest step found with power .95, {kind} noise: {_percent(step.step if step else None)}"
        )
    for kind in ("coarser", "lost", "photos"):
        largest = drops_of(noises["recorded"], kind)[-1]
        drops = np.arange(0.01, largest + 0.0005, 0.001)
        worlds = [World(drop=float(min(drop, largest)), kind=kind) for drop in drops]
        found = smallest_found(staged, noises["recorded"], worlds, trials)
        points = f"{found.drop * 100:.1f} points" if found else f"above {largest * 100:.1f} points"
        lines.append(f"smallest drop found with power .95, {kind}: {points}")
    return lines


def _percent(value: float | None) -> str:
    return "above 8%" if value is None else f"{value:.2%}"
