"""From the journals of a run to its records. Measures nothing: everything comes from the run folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bench.analysis.conditions import condition_advice
from bench.core.metric import Metric
from bench.core.record import RECORD_SCHEMA, Record
from bench.core.suite import Case
from bench.metrics.accuracy import accuracy_metrics, difference_metric
from bench.metrics.boards import latency_metrics_of_boards, latency_ratio_of_boards
from bench.metrics.bootstrap import map_difference, map_interval
from bench.metrics.energy import energy_metrics, missing_energy
from bench.metrics.memory import memory_metrics
from bench.metrics.size import size_metrics
from bench.running.across import fields_across, rounds_by_board
from bench.running.evidence import Evidence, Scored, score_all
from bench.running.labels import label_advice
from bench.running.provenance import versions_on
from bench.running.scoring import DETECTIONS_NAME, MATCHES_NAME
from bench.running.seen import advice_on, lost_board_advice
from bench.running.series import derive_sustained
from bench.stats import Interval
from bench.store.folder import ROUNDS_NAME
from bench.wire.codec import content_hash, to_json


def derive_records(evidence: Evidence) -> list[Record]:
    """Derive one record a case, in the order of the plan."""
    scored = score_all(evidence)
    return [_derive(evidence, case, scored) for case in evidence.suite.cases]


def _derive(evidence: Evidence, case: Case, scored: Mapping[str, Scored]) -> Record:
    own = scored[case.id]
    record = _with_artifact(evidence, case, _frame(evidence, case, own))
    record = replace(record, **fields_across(evidence, case, scored))
    if own.samples is None:
        return record
    checks, folder = own.results("check"), evidence.run.case_folder(case.id)
    compared = _compared(evidence, own, scored.get(case.sibling))
    lasting, series = derive_sustained(folder, own.lines.get("sustained", []))
    return replace(
        record,
        metrics=(*_measured(evidence, own), *lasting, *compared, *record.metrics),
        sustained=series,
        per_class=_per_class(evidence, own),
        detections=evidence.run.relative(folder / DETECTIONS_NAME),
        matches=evidence.run.relative(folder / MATCHES_NAME),
        proof=_proof(own),
        environment=checks[-1]["environment"] if checks else {},
        warnings=(
            *lost_board_advice(evidence.lost_boards.get(case.host, {})),
            *advice_on(own.lines),
            *condition_advice(own.lines.get("latency", [])),
            *label_advice(evidence.suite, case, evidence.data),
        ),
        differences=_differences(evidence, case, scored),
        control=_control(evidence, case, scored),
    )


def _frame(evidence: Evidence, case: Case, own: Scored) -> Record:
    """Make the record of a case as far as it needs no measurement."""
    info, model = evidence.info, evidence.suite.model(case.model)
    started = sorted(line["started"] for lines in own.lines.values() for line in lines if line.get("started"))
    return Record(
        schema=RECORD_SCHEMA,
        suite=evidence.suite.name,
        run=evidence.run.path.name,
        case=case.id,
        status=own.status,
        reason=own.reason,
        stderr_tail=own.stderr_tail,
        model=case.model,
        group=case.group,
        precision=case.precision,
        recipe=to_json(case.recipe),
        runtime=case.runtime.name,
        threads=case.runtime.threads,
        host=case.host,
        sibling=case.sibling,
        samples=_samples(evidence, case) if own.lines else "",
        rounds_valid=len(own.rounds()),
        rounds_invalid=own.num_invalid(),
        hashes=_hashes(evidence, case),
        nms_in_graph=model.description.suppression.in_graph,
        expected=to_json(model.expected),
        description=to_json(model.description),
        versions=versions_on(evidence.facts(case.host), info["versions"]),
        git={**info["git"], "harness": info["harness"]},
        measure=info["measure"],
        overrides=info["overrides"],
        decision_grade=info["decision_grade"],
        started=started[0] if started else "",
        finished=_finished(own),
    )


def _finished(own: Scored) -> str:
    """Return when the last job ended: its start plus what it took."""
    ends = [
        datetime.fromisoformat(line["started"]) + timedelta(seconds=line.get("seconds", 0.0))
        for lines in own.lines.values()
        for line in lines
        if line.get("started")
    ]
    return max(ends).isoformat(timespec="seconds") if ends else ""


def _samples(evidence: Evidence, case: Case) -> str:
    return evidence.run.relative(evidence.run.case_folder(case.id) / ROUNDS_NAME)


def _hashes(evidence: Evidence, case: Case) -> dict[str, str]:
    description = evidence.suite.model(case.model).description
    return {
        "data": evidence.data.sha256,
        "annotations": evidence.data.annotations_sha256,
        "calibration": evidence.calibration.get(case.id, ""),
        "preprocess": content_hash(description.preprocess),
        "decode": content_hash(description.decode),
        "suppression": content_hash(description.suppression),
        "labels": content_hash(description.category_ids),
    }


def _with_artifact(evidence: Evidence, case: Case, record: Record) -> Record:
    artifact = evidence.artifacts.get(case.id)
    if artifact is None:
        return record
    facts = {key: value for key, value in to_json(artifact).items() if key not in ("path", "facts")}
    return replace(
        record,
        artifact={**facts, **to_json(artifact.facts)},
        precision_found=artifact.facts.precision,
        metrics=size_metrics(artifact),
    )


def _proof(own: Scored) -> dict[str, Any]:
    """Return what the runtime said it ran, and the hash of the agent that asked it."""
    checks = [line for line in own.lines.get("check", []) if line["status"] == "ok"]
    if not checks:
        return {}
    agent = checks[-1].get("process", {}).get("agent_sha256")
    return {**checks[-1]["result"]["proof"], **({"agent_sha256": agent} if agent else {})}


def _measured(evidence: Evidence, own: Scored) -> tuple[Metric, ...]:
    options = evidence.suite.measure
    accuracy: tuple[Metric, ...] = ()
    if own.scores and own.samples:
        accuracy = accuracy_metrics(own.scores, map_interval(own.samples, options.level))
    latency = latency_metrics_of_boards(rounds_by_board(own), options)
    readings = own.results("energy")
    energy = energy_metrics(readings, options) if readings else missing_energy(own.lines.get("energy", []))
    return (*accuracy, *latency, *energy, *memory_metrics(own.results("memory")))


def _compared(evidence: Evidence, own: Scored, sibling: Scored | None) -> tuple[Metric, ...]:
    """Compare with the fp32 sibling, where there is one that was measured."""
    if sibling is None or sibling.samples is None:
        return ()
    # Equal numbers of rounds ran next to each other; otherwise the two lists are compared unpaired.
    is_paired = own.rounds() == sibling.rounds()
    boards = rounds_by_board(own), rounds_by_board(sibling)
    return (
        difference_metric(_difference(evidence, own, sibling), len(evidence.data.images)),
        latency_ratio_of_boards(*boards, evidence.suite.measure, is_paired),
    )


def _difference(evidence: Evidence, own: Scored, sibling: Scored) -> Interval | None:
    if own.samples is None or sibling.samples is None:
        return None
    return map_difference(own.samples, sibling.samples, evidence.suite.measure.level)


def _per_class(evidence: Evidence, own: Scored) -> dict[str, float | None]:
    names = evidence.data.categories
    return {names[number]: value for number, value in own.scores.per_class.items()} if own.scores else {}


def _differences(evidence: Evidence, case: Case, scored: Mapping[str, Scored]) -> dict[str, dict[str, float]]:
    """Return map_50_95 minus that of every other case of the group on the host, paired over images."""
    own = scored[case.id]
    others = [other for other in evidence.suite.cases if (other.group, other.host) == (case.group, case.host)]
    found = {
        other.id: _difference(evidence, own, scored[other.id]) for other in others if other.id != case.id
    }
    return {name: to_json(interval) for name, interval in found.items() if interval}


def _control(evidence: Evidence, case: Case, scored: Mapping[str, Scored]) -> dict[str, Any] | None:
    """Return the accuracy of a QAT case's control (as many steps from the same start, all in float).

    Where it failed, how and why stands in its place.
    """
    control = evidence.controls.get(case.id)
    own = scored.get(control.id) if control else None
    if control is None or own is None:
        return None
    if own.scores is None:
        return {"case": control.id, "status": own.status, "reason": own.reason}
    interval = _difference(evidence, scored[case.id], own)
    difference = {"difference": to_json(interval)} if interval else {}
    return {"case": control.id, "status": "ok", **own.scores.stats, **difference}
