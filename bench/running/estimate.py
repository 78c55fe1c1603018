"""How long work will take: what an earlier run of the same suite took, or a guess that says it is one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.core.suite import Case, Suite
from bench.errors import StoreError
from bench.running.schedule import ENERGY_PROBES, MEMORY_PROBES
from bench.store.folder import find_runs, read_rounds, read_run_info
from bench.store.names import suite_folder_name
from bench.wire.codec import to_json

# Seconds a step, for stages nobody has measured yet: a small detector on two laptop cores.
GUESSED_SECONDS = {"data": 10.0, "build": 15.0, "check": 1.0, "accuracy": 3.0, "memory": 1.0, "latency": 2.0}

# Quantization-aware training is the one build of another order.
GUESSED_QAT_SECONDS = 120.0

Known = Mapping[tuple[str, str], float]


def known_seconds(suite: Suite, results: Path) -> dict[tuple[str, str], float]:
    """Return mean seconds by (case id, stage) of the newest run that measured with the same options."""
    try:
        runs = find_runs(results / suite_folder_name(suite.name))
    except StoreError:
        return {}
    for run in reversed(runs):
        if read_run_info(run).get("measure") == to_json(suite.measure):
            return _mean_seconds(run, suite)
    return {}


def _mean_seconds(run: Path, suite: Suite) -> dict[tuple[str, str], float]:
    spent: dict[tuple[str, str], list[float]] = {}
    for case in suite.cases:
        for line in read_rounds(run, case.id):
            if "seconds" in line:
                stage = "accuracy" if line["kind"] == "accuracy_pass" else line["kind"]
                spent.setdefault((case.id, stage), []).append(line["seconds"])
    return {key: sum(seconds) / len(seconds) for key, seconds in spent.items()}


def build_seconds(case: Case, known: Known) -> float:
    """Estimate the seconds that building a case's file takes."""
    guess = GUESSED_QAT_SECONDS if case.precision == "qat" else GUESSED_SECONDS["build"]
    return known.get((case.id, "build"), guess)


def measuring_seconds(case: Case, suite: Suite, known: Known) -> dict[str, float]:
    """Estimate the seconds that one case takes on its host, by stage; nothing for one that cannot be made."""
    steps = {"check": 1, "accuracy": 1, "memory": MEMORY_PROBES, "latency": suite.measure.rounds}
    if case.unavailable:
        return dict.fromkeys(steps, 0.0)
    stages = {
        stage: count * known.get((case.id, stage), GUESSED_SECONDS[stage]) for stage, count in steps.items()
    }
    return {**stages, "further": _further_seconds(case, suite, known)}


def _further_seconds(case: Case, suite: Suite, known: Known) -> float:
    """Estimate what lies behind the timed rounds; energy only where an earlier run found a meter."""
    sustained = suite.measure.sustained_seconds
    return (known.get((case.id, "sustained"), sustained + GUESSED_SECONDS["check"]) if sustained else 0.0) + (
        ENERGY_PROBES * known.get((case.id, "energy"), 0.0)
    )
