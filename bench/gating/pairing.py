"""From the journals of a run to pairs: the new file and the older one, each in a process, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.pair import PAIR_KINDS, twin_id
from bench.gating.sides import memory_of, times_of
from bench.gating.staging import Key, Pairs
from bench.store.folder import read_rounds

Line = dict[str, Any]

MEMORY_METRICS = ("peak_rss_bytes", "baseline_rss_bytes", "model_rss_bytes")
# Metrics that a timed process has a value of.
TIMED_METRICS = (
    *(f"{clock}_p{share}_ns" for clock in ("latency", "end_to_end") for share in (50, 90, 95, 99)),
    "load_ns",
    "first_call_ns",
    "cpu_per_call_ns",
)


@dataclass(frozen=True)
class Pair:
    """Two processes that ran next to each other on one board.

    Attributes:
        before, after: their lines.
    """

    before: Line
    after: Line

    @property
    def board(self) -> str:
        """Where it was measured; empty for the only board of a host."""
        return str(self.after.get("board") or "")


def job_kind(metric: str) -> str:
    """Return which kind of job has a value of a metric that pairs can decide."""
    return "memory" if metric in MEMORY_METRICS else "latency"


def match_pairs(before: Iterable[Line], after: Iterable[Line], kind: str) -> list[Pair]:
    """Return the whole pairs of a kind of job, in the order of their numbers.

    Args:
        before, after: lines of the twin and of the case, each measured under one setup. A pair of which
            either half failed or was disturbed is none, and its number is not used again.
    """
    halves = {_place(line): line for line in before if _is_good(line, kind)}
    found = [
        Pair(halves[_place(line)], line) for line in after if _is_good(line, kind) and _place(line) in halves
    ]
    return sorted(found, key=lambda pair: (pair.after["round"], pair.board))


def read_pairs(run: Path, artifacts: Mapping[str, tuple[str, str]], keys: Iterable[Key]) -> dict[Key, Pairs]:
    """Read all pairs of some cases and metrics; those of which there is none are left out.

    Args:
        artifacts: case id -> sha256 of the older file and of the new one.
    """
    pairs: dict[Key, Pairs] = {}
    asked: dict[tuple[str, str], list[str]] = {}
    for case, metric in keys:
        asked.setdefault((case, job_kind(metric)), []).append(metric)
    for (case, kind), metrics in asked.items():
        older, newer = artifacts[case]
        before, after = _lines_of(run, twin_id(case), older), _lines_of(run, case, newer)
        values = values_of(match_pairs(before, after, kind), kind)
        pairs |= {(case, metric): values[metric] for metric in metrics if metric in values}
    return pairs


def values_of(pairs: Sequence[Pair], kind: str) -> dict[str, Pairs]:
    """Return the values of all metrics that such a job has; what is not above zero has no ratio."""
    read = memory_of if kind == "memory" else times_of
    before = read([pair.before["result"] for pair in pairs])
    after = read([pair.after["result"] for pair in pairs])
    both = {metric: Pairs(before[metric], after[metric]) for metric in after if metric in before}
    return {metric: one for metric, one in both.items() if min(*one.before, *one.after) > 0}


def _lines_of(run: Path, case: str, artifact: str) -> list[Line]:
    """Return the lines of pairs that measured a file under its newest setup."""
    kinds = PAIR_KINDS.values()
    lines = [line for line in read_rounds(run, case) if line["kind"] in kinds]
    lines = [line for line in lines if line.get("artifact") == artifact]
    return [line for line in lines if line.get("setup") == lines[-1].get("setup")]


def _is_good(line: Line, kind: str) -> bool:
    return line["kind"] == PAIR_KINDS[kind] and line.get("status") == "ok" and line.get("valid", True)


def _place(line: Line) -> tuple[str, str, int]:
    return str(line.get("board") or ""), str(line.get("sitting") or ""), int(line["round"])
