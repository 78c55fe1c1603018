"""`bench report` shows photos of a run, and keeps them out where it is told to."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bench.cli import EXIT_GOOD, main
from bench.store.records import write_records

sys.path.insert(0, str(Path(__file__).parent.parent / "picturing"))
from stored_run import BASE, StoredRun


@pytest.mark.parametrize(("options", "has_photos"), [([], True), (["--no-photos"], False)])
def test_photos_can_be_kept_out_of_a_report(
    options: list[str], has_photos: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    stored = StoredRun(tmp_path)
    records = [stored.case("fp32", BASE), stored.case("int8", BASE[1:])]
    write_records(stored.run / "records.jsonl", records)
    (stored.run / "run.json").write_text(json.dumps(stored.info))
    assert main(["report", str(stored.run), "--format", "html", *options]) == EXIT_GOOD
    page = (stored.run / "report.html").read_text(encoding="utf-8")
    assert ("data:image/jpeg" in page) == has_photos
    assert ("lost: cat" in page) == has_photos
