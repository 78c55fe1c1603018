"""The gate tried on runs that never happened: how often it alarms in vain, what it finds, what that costs.

A run is 10 cases x 4 metrics, made of noise that was recorded (`recorded_noise.json`) or that a machine's own
runs show, and goes through `deciding.decide` and `staging.next_step` as a real one does. Beside it the rules
of peers, on the same figures. Prints nothing; `trying` has the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.gating.accuracy import ApChange
from bench.gating.deciding import Options, decide
from bench.gating.ranks import rank_sum_p_value
from bench.gating.rules import make_rules
from bench.gating.sides import CaseSide, Side
from bench.gating.staging import Key, Pairs, next_step, suspects_of

NUM_CASES, ROUNDS, PROBES = 10, 10, 3
RULES = make_rules(
    {
        "map_50_95": {"max_drop": 0.003},
        "latency_p50_ns": {"max_increase": "1%"},
        "peak_rss_bytes": {"max_increase": "1%"},
        "size_bytes": {"max_increase": 0},
    }
)
_TIME = "latency_p50_ns"
_HERE = Path(__file__).parent / "recorded_noise.json"


@dataclass(frozen=True)
class Noise:
    """What figures of equal programs differ by.

    Attributes:
        processes: logarithms of process medians, relative to those of their case and run.
        memory: the same of peak memory.
        accuracy: kind of change and its size -> rows of (error, standard error, degrees of freedom,
            skewness) of a paired change of map_50_95, each of images drawn anew.
        origin: where it was recorded.
    """

    processes: NDArray[np.float64]
    memory: NDArray[np.float64]
    accuracy: dict[str, NDArray[np.float64]]
    origin: str

    def scaled(self, deviation: float) -> Noise:
        """Return the noise with processes of another standard deviation and the same shape."""
        return replace(self, processes=self.processes * deviation / float(self.processes.std()))


@dataclass(frozen=True)
class World:
    """What is true in a simulated run.

    Attributes:
        step: by what share the first case became slower.
        drop: by how much map_50_95 of the second case became lower; no more than the last of `drops_of`.
        kind: how: `lost` objects, lost on whole `photos`, or boxes that are `coarser`.
        drift: deviation of the logarithm of a case's speed between two sessions.
    """

    step: float = 0.0
    drop: float = 0.0
    kind: str = "lost"
    drift: float = 0.0


@dataclass(frozen=True)
class Tally:
    """What came of many runs, as shares of them.

    Attributes:
        false_alarms: in which something failed that was no worse.
        found: in which what was worse failed.
        unclear: in which what was worse, or anything where nothing was, stayed inconclusive.
        rounds: mean number of rounds a run, those of the first stage included.
    """

    false_alarms: float
    found: float
    unclear: float
    rounds: float


Gate = Callable[[Noise, World, np.random.Generator], tuple[set[Key], set[Key], int]]


@cache
def recorded_noise() -> Noise:
    """Read the noise that is shipped."""
    return parse_noise(json.loads(_HERE.read_text(encoding="utf-8")))


def parse_noise(value: dict[str, Any]) -> Noise:
    """Make noise of its JSON form: process medians as ratios to their case's median."""
    centred = [np.log(case) - np.median(np.log(case)) for case in value["processes"]]
    memory = [np.log(case) - np.median(np.log(case)) for case in value["memory"]]
    accuracy = {kind: np.array(rows) for kind, rows in value["accuracy"].items()}
    return Noise(np.concatenate(centred), np.concatenate(memory), accuracy, value["origin"])


def normal_noise(deviation: float, count: int = 4000) -> Noise:
    """Return noise whose processes are normal, which ranks find harder than heavy tails."""
    processes = np.random.default_rng(0).normal(0, deviation, count)
    return replace(recorded_noise(), processes=processes, origin="normal")


def tally(gate: Gate, noise: Noise, world: World, trials: int, seed: int = 0) -> Tally:
    """Try a gate on so many runs."""
    rng = np.random.default_rng(seed)
    worse = {("case-0", _TIME)} if world.step else set()
    worse |= {("case-1", "map_50_95")} if world.drop else set()
    counts = np.zeros(4)
    for _ in range(trials):
        failed, unclear, rounds = gate(noise, world, rng)
        counts += [
            bool(failed - worse),
            worse <= failed and bool(worse),
            bool(unclear & (worse or unclear)),
            rounds,
        ]
    return Tally(*(counts / trials))


def staged(noise: Noise, world: World, rng: np.random.Generator) -> tuple[set[Key], set[Key], int]:
    """Decide one run as `bench gate` and `bench run --against` do, one after the other."""
    before, after, changes = _sides(noise, world, rng)
    options = Options(needs_confirmation=True, changes=lambda _, new, *__: changes[new.name])
    verdicts = decide(before, after, RULES, options)
    failed = {(verdict.case, verdict.metric) for verdict in verdicts if verdict.answer == "fail"}
    suspects = suspects_of(verdicts, RULES, {_TIME})
    unclear = {(verdict.case, verdict.metric) for verdict in verdicts if verdict.answer == "inconclusive"}
    pairs: dict[Key, Pairs] = {}
    step, spent = next_step(suspects, pairs), 0
    while not step.is_over:
        for key in suspects:
            if key[0] in step.wanted:
                pairs[key] = _extended(
                    pairs.get(key, Pairs((), ())), step.wanted[key[0]], noise, _slower(world, key[0]), rng
                )
        spent = max(len(pair.after) for pair in pairs.values())
        step = next_step(suspects, pairs)
    answers = {
        answer: {key for key, one in step.decided.items() if one.answer == answer}
        for answer in ("fail", "inconclusive")
    }
    return failed | answers["fail"], (unclear - set(suspects)) | answers["inconclusive"], ROUNDS + spent


