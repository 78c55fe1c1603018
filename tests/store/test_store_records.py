"""Records: written, read again, checked against their schema, framed."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from fake_records import failed_record, hostile_records, quickstart_records, with_metric

import bench
from bench.core.metric import METRICS, make_metric
from bench.core.record import RECORD_SCHEMA
from bench.errors import StoreError
from bench.store.records import read_records, write_records
from bench.store.schema import record_schema


def run_folder(root: Path, suite: str = "quickstart", run: str = "20261121-101500-1f3a5c") -> Path:
    folder = root / suite / run
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = run_folder(tmp_path)
    write_records(folder / "records.jsonl", quickstart_records())
    return folder


def test_records_come_back_as_they_were(folder: Path) -> None:
    for path in (folder, folder / "records.jsonl", folder.parent, folder.parent.parent):
        assert [r.case for r in read_records(path)] == [r.case for r in quickstart_records()]
    assert read_records(folder)[3].metrics == quickstart_records()[3].metrics


def test_of_several_runs_all_or_the_newest_are_read(folder: Path, tmp_path: Path) -> None:
    newer = run_folder(tmp_path, run="20261122-000000-000000")
    write_records(newer / "records.jsonl", quickstart_records()[:2])
    assert len(read_records(tmp_path)) == 12
    assert len(read_records(tmp_path, newest_only=True)) == 2


def test_a_later_schema_is_refused_by_name(folder: Path) -> None:
    path = folder / "records.jsonl"
    line = {**json.loads(path.read_text().splitlines()[0]), "schema": RECORD_SCHEMA + 1}
    path.write_text(json.dumps(line) + "\n")
    with pytest.raises(
        StoreError, match=rf"records\.jsonl:1: record schema {RECORD_SCHEMA + 1} is later than"
    ):
        read_records(folder)


def test_a_broken_line_is_named(folder: Path) -> None:
    path = folder / "records.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], lines[2][:50], *lines[3:]]) + "\n")
    with pytest.raises(StoreError, match=r"records\.jsonl:3: broken line"):
        read_records(folder)


def test_a_wrong_field_is_named(folder: Path) -> None:
    path = folder / "records.jsonl"
    line = {**json.loads(path.read_text().splitlines()[0]), "threads": "two"}
    path.write_text(json.dumps(line) + "\n")
    with pytest.raises(StoreError, match=r"records\.jsonl:1: not a record: Record\.threads: got 'two'"):
        read_records(folder)


def test_an_empty_place_is_an_error_that_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="has no records below it; expected a run folder"):
        read_records(tmp_path)
    with pytest.raises(StoreError, match="does not exist"):
        read_records(tmp_path / "nowhere")


def test_every_written_line_fits_the_published_schema(tmp_path: Path) -> None:
    schema = record_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    nan = with_metric(quickstart_records()[0], make_metric("map_large", math.nan))
    write_records(tmp_path / "r.jsonl", [*quickstart_records(), *hostile_records(), failed_record(), nan])
    for line in (tmp_path / "r.jsonl").read_text(encoding="utf-8").split("\n")[:-1]:
        validator.validate(json.loads(line))


@pytest.mark.parametrize(
    "damage",
    [
        {"schema": RECORD_SCHEMA + 1},
        {"status": "fine"},
        {"threads": "1"},
        {"metrics": [{"name": "speed", "value": 1.0, "unit": "ns", "direction": "lower"}]},
        {"metrics": [{"name": "map_50", "value": 1.0, "unit": "kg", "direction": "lower"}]},
    ],
)
def test_the_schema_refuses_what_is_no_record(folder: Path, damage: dict[str, object]) -> None:
    line = {**json.loads((folder / "records.jsonl").read_text().splitlines()[0]), **damage}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(record_schema()).validate(line)


def test_the_schema_requires_what_identifies_a_case_and_describes_it() -> None:
    schema = record_schema()
    assert {"schema", "case", "status", "precision", "runtime", "host"} <= set(schema["required"])
    assert "metrics" not in schema["required"]
    assert "sibling" in schema["properties"] and "fp32" in schema["properties"]["sibling"]["description"]


def test_a_frame_has_a_row_a_case_and_a_column_a_metric(folder: Path) -> None:
    frame = bench.load_results(folder)
    assert len(frame) == 10
    assert set(METRICS) <= set(frame.columns)
    row = frame[(frame.runtime == "litert") & (frame.precision == "int8")].iloc[0]
    assert row.latency_p50_ns == pytest.approx(441_000)
    assert row.map_50_95_difference_low == -0.0038
    assert row.recipe == "int8"
    assert Path(row.run_folder) == folder
    assert math.isnan(row.map_large), "COCO's -1 is no figure"


def test_failed_cases_stay_in_the_frame_as_numbers_that_are_absent(tmp_path: Path) -> None:
    write_records(tmp_path / "records.jsonl", [failed_record(), replace(failed_record(), case="b")])
    frame = bench.load_results(str(tmp_path))
    assert list(frame.status) == ["failed", "failed"]
    assert frame.latency_p50_ns.isna().all() and frame.latency_p50_ns.dtype == "float64"
