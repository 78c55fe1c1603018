"""A run that was read before is read from the cache, as it was, and anew once anything has changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_gating_sides import CASE, a_round, make_run

from bench.core.places import cache_folder
from bench.gating import sides
from bench.gating.sides import read_side


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a run whose files are old enough to be trusted by their times."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    path = make_run(tmp_path, "20261121-000000-000000", [a_round(n) for n in range(3)])
    for file in path.rglob("*"):
        os.utime(file, (1e9, 1e9))
    return path


def refuse(*_: object) -> None:
    raise AssertionError("read again")


def test_a_side_is_read_once_and_comes_back_as_it_was(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = read_side(run)
    assert len(fresh.cases[CASE].processes["latency_p50_ns"]) == 3
    monkeypatch.setattr(sides, "read_records", refuse)
    monkeypatch.setattr(sides, "read_rounds", refuse)
    assert read_side(run) == fresh


def test_a_journal_or_record_that_changed_is_read_again(run: Path) -> None:
    before = read_side(run)
    journal = next(run.rglob("rounds.jsonl"))
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:2]))
    assert len(read_side(run).cases[CASE].rounds) == 2 < len(before.cases[CASE].rounds)
    records = run / "records.jsonl"
    records.write_text(records.read_text().replace('"status":"ok"', '"status":"failed"'))
    assert read_side(run).cases[CASE].status == "failed"


def test_what_is_still_being_written_is_not_kept(run: Path) -> None:
    next(run.rglob("rounds.jsonl")).touch()
    read_side(run)
    assert not list(cache_folder().rglob("side-*"))


@pytest.mark.parametrize("content", ["", "[]", '{"state": 1, "cases": {}}'])
def test_a_broken_cache_changes_nothing(run: Path, content: str) -> None:
    fresh = read_side(run)
    (kept,) = cache_folder().rglob("side-*")
    kept.write_text(content)
    assert read_side(run) == fresh
