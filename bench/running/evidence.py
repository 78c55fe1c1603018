"""What the records of one run are derived from: its journals, sorted and scored, case by case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bench.core.artifact import Artifact
from bench.core.data import EvaluationData
from bench.core.pair import PAIR_KINDS
from bench.core.record import Status
from bench.core.suite import Case, Suite
from bench.errors import BenchError
from bench.metrics.accumulate import Scores
from bench.metrics.bootstrap import MapSamples, sample_map
from bench.running.judging import Expected, judge, timed_lines
from bench.running.opening import noted_facts
from bench.running.schedule import stored_shards
from bench.running.scoring import Scorer
from bench.running.sitting import setup_of
from bench.store.folder import RunFolder

Line = dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """Why a case has no artifact; `is_unavailable` if it cannot be made rather than broke."""

    reason: str
    stderr_tail: tuple[str, ...] = ()
    is_unavailable: bool = False


@dataclass(frozen=True)
class Evidence:
    """Everything that the records of one run are derived from.

    Attributes:
        info: content of `run.json`.
        artifacts: case id -> its file; `failures`: case id -> why there is none.
        calibration: case id -> hash of the images that its artifact saw; absent for none.
        controls: QAT case id -> the case of its control, whose detections are stored like any other's.
        lost_hosts: host -> why it was given up; `lost_boards`: host -> board -> why, where others went on.
    """

    run: RunFolder
    info: dict[str, Any]
    suite: Suite
    data: EvaluationData
    artifacts: Mapping[str, Artifact]
    failures: Mapping[str, Failure]
    calibration: Mapping[str, str] = field(default_factory=dict)
    controls: Mapping[str, Case] = field(default_factory=dict)
    lost_hosts: Mapping[str, str] = field(default_factory=dict)
    lost_boards: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def facts(self, host: str) -> dict[str, Any]:
        """Return the facts of a host's first board; empty where it was never opened."""
        return next(iter(noted_facts(self.info, host).values()), {})


@dataclass(frozen=True)
class Scored:
    """One case's journal, the lines of its present artifact sorted by kind, and its scores."""

    lines: dict[str, list[Line]]
    status: Status
    reason: str
    stderr_tail: tuple[str, ...] = ()
    scores: Scores | None = None
    samples: MapSamples | None = None

    def results(self, kind: str) -> list[dict[str, Any]]:
        """Return the results of the valid, finished jobs of a kind."""
        return [line["result"] for line in self._good(kind)]

    def rounds(self) -> list[tuple[str, int]]:
        """Return sitting and number of each valid timed round, by board; equal ones ran side by side."""
        good = sorted(self._good("latency"), key=lambda line: str(line.get("board", "")))
        return [(line["sitting"], line["round"]) for line in good]

    def num_invalid(self) -> int:
        """Return how many timed rounds ended well but were measured on a disturbed machine."""
        ended = [line for line in self.lines.get("latency", []) if line["status"] == "ok"]
        return len(ended) - len(self._good("latency"))

    def _good(self, kind: str) -> list[Line]:
        lines = self.lines.get(kind, [])
        return [line for line in lines if line["status"] == "ok" and line.get("valid", True)]


def score_all(evidence: Evidence) -> dict[str, Scored]:
    """Score every case of the plan, and the controls."""
    scorer = Scorer(evidence.data)
    controls = {case.id: case for case in evidence.controls.values()}
    scored = {case.id: _score(evidence, scorer, case, needs_rounds=True) for case in evidence.suite.cases}
    for case in controls.values():
        scored[case.id] = _score(evidence, scorer, case, needs_rounds=False)
    return scored


def _score(evidence: Evidence, scorer: Scorer, case: Case, needs_rounds: bool) -> Scored:
    if case.unavailable:
        return Scored({}, "unavailable", case.unavailable)
    failure = evidence.failures.get(case.id)
    if failure:
        status: Status = "unavailable" if failure.is_unavailable else "failed"
        return Scored({}, status, failure.reason, failure.stderr_tail)
    setup = setup_of(
        evidence.suite, case, evidence.artifacts[case.id], evidence.data, evidence.facts(case.host)
    )
    lines = [line for line in evidence.run.read_rounds(case.id) if line.get("setup") == setup]
    lines = [line for line in lines if line["kind"] not in PAIR_KINDS.values()]
    expected = _expected(evidence, case, needs_rounds)
    found = judge(lines, expected)
    by_kind = {**_by_kind(lines), "latency": timed_lines(lines, expected)}
    scored = Scored(by_kind, found.status, found.reason, found.stderr_tail)
    return scored if scored.status == "failed" else _with_scores(evidence, scorer, case, scored)


def _expected(evidence: Evidence, case: Case, needs_rounds: bool) -> Expected:
    return Expected(
        num_images=len(evidence.data.images),
        options=evidence.suite.measure,
        boards=_boards(evidence, case.host),
        needs_rounds=needs_rounds,
        loss=evidence.lost_hosts.get(case.host, ""),
        lost_boards=evidence.lost_boards.get(case.host, {}),
    )


def _boards(evidence: Evidence, host: str) -> tuple[str, ...]:
    """Return the boards that measured, of those that the host has now."""
    reached = tuple(noted_facts(evidence.info, host))
    declared = {settings.name: settings.boards for settings in evidence.suite.hosts_settings}
    if host not in declared:
        return reached or ("",)
    present = declared[host] if len(declared[host]) > 1 else ("",)
    return tuple(board for board in reached if board in present) or present[:1]


def _by_kind(lines: list[Line]) -> dict[str, list[Line]]:
    by_kind: dict[str, list[Line]] = {}
    for line in lines:
        by_kind.setdefault(line["kind"], []).append(line)
    return {**by_kind, "accuracy": stored_shards(lines)}


def _with_scores(evidence: Evidence, scorer: Scorer, case: Case, scored: Scored) -> Scored:
    shards = [line["file"] for line in scored.lines["accuracy"]]
    try:
        scores, matches = scorer.score(evidence.run.case_folder(case.id), shards)
    except BenchError as problem:
        return replace(scored, status="failed", reason=str(problem))
    options = evidence.suite.measure
    return replace(scored, scores=scores, samples=sample_map(matches, options.resamples, options.seed))
