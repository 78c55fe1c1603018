"""What a record says of boards and of other hosts, from the journals of a run. Measures nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.core.suite import Case
from bench.errors import DataError
from bench.metrics.boards import describe_boards
from bench.metrics.bootstrap import map_difference
from bench.metrics.conditions import conditions_of, invalid_reasons
from bench.metrics.detections import Detections
from bench.metrics.parity import agree, parity_entry
from bench.running.evidence import Evidence, Line, Scored
from bench.running.scoring import DETECTIONS_NAME


def fields_across(evidence: Evidence, case: Case, scored: Mapping[str, Scored]) -> dict[str, Any]:
    """Return the fields `boards`, `invalid_reasons`, `conditions` and `parity` of a case's record."""
    own = scored[case.id]
    rounds = own.lines.get("latency", [])
    return {
        "boards": _boards(evidence, own),
        "invalid_reasons": invalid_reasons(rounds),
        "conditions": conditions_of(rounds),
        "parity": _parity(evidence, case, scored),
    }


def rounds_by_board(own: Scored) -> dict[str, list[dict[str, Any]]]:
    """Return the results of the valid timed rounds of each board, boards by name; an only one has none."""
    boards: dict[str, list[dict[str, Any]]] = {}
    for line in own.lines.get("latency", []):
        if line["status"] == "ok" and line.get("valid", True):
            boards.setdefault(_board(line), []).append(line["result"])
    return {name: boards[name] for name in sorted(boards)}


def _boards(evidence: Evidence, own: Scored) -> dict[str, Any]:
    boards = rounds_by_board(own)
    if len(boards) < 2:
        return {}
    checks = [line for line in own.lines.get("check", []) if line["status"] == "ok"]
    environments = {_board(line): line["result"]["environment"] for line in checks}
    return {**describe_boards(boards, evidence.suite.measure), "environments": environments}


def _board(line: Line) -> str:
    return str(line.get("board") or "")


def _parity(evidence: Evidence, case: Case, scored: Mapping[str, Scored]) -> dict[str, Any] | None:
    """Compare a case's detections with those of the same file on the first host of the suite.

    Cases of one run share photos, annotations and their model's description, so the file decides.
    """
    reference, own = evidence.suite.hosts[0], scored[case.id]
    if case.host == reference or own.samples is None:
        return None
    other = _counterpart(evidence, case, reference)
    if other is None:
        return {"host": reference, "case": "", "reason": f"no case on {reference} runs this file"}
    found = scored[other.id]
    if found.samples is None:
        reason = f"its case on {reference} has no detections: {found.reason or found.status}"
        return {"host": reference, "case": other.id, "reason": reason}
    paths = (evidence.run.case_folder(one.id) / DETECTIONS_NAME for one in (case, other))
    try:
        agreement = agree(*map(Detections.load, paths))
    except DataError as problem:
        return {"host": reference, "case": other.id, "reason": str(problem)}
    difference = map_difference(own.samples, found.samples, evidence.suite.measure.level)
    return parity_entry(reference, other.id, agreement, difference)


def _counterpart(evidence: Evidence, case: Case, host: str) -> Case | None:
    """Find the case that ran the same file there; of several that with the same threads."""
    sha256 = evidence.artifacts[case.id].sha256
    alike = [
        other
        for other in evidence.suite.cases
        if (other.host, other.model, other.runtime.name) == (host, case.model, case.runtime.name)
        and other.runtime.options == case.runtime.options
        and other.id in evidence.artifacts
        and evidence.artifacts[other.id].sha256 == sha256
    ]
    alike.sort(key=lambda other: other.runtime.threads != case.runtime.threads)
    return alike[0] if alike else None