def ratio_to_one_run(threshold: float) -> Gate:
    """Return the rule that fails whatever is worse than one previous run by more than a threshold."""
    return _naive(lambda old, new: bool(np.median(new) > np.median(old) * (1 + threshold)))


def uncorrected_rank_sums(error: float = 0.05) -> Gate:
    """Return the rule that fails what Mann-Whitney finds worse at an error, every case by itself."""
    return _naive(lambda old, new: rank_sum_p_value(new, old) <= error)


def _naive(is_worse: Callable[[Sequence[float], Sequence[float]], bool]) -> Gate:
    """Return a rule that asks of each figure by itself, and of accuracy by its number alone."""

    def judge(noise: Noise, world: World, rng: np.random.Generator) -> tuple[set[Key], set[Key], int]:
        before, after, changes = _sides(noise, world, rng)
        failed: set[Key] = set()
        for case, old in before.cases.items():
            new = after.cases[case]
            failed |= {
                (case, metric)
                for metric in (_TIME, "peak_rss_bytes")
                if is_worse(old.processes[metric], new.processes[metric])
            }
            failed |= {(case, "map_50_95")} if changes[case].value < -0.003 else set()
        return failed, set(), ROUNDS

    return judge


def drops_of(noise: Noise, kind: str) -> list[float]:
    """Return the sizes of a kind of drop that are recorded, from small to large."""
    parts = (name.split(" ") for name in noise.accuracy)
    return sorted(float(part[1]) for part in parts if part[0] == kind and len(part) == 2)


def smallest_found(
    gate: Gate, noise: Noise, worlds: list[World], trials: int, power: float = 0.95
) -> World | None:
    """Return the first of these worlds, from small to large, whose worsening is found with that power."""
    return next((world for world in worlds if tally(gate, noise, world, trials).found >= power), None)


def _draw(noise: Noise, shape: int | tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw processes, smoothed by a twentieth of their deviation: recorded ones repeat, times never do."""
    smooth = rng.normal(0, float(noise.processes.std()) / 20, shape)
    drawn: NDArray[np.float64] = rng.choice(noise.processes, shape) + smooth
    return drawn


def _slower(world: World, case: str) -> float:
    return float(np.log1p(world.step)) if case == "case-0" else 0.0


def _sides(noise: Noise, world: World, rng: np.random.Generator) -> tuple[Side, Side, dict[str, ApChange]]:
    names = [f"case-{number}" for number in range(NUM_CASES)]
    drift = rng.normal(0, world.drift, NUM_CASES) if world.drift else np.zeros(NUM_CASES)
    sides = [Side("then", "simulated"), Side("now", "simulated")]
    for number, name in enumerate(names):
        for side, shift in zip(sides, (0.0, drift[number] + _slower(world, name)), strict=True):
            side.cases[name] = _case(name, noise, shift, rng)
    changes = {name: _change(noise, world if name == "case-1" else World(), rng) for name in names}
    return sides[0], sides[1], changes


def _case(name: str, noise: Noise, shift: float, rng: np.random.Generator) -> CaseSide:
    times = tuple(1e6 * np.exp(shift + _draw(noise, ROUNDS, rng)))
    peaks = tuple(6e7 * np.exp(rng.choice(noise.memory, PROBES)))
    values = {
        _TIME: float(np.median(times)),
        "peak_rss_bytes": max(peaks),
        "size_bytes": 1e6,
        "map_50_95": 0.4,
    }
    processes = {_TIME: times, "peak_rss_bytes": peaks}
    return CaseSide(name, "ok", "", values, processes, (), Path(name), {})


def _change(noise: Noise, world: World, rng: np.random.Generator) -> ApChange:
    """Draw a change; all ten files were made anew, so that even equal ones differ from photo to photo.

    A drop that was not recorded varies as the next larger one, which is by more than it would.
    """
    recorded = next((drop for drop in drops_of(noise, world.kind) if drop >= world.drop), 0.0)
    rows = noise.accuracy[f"{world.kind} {recorded:g}" if world.drop else "same"]
    error, standard_error, degrees, skewness = rows[rng.integers(len(rows))]
    return ApChange(error - world.drop, standard_error, int(degrees), 500, skewness)


def _extended(pairs: Pairs, count: int, noise: Noise, shift: float, rng: np.random.Generator) -> Pairs:
    """Measure a case until it has so many pairs; in one session nothing drifts between its sides."""
    more = count - len(pairs.after)
    old, new = (1e6 * np.exp(_draw(noise, (2, more), rng) + np.array([[0.0], [shift]]))).tolist()
    return Pairs((*pairs.before, *old), (*pairs.after, *new))
