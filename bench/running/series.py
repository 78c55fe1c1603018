"""Samples of sustained runs: fetched from the host into the case's folder, and read back from there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.core.metric import Metric, make_metric
from bench.core.suite import Case
from bench.errors import DataError
from bench.metrics.sustained import SustainedRun, read_sustained, sustained_metrics, sustained_series
from bench.running.sitting import Sitting


def keep_series(sitting: Sitting, case: Case, job_id: str, event: dict[str, Any]) -> None:
    """Fetch the samples of a sustained run that a job reports; those that are here already are left.

    Raises:
        HostError: they cannot be fetched.
    """
    path = series_path(sitting.run.case_folder(case.id), job_id)
    if not path.is_file():
        sitting.host.fetch(job_id, event["file"], path)


def series_path(folder: Path, job_id: str) -> Path:
    """Return where the samples of a sustained run lie in a case's folder."""
    return folder / f"sustained-{job_id}.npz"


def derive_sustained(
    folder: Path, lines: Sequence[dict[str, Any]]
) -> tuple[tuple[Metric, ...], tuple[dict[str, Any], ...]]:
    """Return the metrics and the series of a case's sustained runs, the newest good one of each board.

    A run that broke leaves a metric without a value, whose note says why.

    Args:
        folder: of the case.
        lines: of its journal, those of kind `sustained`.
    """
    newest = {line.get("board", ""): line for line in lines if line["status"] == "ok"}
    runs: dict[str, SustainedRun] = {}
    problems = [line["reason"] for line in lines if line["status"] != "ok"]
    for board, line in sorted(newest.items()):
        try:
            runs[board] = read_sustained(series_path(folder, line["job"]), line["result"])
        except DataError as problem:
            problems.append(str(problem))
    if not runs and problems:
        note = f"the sustained run broke: {problems[-1]}"
        return (make_metric("latency_steady_p50_ns", None, note=note),), ()
    series = tuple({"board": board, **sustained_series(run)} for board, run in runs.items())
    return sustained_metrics(list(runs.values())), series
