"""Details of a run's cases with what lies in its folder: journals that are whole, lost or broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_records import fake_record

from bench.cli.case_details import details_of
from bench.store.names import case_folder_name

RECORD = fake_record("litert", "int8")
ROUND = {
    "kind": "latency",
    "status": "ok",
    "valid": True,
    "started": "1",
    "result": {"inference_ns": [1000000]},
}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return where the journal of the case lies."""
    path = tmp_path / "cases" / case_folder_name(RECORD.case) / "rounds.jsonl"
    path.parent.mkdir(parents=True)
    return path


def test_rounds_come_from_the_run_folder(journal: Path, tmp_path: Path) -> None:
    journal.write_text(json.dumps(ROUND) + "\n")
    (detail,) = details_of([RECORD], tmp_path, {})
    assert detail.strip is not None and detail.strip.marks[0].median_ns == 1_000_000


def test_a_lost_journal_leaves_the_rest_and_is_told(tmp_path: Path) -> None:
    (detail,) = details_of([RECORD], tmp_path, {})
    assert detail.strip is None and detail.accuracy is not None
    assert "The spread over processes is not shown: the run folder has no journal of it." in detail.absent


def test_a_broken_journal_stops_no_report(journal: Path, tmp_path: Path) -> None:
    journal.write_text("{torn\n" + json.dumps(ROUND) + "\n")
    (detail,) = details_of([RECORD], tmp_path, {})
    assert detail.strip is None and "its journal cannot be read" in detail.absent[0]
