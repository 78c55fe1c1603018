"""Timed rounds as a pandas data frame, with every raw sample: one row a round, each a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core.record import Record
from bench.store.folder import read_rounds
from bench.store.records import find_record_files, read_records

if TYPE_CHECKING:
    from pandas import DataFrame

# Of the case, of the round, of the machine after it, of the process: in the order of the frame.
CASE = ("suite", "run", "case", "model", "precision", "runtime", "threads", "host")
ROUND = ("round", "valid", "reason", "board", "started")
AFTER = ("temperature_c", "frequency_hz", "throttled")
PROCESS = ("load_ns", "first_call_ns", "warmup_calls")

# Samples of the calls: of the inference loop, and of the end-to-end loop by part.
SAMPLES = ("inference_ns", "total_ns", "decode_ns", "preprocess_ns", "invoke_ns", "postprocess_ns")


def load_rounds(path: Path) -> DataFrame:
    """Read the timed rounds of one run, or of all runs below a folder.

    Args:
        path: a run folder, or a folder above runs.

    Returns:
        One row a round, invalid ones too. `inference_ns`, `total_ns` (end to end) and its parts hold an
        int64 array of all calls, in nanoseconds and in their order; empty where that was not measured.

    Raises:
        StoreError: there are no readable records at that path, or a journal is broken.
    """
    import pandas

    rows = [
        _row(record, line)
        for file in find_record_files(path)
        for record in read_records(file)
        for line in read_rounds(file.parent, record.case)
        if line.get("kind") == "latency"
    ]
    frame = pandas.DataFrame(rows, columns=[*CASE, *ROUND, *AFTER, *PROCESS, *SAMPLES])
    return frame.astype({"valid": "bool", "round": "int64", "threads": "int64"})


def _row(record: Record, line: dict[str, Any]) -> dict[str, Any]:
    import numpy

    result, after = line.get("result") or {}, line.get("after") or {}
    samples = {"inference_ns": result.get("inference_ns"), **(result.get("end_to_end") or {})}
    return {
        **{name: getattr(record, name) for name in CASE},
        **{name: line.get(name) for name in ROUND},
        **{name: after.get(name) for name in AFTER},
        **{name: result.get(name) for name in PROCESS},
        **{name: numpy.asarray(samples.get(name) or [], dtype=numpy.int64) for name in SAMPLES},
    }
