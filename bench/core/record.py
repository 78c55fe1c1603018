"""Record: one finished, failed, unavailable or invalid case with its provenance; one JSON line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from bench.core.metric import Metric

# Format history of a record. A reader takes its own version and all before it; a later one is an error.
# 1: first.
RECORD_SCHEMA = 1

Status = Literal["ok", "failed", "unavailable", "invalid"]


@dataclass(frozen=True)
class Advice:
    """Advice that fits what was seen: a stable code, what was seen, what to do."""

    code: str
    text: str
    advice: str = ""


@dataclass(frozen=True)
class Record:
    """One case, measured or not, with everything needed to judge and to repeat it.

    Attributes:
        status: `ok`; `failed` (it broke), `unavailable` (it cannot be made), `invalid` (no valid rounds).
        reason: one sentence unless ok; `stderr_tail` holds the last lines the process wrote.
        precision: declared; `precision_found` is what the file's tensors say.
        sibling: case id of the fp32 case compared with.
        per_class: category name -> AP at .50:.95, None where the category has no objects.
        samples, detections, matches: paths of raw files, relative to the run folder; empty if absent.
        rounds_valid, rounds_invalid: counted; invalid ones are kept in `samples`.
        artifact: path-free facts of the model file (see `bench.core.artifact`).
        hashes: `data`, `annotations`, `calibration`, `preprocess`, `decode`, `suppression`, `model_source`.
        proof: what the runtime reported it ran: version, threads in effect, providers, fused share, I/O.
        environment: the machine, structured (see `bench.agent.probes.machine`).
        expected: the accuracy published for the model, as the suite names it: `data` (the data set),
            `source`, `map_50_95`, `map_50` (0 to 1, or None); None where the suite names none.
        description: how the model was fed and read (see `bench.wire.description`): family, input, labels.
        nms_in_graph: suppression is part of the graph, and so of the inference clock; None if unknown.
        differences: case id -> `{value, low, high, level}`: map_50_95 minus that case's, paired over images,
            for every measured case of the same group and host.
        control: QAT's float fine-tune of as many steps: its statistics by name, `difference` (this case minus
            the control, paired, `{value, low, high, level}`); or `status` and `reason` where it failed.
        boards: of a host of several boards: `values` (board -> `latency_p50_ns`, `num_processes`),
            `environments` (board -> its machine), `any_board` (the t interval of the latency over all such
            boards, None below 3), `variance` and `contributions` (see `bench.metrics.variance`); empty where
            there is one.
        parity: agreement with the same file's detections on the reference host, the first of the suite (see
            `bench.metrics.parity`); or `host`, `case` and `reason` where they cannot be compared. None on the
            reference host itself.
        invalid_reasons: cause -> number of timed rounds that do not count for it.
        conditions: of the valid timed rounds (see `bench.metrics.conditions`).
        sustained: what a chart of each board's sustained run needs (see `bench.metrics.sustained`), and its
            `board`; empty where there was none.
        decision_grade: False when overrides or the profile make the figures unfit for decisions.
    """

    schema: int
    suite: str
    run: str
    case: str
    status: Status
    model: str
    group: str
    precision: str
    recipe: dict[str, Any] | None
    runtime: str
    threads: int
    host: str
    reason: str = ""
    stderr_tail: tuple[str, ...] = ()
    sibling: str = ""
    precision_found: str = ""
    metrics: tuple[Metric, ...] = ()
    per_class: dict[str, float | None] = field(default_factory=dict)
    samples: str = ""
    detections: str = ""
    matches: str = ""
    rounds_valid: int = 0
    rounds_invalid: int = 0
    artifact: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    proof: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    git: dict[str, Any] = field(default_factory=dict)
    measure: dict[str, Any] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict)
    decision_grade: bool = True
    warnings: tuple[Advice, ...] = ()
    differences: dict[str, dict[str, float]] = field(default_factory=dict)
    control: dict[str, Any] | None = None
    nms_in_graph: bool | None = None
    expected: dict[str, Any] | None = None
    description: dict[str, Any] = field(default_factory=dict)
    boards: dict[str, Any] = field(default_factory=dict)
    parity: dict[str, Any] | None = None
    invalid_reasons: dict[str, int] = field(default_factory=dict)
    conditions: dict[str, Any] = field(default_factory=dict)
    sustained: tuple[dict[str, Any], ...] = ()
    started: str = ""
    finished: str = ""

    def metric(self, name: str) -> Metric | None:
        """Return the metric of that name, or None where the record has none."""
        return next((metric for metric in self.metrics if metric.name == name), None)

    def value(self, name: str) -> float | None:
        """Return the value of a metric, or None."""
        metric = self.metric(name)
        return None if metric is None else metric.value
