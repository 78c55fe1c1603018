"""Run a suite: data, artifacts, measurement, records. The one loop, in the order in which it happens."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.building.store import ArtifactStore
from bench.core.data import EvaluationData, ImageSet
from bench.core.host import HostSettings
from bench.core.places import cache_folder
from bench.core.record import Record
from bench.core.suite import Case, Overrides, Suite
from bench.datasets.prepare import prepare_data
from bench.hosts import open_host
from bench.running.artifacts import Built, Needs, build, find_needs, with_availability
from bench.running.deriving import derive_records
from bench.running.evidence import Evidence
from bench.running.labels import check_labels, resolve_labels
from bench.running.listener import Listener, Step
from bench.running.measuring import measure, run_accuracy
from bench.running.opening import begin_run, note_facts, require_same_machine, resume_run
from bench.running.sitting import Sitting
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
    suite = resolve_labels(suite, data)
    check_labels(suite, data)
    needs = find_needs(suite, calibration, training)
    with resume_run(suite, overrides, results) if resume else begin_run(suite, overrides, results) as run:
        built = _build(needs, run, listener)
        for name in suite.hosts:
            (host,) = open_host(HostSettings(name), cache_folder() / "hosts" / name)
            facts = host.facts()
            require_same_machine(run, suite, name, facts)
            note_facts(run, name, host.board, facts)
            sitting = Sitting(suite, run, host, data, built.artifacts, listener, facts=facts)
            measure(sitting, [case for case in suite.cases if case.host == name])
            run_accuracy(sitting, _controls_of(name, needs, built))
        return _finish(suite, run, data, built, needs, listener)


def _prepare(suite: Suite, listener: Listener) -> tuple[EvaluationData, ImageSet, ImageSet]:
    step, started = Step("data", suite.name, 1, 1), time.monotonic()
    listener.begin(step)
    prepared = prepare_data(suite.data, cache_folder())
    listener.end(step, time.monotonic() - started, "")
    return prepared


def _build(needs: Needs, run: RunFolder, listener: Listener) -> Built:
    built = build(needs, ArtifactStore(cache_folder()), run.path / "build", BUILD_TIMEOUT_SECONDS, listener)
    for case_id, artifact in built.artifacts.items():
        seconds = {"seconds": round(built.seconds[case_id], 3)} if case_id in built.seconds else {}
        line = {"kind": "build", "status": "ok", "artifact": artifact.sha256, **seconds}
        run.append_round(
            case_id, {**line, "result": {"key": artifact.recipe_key, "notes": artifact.build_notes}}
        )
    return built


def _controls_of(host: str, needs: Needs, built: Built) -> list[Case]:
    """Return the control cases to score on a host, each once."""
    unique = {case.id: case for case in needs.controls.values()}
    return [case for case in unique.values() if case.host == host and case.id in built.artifacts]


def _finish(
    suite: Suite,
    run: RunFolder,
    data: EvaluationData,
    built: Built,
    needs: Needs,
    listener: Listener,
) -> RunOutcome:
    step, started = Step("score", suite.name, 1, 1), time.monotonic()
    listener.begin(step)
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    info = run.change_info(lambda info: info.update(finished=finished))
    evidence = Evidence(
        run, info, suite, data, built.artifacts, built.failures, _calibrated(needs), needs.controls
    )
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
