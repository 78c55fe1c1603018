"""Run a suite: data, artifacts, measurement, records. The one loop, in the order in which it happens."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.building.store import ArtifactStore
from bench.core.artifact import Artifact
from bench.core.data import EvaluationData, ImageSet
from bench.core.places import cache_folder
from bench.core.record import Record
from bench.core.suite import Case, Overrides, Suite
from bench.datasets.prepare import prepare_data
from bench.hosts import open_host
from bench.running.artifacts import Needs, build, find_needs, with_availability
from bench.running.deriving import derive_records
from bench.running.evidence import Evidence, Failure
from bench.running.listener import Listener, Step
from bench.running.measuring import Session, measure, run_accuracy
from bench.running.opening import begin_run, change_info, resume_run
from bench.store.folder import RunFolder

# A build may train; it gets more time than a job.
BUILD_TIMEOUT_SECONDS = 3600.0


@dataclass(frozen=True)
class RunOutcome:
    """What a run left.

    Attributes:
        folder: the run folder; `info` is the content of its `run.json`.
    """

    folder: Path
    info: dict[str, Any]
    records: list[Record]


def run_suite(
    suite: Suite, overrides: Overrides, results: Path, listener: Listener, resume: bool = False
) -> RunOutcome:
    """Build and measure all cases of a suite, and write their records.

    Args:
        suite: with its overrides applied.
        results: folder of all runs; this one gets `<results>/<suite>/<run id>/`.
        resume: go on with the newest run of this suite instead of a new one.

    Raises:
        BenchError: nothing could be measured at all (data, run folder). A case that breaks is a record.
    """
    suite = with_availability(suite)
    data, calibration, training = _prepare(suite, listener)
    needs = find_needs(suite, calibration, training)
    with resume_run(suite, overrides, results) if resume else begin_run(suite, overrides, results) as run:
        artifacts, failures = _build(needs, run, listener)
        _measure(suite, run, data, artifacts, needs.controls, listener)
        return _finish(suite, run, data, artifacts, failures, needs, listener)


def _prepare(suite: Suite, listener: Listener) -> tuple[EvaluationData, ImageSet, ImageSet]:
    step, started = Step("data", suite.name, 1, 1), time.monotonic()
    listener.begin(step)
    prepared = prepare_data(suite.data, cache_folder())
    listener.end(step, time.monotonic() - started, "")
    return prepared


def _build(
    needs: Needs, run: RunFolder, listener: Listener
) -> tuple[dict[str, Artifact], dict[str, Failure]]:
    watch = BuildWatch(listener)
    artifacts, failures = build(
        needs, ArtifactStore(cache_folder()), run.path / "build", BUILD_TIMEOUT_SECONDS, watch
    )
    for case_id, artifact in artifacts.items():
        line = {
            "kind": "build",
            "status": "ok",
            "artifact": artifact.sha256,
            "result": {"key": artifact.recipe_key},
        }
        run.append_round(case_id, line)
    return artifacts, failures


def _measure(
    suite: Suite,
    run: RunFolder,
    data: EvaluationData,
    artifacts: dict[str, Artifact],
    controls: dict[str, Case],
    listener: Listener,
) -> None:
    for name in suite.hosts:
        session = Session(suite, run, open_host(name, cache_folder() / "hosts" / name), data, artifacts, listener)
        measure(session, [case for case in suite.cases if case.host == name])
        run_accuracy(
            session, _unique(case for case in controls.values() if case.host == name and case.id in artifacts)
        )


def _unique(cases: Any) -> Sequence[Case]:
    return list({case.id: case for case in cases}.values())


def _finish(
    suite: Suite,
    run: RunFolder,
    data: EvaluationData,
    artifacts: dict[str, Artifact],
    failures: dict[str, Failure],
    needs: Needs,
    listener: Listener,
) -> RunOutcome:
    step, started = Step("score", suite.name, 1, 1), time.monotonic()
    listener.begin(step)
    info = change_info(
        run, lambda info: info.update(finished=datetime.now(UTC).isoformat(timespec="seconds"))
    )
    evidence = Evidence(run, info, suite, data, artifacts, failures, _calibrated(needs), needs.controls)
    records = derive_records(evidence)
    run.write_records(records)
    listener.end(step, time.monotonic() - started, "")
    return RunOutcome(run.path, info, records)


def _calibrated(needs: Needs) -> dict[str, str]:
    """Return the hash of the calibration images that each case's artifact saw."""
    return {
        case_id: request.calibration.sha256
        for case_id, request in needs.requests.items()
        if request.needs_ranges and request.calibration
    }


class BuildWatch:
    """Turns the build worker's events into steps for the listener."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def __call__(self, event: dict[str, Any]) -> None:
        """Pass one event on."""
