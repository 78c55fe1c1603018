"""Run a suite: data, artifacts, measurement, records. The one loop, in the order in which it happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.building.store import ArtifactStore
from bench.core.data import EvaluationData, ImageSet
from bench.core.places import cache_folder
from bench.core.record import Record
from bench.core.suite import Case, Overrides, Suite
from bench.core.verdict import Verdict
from bench.datasets.prepare import Prepared, prepare_data
from bench.running.against import AgainstOptions, judge_against
from bench.running.artifacts import Built, Needs, build, find_needs, with_availability
from bench.running.deriving import derive_records
from bench.running.evidence import Evidence
from bench.running.labels import check_labels, resolve_labels
from bench.running.leasing import require_free_machine
from bench.running.listener import Listener, Step
from bench.running.older import Older, Surroundings, find_older
from bench.running.opening import begin_run, resume_run
from bench.running.preflight import require_reachable
from bench.running.together import Losses, measure_hosts
from bench.running.work import HostOptions, Work
from bench.store.folder import RunFolder

# A build may train; it gets more time than a job.
BUILD_TIMEOUT_SECONDS = 3600.0


@dataclass(frozen=True)
class RunOutcome:
    """What a run left.

    Attributes:
        folder: the run folder; `info` is the content of its `run.json`.
        verdicts: where it was judged against something.
    """

    folder: Path
    info: dict[str, Any]
    records: list[Record]
    verdicts: tuple[Verdict, ...] | None = None


@dataclass(frozen=True)
class RunOptions:
    """How a run goes about it.

    Attributes:
        resume: go on with the newest run of this suite instead of a new one.
        hosts: how hosts are treated.
        should_stop: asked on Ctrl-C with the names of devices that would go on measuring.
        against: what the new figures are judged against, and measured next to where they are in doubt.
    """

    resume: bool = False
    hosts: HostOptions = HostOptions()
    should_stop: Callable[[Sequence[str]], bool] = lambda names: False
    against: AgainstOptions | None = None


def run_suite(
    suite: Suite,
    overrides: Overrides,
    results: Path,
    listener: Listener,
    options: RunOptions = RunOptions(),
) -> RunOutcome:
    """Build and measure all cases of a suite, and write their records.

    Args:
        suite: with its overrides applied.
        results: folder of all runs; this one gets `<results>/<suite>/<run id>/`.

    Raises:
        InterruptedRun: the user interrupted; what is finished is kept.
        BenchError: nothing could be measured at all (data, run folder, no host that answers). A case that
            breaks is a record.
    """
    require_free_machine(suite.hosts, options.hosts.wait_seconds)
    require_reachable(suite, listener)
    suite = with_availability(suite)
    data, calibration, training = prepared = _prepare(suite, listener)
    suite = resolve_labels(suite, data)
    check_labels(suite, data)
    needs = find_needs(suite, calibration, training)
    begin = resume_run if options.resume else begin_run
    with begin(suite, overrides, results) as run:
        built = _build(needs, run, listener)
        controls = _controls(needs, built)
        work = Work(suite, run, data, built.artifacts, controls, listener, options.hosts)
        older = _older(work, prepared, overrides, options.against)
        losses = measure_hosts(work, options.should_stop)
        outcome = _finish(work, built, needs, losses)
        if older is None or options.against is None:
            return outcome
        return replace(outcome, verdicts=judge_against(work, older, options.against, options.should_stop))


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


def _older(
    work: Work, prepared: Prepared, overrides: Overrides, against: AgainstOptions | None
) -> Older | None:
    """Find or build the older files before anything is measured, which building would disturb."""
    if against is None:
        return None
    folder = work.run.path / "older"
    around = Surroundings(prepared, against.baselines, folder, work.listener, overrides)
    return find_older(against.name, work.suite, around)


def _controls(needs: Needs, built: Built) -> tuple[Case, ...]:
    """Return the control cases to score, each once."""
    unique = {case.id: case for case in needs.controls.values()}
    return tuple(case for case in unique.values() if case.id in built.artifacts)


def _finish(work: Work, built: Built, needs: Needs, losses: Losses) -> RunOutcome:
    step, started = Step("score", work.suite.name, 1, 1), time.monotonic()
    work.listener.begin(step)
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    info = work.run.change_info(lambda info: info.update(finished=finished))
    evidence = Evidence(
        run=work.run,
        info=info,
        suite=work.suite,
        data=work.data,
        artifacts=built.artifacts,
        failures=built.failures,
        calibration=_calibrated(needs),
        controls=needs.controls,
        lost_hosts=losses.hosts,
        lost_boards=losses.boards,
    )
    records = derive_records(evidence)
    work.run.write_records(records)
    work.listener.end(step, time.monotonic() - started, "")
    return RunOutcome(work.run.path, info, records)


def _calibrated(needs: Needs) -> dict[str, str]:
    """Return the hash of the calibration images that each case's artifact saw."""
    return {
        case_id: request.calibration.sha256
        for case_id, request in needs.requests.items()
        if request.needs_ranges and request.calibration
    }
