"""Run folders: what a kill, a full disk and a second writer leave behind."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_records import quickstart_records

from bench.errors import StoreError
from bench.store.folder import RunFolder, find_runs, read_rounds, read_run_info

CASE = "shapes/int8/litert/t1@local"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    with RunFolder.create(
        tmp_path, "quickstart", "20261121-120000-abcdef", "name: quickstart\n", {"a": 1}
    ) as run:
        yield run


def journal(run: RunFolder) -> Path:
    return run.case_folder(CASE) / "rounds.jsonl"


def test_a_new_run_holds_its_suite_and_its_facts(run: RunFolder, tmp_path: Path) -> None:
    assert run.path == tmp_path / "quickstart" / "20261121-120000-abcdef"
    assert (run.path / "suite.yaml").read_text() == "name: quickstart\n"
    assert read_run_info(run.path) == {"a": 1}


def test_rounds_come_back_in_order(run: RunFolder) -> None:
    for number in range(3):
        run.append_round(CASE, {"kind": "latency", "round": number, "valid": True})
    assert [line["round"] for line in run.read_rounds(CASE)] == [0, 1, 2]
    assert run.read_rounds(CASE)[0]["case"] == CASE
    assert run.read_rounds("another") == []


def test_a_torn_last_line_is_left_out_and_then_written_over(run: RunFolder) -> None:
    run.append_round(CASE, {"round": 0})
    with open(journal(run), "ab") as file:
        file.write(b'{"round": 1, "result": {"inference_ns": [1, 2' + b"7, " * 50_000)
    assert [line["round"] for line in run.read_rounds(CASE)] == [0]
    run.append_round(CASE, {"round": 2})
    assert [line["round"] for line in run.read_rounds(CASE)] == [0, 2]


def test_a_broken_line_inside_is_an_error_that_names_file_and_line(run: RunFolder) -> None:
    run.append_round(CASE, {"round": 0})
    with open(journal(run), "ab") as file:
        file.write(b"{broken\n")
    run.append_round(CASE, {"round": 2})
    with pytest.raises(StoreError, match=r"rounds\.jsonl:2: broken line .*expected one JSON object a line"):
        run.read_rounds(CASE)


def test_kill_9_loses_no_round_that_was_reported_finished(run: RunFolder, tmp_path: Path) -> None:
    run.close()
    code = (
        "import sys; from pathlib import Path; from bench.store.folder import RunFolder\n"
        "run = RunFolder(Path(sys.argv[1]))\n"
        "for number in range(10**9):\n"
        f"    run.append_round({CASE!r}, {{'round': number, 'samples': list(range(500))}})\n"
        "    print(number, flush=True)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(run.path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    reported = [int(writer.stdout.readline()) for _ in range(5)][-1]
    writer.send_signal(signal.SIGKILL)
    reported = max([reported, *map(int, writer.stdout.read().split())])
    writer.wait()
    rounds = [line["round"] for line in read_rounds(run.path, CASE)]
    assert rounds == list(range(len(rounds)))
    assert rounds[-1] >= reported
    with RunFolder(run.path) as again:
        again.append_round(CASE, {"round": -1})
        assert again.read_rounds(CASE)[-1]["round"] == -1


def test_a_second_writer_is_refused_and_told_who_writes(run: RunFolder) -> None:
    with pytest.raises(StoreError, match=rf"another run writes here \(process {os.getpid()}\)"):
        RunFolder(run.path)
    run.close()
    RunFolder(run.path).close()


def test_a_run_is_never_created_twice(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="exists already"):
        RunFolder.create(tmp_path, "quickstart", run.path.name, "", {})


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EACCES, "no permission"),
        (errno.EROFS, "read-only"),
    ],
)
def test_what_stops_writing_is_named_with_its_cure(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, code: int, cure: str
) -> None:
    run.write_records(quickstart_records()[:1])

    def refuse(_: Any) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(StoreError, match=cure) as caught:
            run.write_records(quickstart_records())
        with pytest.raises(StoreError, match=cure):
            run.append_round(CASE, {"round": 0})
    assert str(run.path) in str(caught.value)
    assert len(run.read_records()) == 1
    assert not list(run.path.glob("*.partial"))


def test_other_errors_of_the_system_are_not_dressed_up(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="input/output error"):
        run.append_round(CASE, {"round": 0})


def test_numbers_that_json_does_not_know_become_null(run: RunFolder) -> None:
    run.append_round(CASE, {"value": float("nan"), "more": [float("inf"), 1.5]})
    assert json.loads(journal(run).read_text())["more"] == [None, 1.5]


def test_runs_are_found_from_old_to_new(tmp_path: Path) -> None:
    for run_id in ("20261122-000000-a", "20261121-000000-b"):
        RunFolder.create(tmp_path, "s", run_id, "", {}).close()
    assert [run.name for run in find_runs(tmp_path)] == ["20261121-000000-b", "20261122-000000-a"]
    assert find_runs(tmp_path / "s" / "20261122-000000-a") == [tmp_path / "s" / "20261122-000000-a"]
    with pytest.raises(StoreError, match="no run folder there"):
        find_runs(tmp_path / "absent")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"not a run folder: expected run\.json in it"):
        RunFolder(tmp_path)
    with pytest.raises(StoreError, match="expected a run folder"):
        read_run_info(tmp_path)
