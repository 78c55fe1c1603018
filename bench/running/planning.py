"""What a run would do: each case, whether its file is cached, how long it will take. Measures nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.building.store import ArtifactStore
from bench.core.places import cache_folder
from bench.core.suite import Case, Suite
from bench.datasets.prepare import prepared_if_ready
from bench.running.artifacts import cached, find_needs, with_availability
from bench.running.estimate import case_seconds, known_seconds


@dataclass(frozen=True)
class PlanRow:
    """One case of the plan.

    Attributes:
        is_cached: its model file is built already, from the very same inputs.
        seconds: estimated, building included; 0 for a case that cannot be made.
        is_guess: no earlier run with the same options is there to estimate from.
    """

    case: Case
    is_cached: bool
    seconds: float
    is_guess: bool


def plan_suite(suite: Suite, results: Path) -> list[PlanRow]:
    """Plan a suite, its overrides applied, in the order of its cases."""
    suite = with_availability(suite)
    known, is_cached = known_seconds(suite, results), _find_cached(suite)
    rows = []
    for case in suite.cases:
        has_file = is_cached.get(case.id, False)
        seconds = case_seconds(case, suite, known, has_file)
        rows.append(PlanRow(case, has_file, seconds, (case.id, "latency") not in known))
    return rows


def _find_cached(suite: Suite) -> dict[str, bool]:
    """Tell what is built; from images that are not rendered yet, nothing is."""
    ready = prepared_if_ready(suite.data, cache_folder())
    if ready is None:
        return {}
    _, calibration, training = ready
    return cached(find_needs(suite, calibration, training), ArtifactStore(cache_folder()))
