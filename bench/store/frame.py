"""Records as a pandas data frame: one row a case, base units, ready for a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core.metric import METRICS, Metric
from bench.core.record import Record
from bench.store.records import find_record_files, read_records

if TYPE_CHECKING:
    from pandas import DataFrame

# Columns taken from a record as they are, in the order of the frame.
IDENTITY = (
    "suite",
    "run",
    "case",
    "model",
    "group",
    "precision",
    "precision_found",
    "runtime",
    "threads",
    "host",
    "status",
    "reason",
    "sibling",
    "rounds_valid",
    "rounds_invalid",
    "decision_grade",
    "started",
    "finished",
)


def load_results(path: str | Path) -> DataFrame:
    """Read the records of one run, or of all runs below a folder, as a data frame.

    Args:
        path: a run folder, a `records.jsonl`, or a folder above runs.

    Returns:
        One row a case. A column for every metric of `bench.core.metric.METRICS`, in base units, NaN where
        there is no figure (COCO's -1, "no such objects", too), with `<name>_low` and `<name>_high` beside
        it where any case knows an interval; `expected_map_50_95`, as published, where a suite names it.
        `recipe` is the recipe's name, `run_folder` the place that `samples`, `detections` and `matches` are
        relative to.

    Raises:
        StoreError: there are no readable records at that path.
    """
    return frame_of(find_record_files(Path(path)))


def frame_of(files: Iterable[Path]) -> DataFrame:
    """Read records files, in their order, as a data frame; see `load_results`."""
    import pandas

    rows = [_row(record, file.parent) for file in files for record in read_records(file)]
    frame = pandas.DataFrame(rows, columns=_columns(rows))
    numbers = [name for name in frame.columns if name in METRICS or name.endswith(("_low", "_high"))]
    return frame.astype(dict.fromkeys(numbers, "float64"))


def _row(record: Record, folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(record, name) for name in IDENTITY}
    row["recipe"] = (record.recipe or {}).get("name", "")
    row["artifact_sha256"] = record.artifact.get("sha256", "")
    row.update({name: getattr(record, name) for name in ("samples", "detections", "matches")})
    row["run_folder"] = str(folder)
    if record.expected:
        row["expected_map_50_95"] = record.expected.get("map_50_95")
    for metric in record.metrics:
        row.update(_metric_columns(metric))
    return row


def _metric_columns(metric: Metric) -> dict[str, float | None]:
    is_absent = metric.value == -1 and metric.unit in ("ap", "ar") and metric.name != "map_50_95_difference"
    columns = {metric.name: None if is_absent else metric.value}
    if metric.low is not None and metric.high is not None and not is_absent:
        columns |= {f"{metric.name}_low": metric.low, f"{metric.name}_high": metric.high}
    return columns


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    seen = dict.fromkeys(name for row in rows for name in row)
    metrics = [column for name in METRICS for column in (name, f"{name}_low", f"{name}_high")]
    kept = [name for name in metrics if name in METRICS or name in seen]
    texts = ["recipe", "artifact_sha256", "samples", "detections", "matches", "run_folder"]
    return [*IDENTITY, *texts, *kept, *(name for name in seen if name not in {*IDENTITY, *texts, *kept})]
