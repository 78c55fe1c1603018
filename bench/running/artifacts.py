"""The model files that a suite's cases need: which to build, from what, and which cases share them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bench.building.controller import build_artifacts
from bench.building.keys import build_key
from bench.building.outcome import BuildFailure
from bench.building.request import BuildRequest
from bench.building.store import ArtifactStore
from bench.core.artifact import Artifact
from bench.core.data import ImageSet
from bench.core.suite import Case, Suite
from bench.quantize.availability import availability
from bench.running.evidence import Failure
from bench.running.listener import Listener
from bench.running.watching import BuildWatch

# The control of labelled QAT is a float model; one runtime is enough to score it.
CONTROL_RUNTIME = "litert"


@dataclass(frozen=True)
class Needs:
    """What a suite's cases need built.

    Attributes:
        requests: case id -> its request, controls among them.
        controls: QAT case id -> the case that scores its control.
    """

    requests: dict[str, BuildRequest]
    controls: dict[str, Case]


def with_availability(suite: Suite) -> Suite:
    """Mark the cases that cannot be made, with the reason, before any work."""
    return replace(suite, cases=tuple(_judged(suite, case) for case in suite.cases))


def _judged(suite: Suite, case: Case) -> Case:
    if case.unavailable or case.recipe is None:
        return case
    reason = availability(suite.model(case.model).kind, case.recipe, case.runtime.name)
    return replace(case, unavailable=reason)


def find_needs(suite: Suite, calibration: ImageSet | None, training: ImageSet | None) -> Needs:
    """List what has to be built for the cases that can be made."""
    requests: dict[str, BuildRequest] = {}
    controls: dict[str, Case] = {}
    for case in suite.cases:
        if case.unavailable:
            continue
        source = suite.model(case.model)
        request = BuildRequest(source, case.recipe, case.runtime.name, calibration, training)
        requests[case.id] = request
        if case.recipe and case.recipe.precision == "qat" and case.recipe.training.labels:
            control = _control_case(case, case.recipe.name)
            controls[case.id] = control
            requests[control.id] = replace(request, runtime=CONTROL_RUNTIME, control=True)
    return Needs(requests, controls)


def _control_case(case: Case, recipe: str) -> Case:
    """Make the case that scores a control: accuracy only, never a row of the plan."""
    return replace(
        case,
        id=f"{case.model}/{recipe}-control/{CONTROL_RUNTIME}/t1@{case.host}",
        precision="fp32",
        runtime=replace(case.runtime, name=CONTROL_RUNTIME, threads=1, options={}),
    )


def cached(needs: Needs, store: ArtifactStore) -> dict[str, bool]:
    """Tell of each case whether its file is built already."""
    return {
        case_id: store.find(build_key(request)) is not None for case_id, request in needs.requests.items()
    }


@dataclass(frozen=True)
class Built:
    """What came of building.

    Attributes:
        artifacts: case id -> its file; `failures`: case id -> why there is none.
        seconds: case id -> what building it took; absent where it was cached.
    """

    artifacts: dict[str, Artifact]
    failures: dict[str, Failure]
    seconds: dict[str, float]


def build(
    needs: Needs, store: ArtifactStore, folder: Path, timeout_seconds: float, listener: Listener
) -> Built:
    """Build what is missing; cases that need the same file share it."""
    keys = {case_id: build_key(request) for case_id, request in needs.requests.items()}
    missing = {key: case_id for case_id, key in reversed(keys.items()) if store.find(key) is None}
    listener.plan("build", len(missing))
    watch = BuildWatch(listener, missing)
    unique = {key: needs.requests[case_id] for case_id, key in reversed(keys.items())}
    outcomes = build_artifacts(list(unique.values())[::-1], store, folder, timeout_seconds, watch)
    made = {case_id: outcomes[key] for case_id, key in keys.items()}
    return Built(
        artifacts={case_id: outcome for case_id, outcome in made.items() if isinstance(outcome, Artifact)},
        failures={
            case_id: _failure(outcome)
            for case_id, outcome in made.items()
            if isinstance(outcome, BuildFailure)
        },
        seconds={case_id: watch.seconds[key] for key, case_id in missing.items() if key in watch.seconds},
    )


def _failure(outcome: BuildFailure) -> Failure:
    return Failure(outcome.reason, outcome.stderr_tail, outcome.is_unavailable)
