"""What a run would do: each case and each host, what is cached, how long it will take. Measures nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.building.keys import build_key
from bench.building.store import ArtifactStore
from bench.core.artifact import Artifact
from bench.core.host import HostSettings, budget_seconds
from bench.core.places import cache_folder
from bench.core.suite import Case, Suite
from bench.datasets.prepare import prepared_if_ready
from bench.running.artifacts import Needs, find_needs, with_availability
from bench.running.estimate import Known, build_seconds, known_seconds, measuring_seconds
from bench.running.schedule import MIN_ROUNDS


@dataclass(frozen=True)
class PlanRow:
    """One case of the plan.

    Attributes:
        is_cached: its model file is built already, from the very same inputs.
        seconds: estimated, building included; 0 for a case that cannot be made.
        is_guess: no earlier run with the same options is there to estimate from.
        build_seconds: of `seconds`; 0 where the file is cached, or built for a case before.
    """

    case: Case
    is_cached: bool
    seconds: float
    is_guess: bool
    build_seconds: float = 0.0


@dataclass(frozen=True)
class HostPlan:
    """What a run would do on one host.

    Attributes:
        threads: that its cases use.
        seconds: estimated; hosts work at the same time.
        model_bytes: of the cached files that it needs; None for the controller itself, which has them.
    """

    settings: HostSettings
    num_cases: int
    threads: tuple[int, ...]
    budget_seconds: float
    seconds: float
    is_guess: bool
    model_bytes: int | None


@dataclass(frozen=True)
class Plan:
    """All cases and hosts of a suite.

    Attributes:
        photo_bytes: of the evaluation images, which each remote host needs once; None where they are not
            prepared yet.
    """

    rows: tuple[PlanRow, ...]
    hosts: tuple[HostPlan, ...]
    photo_bytes: int | None

    @property
    def seconds(self) -> float:
        """What the whole run takes: building, then the slowest host."""
        build = sum(row.build_seconds for row in self.rows)
        return build + max((host.seconds for host in self.hosts), default=0.0)


def plan_suite(suite: Suite, results: Path) -> Plan:
    """Plan a suite, its overrides applied, in the order of its cases; asks no device."""
    suite = with_availability(suite)
    ready = prepared_if_ready(suite.data, cache_folder())
    needs = find_needs(suite, *ready[1:]) if ready else None
    files = _find_files(needs)
    keys = {case_id: build_key(request) for case_id, request in needs.requests.items()} if needs else {}
    known, rows, built = known_seconds(suite, results), [], set()
    for case in suite.cases:
        key = keys.get(case.id, case.id)
        build = 0.0 if case.unavailable or case.id in files or key in built else build_seconds(case, known)
        built.add(key)
        seconds = build + sum(measuring_seconds(case, suite, known).values())
        is_guess = (case.id, "latency") not in known
        rows.append(PlanRow(case, case.id in files, seconds, is_guess, build))
    hosts = tuple(_plan_host(suite, name, rows, files, known) for name in suite.hosts)
    photos = sum(Path(image.path).stat().st_size for image in ready[0].images) if ready else None
    return Plan(tuple(rows), hosts, photos)


def _plan_host(
    suite: Suite, name: str, rows: Sequence[PlanRow], files: Mapping[str, Artifact], known: Known
) -> HostPlan:
    settings = {one.name: one for one in suite.hosts_settings}.get(name, HostSettings(name))
    own = [row for row in rows if row.case.host == name and not row.case.unavailable]
    budget = budget_seconds(suite.measure, settings)
    stages = [measuring_seconds(row.case, suite, known) for row in own]
    timed = sum(stage["latency"] for stage in stages)
    least = timed * min(1.0, MIN_ROUNDS / suite.measure.rounds)
    others = sum(sum(stage.values()) for stage in stages) - timed
    unique = {files[row.case.id].sha256: files[row.case.id].size_bytes for row in own if row.case.id in files}
    return HostPlan(
        settings=settings,
        num_cases=len(own),
        threads=tuple(sorted({row.case.runtime.threads for row in own})),
        budget_seconds=budget,
        seconds=others + (min(timed, max(budget, least)) if budget else timed),
        is_guess=any(row.is_guess for row in own),
        model_bytes=sum(unique.values()) if settings.boards else None,
    )


def _find_files(needs: Needs | None) -> dict[str, Artifact]:
    """Return case id -> its file, where that is built; from images that are not rendered yet, nothing is."""
    if needs is None:
        return {}
    store = ArtifactStore(cache_folder())
    found = {case_id: store.find(build_key(request)) for case_id, request in needs.requests.items()}
    return {case_id: artifact for case_id, artifact in found.items() if artifact is not None}
