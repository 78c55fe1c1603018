"""Parquet files: the same rows as the data frame, every column of its own type, units in the schema."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas
import pytest
from pandas.testing import assert_frame_equal
from pyarrow import parquet

from bench.core.metric import METRICS, make_metric
from bench.core.record import Record
from bench.errors import StoreError
from bench.store.frame import load_results
from bench.store.parquet import write_parquet
from bench.store.records import write_records

RECORD = Record(
    schema=1, suite="s", run="20261121-000000-aaaaaa", case="m/fp32/litert/t1@local", status="ok",
    model="量化", group="m", precision="fp32", recipe=None, runtime="litert", threads=1, host="local",
    rounds_valid=10,
    metrics=(
        make_metric("latency_p50_ns", 1.25e6, low=1.2e6, high=1.3e6, level=0.95),
        make_metric("map_50_95", -1.0),
        make_metric("map_large", float("nan")),
    ),
)  # fmt: skip


def write_run(folder: Path, *records: Record) -> Path:
    folder.mkdir(parents=True)
    write_records(folder / "records.jsonl", records)
    return folder


def test_a_file_reads_back_as_the_frame(tmp_path: Path) -> None:
    failed = replace(RECORD, case="x", status="failed", reason="=1+1\nboom", metrics=())
    run = write_run(tmp_path / "a", RECORD, failed)
    write_parquet([run], tmp_path / "records.parquet")
    read = pandas.read_parquet(tmp_path / "records.parquet")
    assert_frame_equal(read, load_results(run), check_dtype=False)
    assert read["latency_p50_ns_high"][0] == 1.3e6 and read["model"][0] == "量化"


def test_absent_figures_are_null_and_columns_keep_their_types(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", RECORD)
    write_parquet([run], tmp_path / "records.parquet")
    table = parquet.read_table(tmp_path / "records.parquet")
    for name in ("map_50_95", "map_large", "size_bytes"):
        assert str(table.schema.field(name).type) == "double" and table[name].null_count == 1
    kinds = {name: str(table.schema.field(name).type) for name in ("threads", "decision_grade", "reason")}
    assert kinds == {"threads": "int64", "decision_grade": "bool", "reason": "string"}


def test_each_metric_says_its_unit_and_meaning(tmp_path: Path) -> None:
    write_parquet([write_run(tmp_path / "a", RECORD)], tmp_path / "records.parquet")
    schema = parquet.read_schema(tmp_path / "records.parquet")
    assert schema.metadata[b"bench.record_schema"] == b"1"
    for name, (unit, direction, meaning) in METRICS.items():
        told = {key: value.decode() for key, value in schema.field(name).metadata.items()}
        assert told.items() >= {b"unit": unit, b"direction": direction, b"meaning": meaning}.items()
    assert schema.field("latency_p50_ns_low").metadata[b"unit"] == b"ns"


def test_several_runs_stand_in_one_file(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, replace(RECORD, run=name)) for name in ("a", "b")]
    write_parquet(runs, tmp_path / "records.parquet")
    assert list(pandas.read_parquet(tmp_path / "records.parquet")["run"]) == ["a", "b"]


def test_a_run_without_records_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        write_parquet([tmp_path / "absent"], tmp_path / "records.parquet")
