"""Candidate: one planned case with all that goals ask of it, read from a run folder. `goals` judges it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.core.constraint import Goal
from bench.core.metric import Metric
from bench.gating.accuracy import ap_interval
from bench.gating.sides import CaseSide, Side
from bench.metrics.matches import load_matches
from bench.store.folder import read_run_info
from bench.store.records import read_records

# Asked for where a record has no interval of an accuracy, with a fixed seed.
_RESAMPLES = 1000


@dataclass(frozen=True)
class Candidate:
    """One case that was to be measured.

    Attributes:
        words: host, runtime, precision, model, group, threads and case, as texts.
        status: of its record, or `missing` where the run has none.
        metrics: by name; accuracies that are asked for have intervals, if their match data is stored.
        processes: timed metric -> one value a process.
        decision_grade: False where nothing but sizes may be decided on.
        is_reference: it is the fp32 model that others are compared with, and has no difference to itself.
        setting: that it was measured in, see `bench.gating.sides.setting_of`.
    """

    case: str
    words: dict[str, str]
    status: str
    reason: str = ""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    processes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    decision_grade: bool = True
    is_reference: bool = False
    setting: Mapping[str, Any] = field(default_factory=dict)


def read_candidates(run: Path, side: Side, goals: Collection[Goal]) -> list[Candidate]:
    """Return every planned case of a run, in the plan's order; `side` is what was read of the same run.

    Raises:
        StoreError: the run cannot be read.
    """
    asked = {demand.subject for goal in goals for demand in goal.demands}
    planned = {case["id"]: _planned(case) for case in read_run_info(run).get("cases", [])}
    measured = {
        record.case: Candidate(
            record.case,
            {word: str(getattr(record, word)) for word in (*_WORDS, "runtime", "threads")},
            record.status,
            record.reason,
            _metrics(record.metrics, side.cases[record.case], asked),
            side.cases[record.case].processes,
            record.decision_grade,
            record.precision == "fp32" and not record.sibling,
            side.cases[record.case].setting,
        )
        for record in read_records(run)
    }
    return list({**planned, **measured}.values())


_WORDS = ("case", "model", "group", "precision", "host")


def _planned(case: Mapping[str, Any]) -> Candidate:
    """Return a case of the plan, of which nothing is known yet."""
    runtime = case.get("runtime", {})
    words = {**{word: str(case.get(word, "")) for word in _WORDS}, "case": case["id"]}
    words.update(runtime=str(runtime.get("name", "")), threads=str(runtime.get("threads", "")))
    return Candidate(case["id"], words, "missing", "it was planned, and the run has no record of it")


def _metrics(metrics: Collection[Metric], side: CaseSide, asked: Collection[str]) -> dict[str, Metric]:
    found = {metric.name: metric for metric in metrics}
    if side.matches is None:
        return found
    matches = None
    for name in sorted(asked & found.keys()):
        if found[name].unit == "ap" and found[name].value is not None and found[name].low is None:
            matches = matches or load_matches(side.matches)
            found[name] = ap_interval(found[name], matches, _RESAMPLES)
    return found
