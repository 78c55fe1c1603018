"""Side: what one side of a comparison knows of each case. Read from a run folder, with its raw samples."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.analysis.proof import is_emulated
from bench.core.record import Record
from bench.errors import StoreError
from bench.gating.side_cache import keep, recall
from bench.store.folder import find_runs, read_rounds, read_run_info
from bench.store.records import read_records

# Sitting and number of a timed round: equal ones ran next to each other.
RoundKey = tuple[str, int]

_PERCENTILES = (90, 95, 99)


@dataclass(frozen=True)
class CaseSide:
    """One case of one side.

    Attributes:
        values: metric -> its value, as the record states it.
        processes: metric -> one value a process, in the order of rounds.
        rounds: of the timed metrics' processes.
        matches: file of match data; None where there is none.
        setting: what must agree for a comparison, by name (see `comparable`).
        artifact: sha256 of the model file.
        classes: names of the classes, in the order of the match data.
    """

    case: str
    status: str
    reason: str
    values: dict[str, float]
    processes: dict[str, tuple[float, ...]]
    rounds: tuple[RoundKey, ...]
    matches: Path | None
    setting: dict[str, Any]
    artifact: str = ""
    decision_grade: bool = True
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Side:
    """All cases of one side, by id.

    Attributes:
        name: as a person knows it: a path, or a baseline's name.
        gate: rules that its suite declared, as written.
        source: the run, and the git commit of its suite.
    """

    name: str
    suite: str
    cases: dict[str, CaseSide] = field(default_factory=dict)
    gate: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)


def read_side(path: Path) -> Side:
    """Read the newest run at or below a path.

    Raises:
        StoreError: there is none, or it cannot be read.
    """
    run = find_runs(path)[-1]
    info = read_run_info(run)
    source = {"run": run.name, "git": info.get("git", {})}
    kept = recall(run, _program())
    if kept is None:
        kept = _read_cases(run)
        keep(run, _program(), kept)
    cases = {case: _restored(run, value) for case, value in kept.items()}
    suite = next(iter(kept.values()))["suite"]
    return Side(str(run), suite, cases, info.get("gate", {}), source)


def _read_cases(run: Path) -> dict[str, dict[str, Any]]:
    """Read records and journals, as `side_cache` keeps them."""
    records = read_records(run)
    if not records:
        raise StoreError(f"{run}: holds no records, so nothing can be compared; measure it to its end")
    return {
        record.case: {
            **{name: value for name, value in vars(case_side(run, record)).items() if name != "matches"},
            "matches": record.matches,
            "suite": record.suite,
        }
        for record in records
    }


def _restored(run: Path, value: dict[str, Any]) -> CaseSide:
    """Return a case as `case_side` does, from what was kept of it."""
    given = {name: item for name, item in value.items() if name != "suite"}
    matches = run / given["matches"] if given["matches"] else None
    given["matches"] = matches if matches and matches.is_file() else None
    given["processes"] = {metric: tuple(values) for metric, values in given["processes"].items()}
    given["classes"] = tuple(given["classes"])
    given["rounds"] = tuple((sitting, number) for sitting, number in given["rounds"])
    return CaseSide(**given)


@cache
def _program() -> str:
    """Return what tells this reader from one that reads otherwise."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def case_side(run: Path, record: Record) -> CaseSide:
    """Return what a run folder knows of a case."""
    lines = _valid_lines(run, record.case) if record.status == "ok" else []
    timed = [line for line in lines if line["kind"] == "latency"]
    probes = [line["result"] for line in lines if line["kind"] == "memory"]
    matches = run / record.matches if record.matches else None
    return CaseSide(
        case=record.case,
        status=record.status,
        reason=record.reason,
        values={m.name: m.value for m in record.metrics if m.value is not None},
        processes={**times_of([line["result"] for line in timed]), **memory_of(probes)},
        rounds=tuple((line["sitting"], line["round"]) for line in timed),
        matches=matches if matches and matches.is_file() else None,
        setting=setting_of(record),
        artifact=record.artifact.get("sha256", ""),
        decision_grade=record.decision_grade,
        classes=tuple(record.per_class),
    )


def setting_of(record: Record) -> dict[str, Any]:
    """Return what decides whether two measurements answer the same question."""
    environment = {name: record.environment.get(name) for name in ENVIRONMENT}
    hashes = {name: record.hashes.get(name, "") for name in HASHES}
    proof = {"runtime": record.runtime, "runtime_version": record.proof.get("runtime_version")}
    measure = {name: record.measure.get(name) for name in ("warmup", "warmup_seconds", "calls", "images")}
    # Absent where there is nothing to say, as in baselines that were kept before these were known.
    several = sorted(record.boards.get("values", {}))
    further: dict[str, Any] = {"boards": several} if several else {}
    further |= {"is_emulated": True} if is_emulated(record) else {}
    return {**hashes, **environment, **proof, "threads": record.threads, "measure": measure, **further}


ENVIRONMENT = ("cpu", "board", "architecture", "cpu_features", "page_size", "kernel", "governor")
HASHES = ("data", "annotations", "preprocess", "decode", "suppression", "labels")


def _valid_lines(run: Path, case: str) -> list[dict[str, Any]]:
    """Return the good lines of a case's journal that stand under its newest setup."""
    lines = [line for line in read_rounds(run, case) if line.get("status") == "ok" and line.get("setup")]
    setup = lines[-1]["setup"] if lines else ""
    return [line for line in lines if line["setup"] == setup and line.get("valid", True)]


def times_of(results: Sequence[dict[str, Any]]) -> dict[str, tuple[float, ...]]:
    """Return one value a process of each timed metric; a tail is that of the process's own calls."""
    found: dict[str, list[float]] = {}
    for result in results:
        ends = result.get("end_to_end") or {}
        for name, calls in (("latency", result["inference_ns"]), ("end_to_end", ends.get("total_ns"))):
            if calls:
                found.setdefault(f"{name}_p50_ns", []).append(float(median(calls)))
                for percentile, value in zip(_PERCENTILES, np.percentile(calls, _PERCENTILES), strict=True):
                    found.setdefault(f"{name}_p{percentile}_ns", []).append(float(value))
        for name in ("load_ns", "first_call_ns"):
            found.setdefault(name, []).append(float(result[name]))
        found.setdefault("cpu_per_call_ns", []).append(
            result["inference_cpu_ns"] / len(result["inference_ns"])
        )
    return {name: tuple(values) for name, values in found.items() if len(values) == len(results)}


def memory_of(probes: Sequence[dict[str, Any]]) -> dict[str, tuple[float, ...]]:
    """Return one value a process of each memory metric."""
    if not probes:
        return {}
    peaks = [float(probe["peak_rss_bytes"] + (probe.get("swap_bytes") or 0)) for probe in probes]
    floors = [float(probe["baseline_rss_bytes"]) for probe in probes]
    return {
        "peak_rss_bytes": tuple(peaks),
        "baseline_rss_bytes": tuple(floors),
        "model_rss_bytes": tuple(peak - floor for peak, floor in zip(peaks, floors, strict=True)),
    }
