"""`bench report` in every form, of one run and of several, from records alone."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

import pandas
import pytest

import bench
from bench.cli import EXIT_GOOD, EXIT_WRONG_USE, main
from bench.store.records import write_records

sys.path.insert(0, str(Path(__file__).parent.parent / "report"))
from fake_records import quickstart_records

FILES = {
    "html": "report.html",
    "markdown": "report.md",
    "csv": "records.csv",
    "parquet": "records.parquet",
    "latex": "table.tex",
    "table": "table.md",
    "png": "slide-1-latency.png",
}


def write_run(root: Path, run: str) -> Path:
    """Leave a run folder as `bench run` does, without raw samples."""
    folder = root / "quickstart" / run
    folder.mkdir(parents=True)
    write_records(folder / "records.jsonl", [replace(record, run=run) for record in quickstart_records()[:5]])
    (folder / "run.json").write_text(json.dumps({"suite": "quickstart", "run": run}))
    return folder


@pytest.mark.parametrize("form", FILES)
def test_each_form_is_written_alone(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, output = write_run(tmp_path, "20261121-000000-aaaaaa"), tmp_path / "output"
    assert main(["report", str(folder), "--format", form, "--output", str(output)]) == EXIT_GOOD
    printed = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert output / FILES[form] in printed and all(path.is_file() for path in printed)
    others = {path.name for path in output.iterdir()} & set(FILES.values()) - {FILES[form]}
    assert not others


def test_without_a_form_the_usual_ones_are_written(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "20261121-000000-aaaaaa")
    assert main(["report", str(folder)]) == EXIT_GOOD
    written = {path.name for path in folder.iterdir()}
    assert {"report.html", "report.md", "records.csv"} <= written
    assert not {"records.parquet", "table.tex", "table.md"} & written


def test_several_runs_get_a_folder_each_and_one_table_of_all(tmp_path: Path) -> None:
    for run in ("20261121-000000-aaaaaa", "20261122-000000-bbbbbb"):
        write_run(tmp_path / "results", run)
    call = ["report", str(tmp_path / "results"), "--output", str(tmp_path / "out"), "--format"]
    assert main([*call, "csv,parquet,latex"]) == EXIT_GOOD
    assert len(list((tmp_path / "out" / "quickstart").glob("*/table.tex"))) == 2
    rows = list(csv.DictReader((tmp_path / "out" / "records.csv").open()))
    frame = pandas.read_parquet(tmp_path / "out" / "records.parquet")
    assert len(rows) == len(frame) == 10 and frame["run"].nunique() == 2
    assert list(frame["case"]) == list(bench.load_results(tmp_path / "results")["case"])


def test_the_newest_run_can_be_asked_for_alone(tmp_path: Path) -> None:
    old, new = (write_run(tmp_path, run) for run in ("20261121-000000-aaaaaa", "20261122-000000-bbbbbb"))
    assert main(["report", str(tmp_path), "--newest", "--format", "table"]) == EXIT_GOOD
    assert (new / "table.md").exists() and not (old / "table.md").exists()


def test_a_form_that_is_none_is_wrong_use_with_the_nearest_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", str(tmp_path), "--format", "html,latx"])
    assert ended.value.code == EXIT_WRONG_USE
    assert "unknown form 'latx', did you mean 'latex'?" in capsys.readouterr().err


def test_slides_of_a_single_case_are_none_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_run(tmp_path, "20261121-000000-aaaaaa")
    write_records(folder / "records.jsonl", quickstart_records()[:1])
    assert main(["report", str(folder), "--format", "png"]) == EXIT_GOOD
    said = capsys.readouterr()
    assert said.out == "" and "no chart to draw" in said.err
