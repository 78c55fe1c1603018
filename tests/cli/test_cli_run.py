"""The commands as a user calls them, on real model files of a few kilobytes under real runtimes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

import bench
from bench.cli import EXIT_GOOD, EXIT_NOT_MEASURED, EXIT_WRONG_USE, main
from bench.cli.run_command import exit_code
from bench.core.record import Record
from bench.wire.lease import LEASE_VARIABLE, take_lease

ROOT = Path(__file__).parent.parent.parent
TINY = ROOT / "tests" / "agent" / "models"

SUITE = """
name: tiny
models:
  - {{name: float, tflite: {tiny}/tiny_float.tflite, precision: fp32, group: tiny, detector: &head
      {{family: ltrb, input: {{size: 32}}, labels: [1, 2, 3]}}}}
  - {{name: int8, tflite: {second}, precision: int8, group: tiny, detector: *head}}
data: {{rendered: {{evaluation: 6, calibration: 1, training: 1}}}}
measure: {{rounds: {rounds}, warmup: 1, calls: 5, images: 2}}
"""


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep what tests build and render out of the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("BENCH_CACHE")
    os.environ["BENCH_CACHE"] = str(folder)
    yield folder
    os.environ.pop("BENCH_CACHE") if before is None else os.environ.update(BENCH_CACHE=before)


def write_suite(folder: Path, second: Path = TINY / "tiny_int8.tflite", rounds: int = 1) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(SUITE.format(tiny=TINY, second=second, rounds=rounds))
    return path


def run(folder: Path, *arguments: str) -> int:
    return main([*arguments, "--results", str(folder / "results")])


def records(folder: Path) -> list[dict[str, object]]:
    (path,) = (folder / "results").rglob("records.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_run_leaves_records_and_a_report_and_prints_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = write_suite(tmp_path)
    assert run(tmp_path, "run", str(suite)) == EXIT_GOOD
    printed = capsys.readouterr().out
    assert "int8" in printed and "report.html" in printed
    (folder,) = (tmp_path / "results" / "tiny").iterdir()
    assert {"report.html", "report.md", "records.csv", "records.jsonl", "run.json", "suite.yaml"} <= {
        path.name for path in folder.iterdir()
    }
    frame = bench.load_results(folder)
    assert list(frame["status"]) == ["ok", "ok"]
    assert frame["latency_p50_ns"].notna().all() and frame["peak_rss_bytes"].notna().all()


def test_a_report_is_rendered_again_without_measuring(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, "run", str(write_suite(tmp_path)), "--only", "precision=fp32")
    (page,) = (tmp_path / "results").rglob("report.html")
    first = page.read_text()
    page.unlink()
    assert main(["report", str(tmp_path / "results")]) == EXIT_GOOD
    assert str(page) in capsys.readouterr().out
    assert page.read_text() == first


def test_a_corrupt_model_is_a_failed_record_and_the_exit_code_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes((TINY / "tiny_int8.tflite").read_bytes()[:1500])
    assert run(tmp_path, "run", str(write_suite(tmp_path, broken))) == EXIT_NOT_MEASURED
    good, bad = records(tmp_path)
    assert (good["status"], bad["status"]) == ("ok", "failed")
    assert "broken.tflite" in str(bad["reason"])


def test_our_own_errors_leave_no_trace_of_python(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    wrong_labels = write_suite(tmp_path)
    wrong_labels.write_text(wrong_labels.read_text().replace("[1, 2, 3]", "[1, 2]"))
    assert run(tmp_path, "run", str(wrong_labels), "--only", "precision=fp32") == EXIT_NOT_MEASURED
    wrong_precision = write_suite(tmp_path, TINY / "tiny_float.tflite")
    assert run(tmp_path, "run", str(wrong_precision), "--only", "precision=int8") == EXIT_NOT_MEASURED
    said = capfd.readouterr()
    pages = [page.read_text() for page in (tmp_path / "results").rglob("report.md")]
    assert "labels" in said.err and "declared precision int8 does not fit" in said.err
    assert len(pages) == 2
    assert not any("Traceback" in text or 'File "' in text for text in (said.out, said.err, *pages))


def test_a_run_that_measured_nothing_at_all_says_so_by_its_exit_code() -> None:
    ok, unavailable, failed = (
        cast(Record, SimpleNamespace(status=status, control=None))
        for status in ("ok", "unavailable", "failed")
    )
    assert exit_code([unavailable, unavailable]) == exit_code([]) == EXIT_NOT_MEASURED
    assert exit_code([ok, unavailable]) == EXIT_GOOD
    assert exit_code([ok, failed]) == EXIT_NOT_MEASURED


def test_a_wrongly_declared_precision_is_refused_by_what_the_tensors_say(tmp_path: Path) -> None:
    assert run(tmp_path, "run", str(write_suite(tmp_path, TINY / "tiny_float.tflite"))) == EXIT_NOT_MEASURED
    _, bad = records(tmp_path)
    assert bad["status"] == "failed" and "fp32" in str(bad["reason"]) and "int8" in str(bad["reason"])


def test_a_plan_names_cases_and_measures_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "plan", str(write_suite(tmp_path)), "--json") == EXIT_GOOD
    rows = json.loads(capsys.readouterr().out)
    assert [row["precision"] for row in rows] == ["fp32", "int8"]
    assert rows[1]["sibling"] == rows[0]["case"]
    assert not (tmp_path / "results").exists()


def test_a_plan_shows_hosts_with_threads_budget_and_what_would_be_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts = tmp_path / "hosts.yaml"
    hosts.write_text("pis: {ssh: [pi-a, pi-b], tags: [arm], threads: [1, 4], budget: 20m}")
    suite = write_suite(tmp_path)
    assert run(tmp_path, "plan", str(suite), "--host", "local", "--host", "tag:arm") == EXIT_GOOD
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if "@pis" in line]) == 4
    (pis,) = [line.split() for line in lines if line.startswith("pis ")]
    assert pis[1:6] == ["2", "4", "1,", "4", "20:00"]
    assert any(line.startswith("local ") and "has all files" in line for line in lines)
    assert "hosts at the same time" in lines[-1]


def test_an_unknown_host_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hosts.yaml").write_text("pi5: {}")
    assert run(tmp_path, "run", str(write_suite(tmp_path)), "--host", "pi4") == EXIT_WRONG_USE
    assert "pi4" in capsys.readouterr().err


def test_a_busy_machine_is_refused_with_who_measures_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LEASE_VARIABLE, str(tmp_path / "lease"))
    take_lease(tmp_path / "lease", "ann@laptop", "20261121-000000-abcdef")
    assert run(tmp_path, "run", str(write_suite(tmp_path)), "--quiet") == EXIT_NOT_MEASURED
    assert "local is busy: ann@laptop measures there" in capsys.readouterr().err


def test_overrides_are_recorded_and_mark_the_figures(tmp_path: Path) -> None:
    run(tmp_path, "run", str(write_suite(tmp_path)), "--limit", "3", "--only", "precision=fp32")
    (record,) = records(tmp_path)
    assert record["decision_grade"] is False
    assert record["overrides"]["limit"] == 3  # type: ignore[index]
    (page,) = (tmp_path / "results").rglob("report.md")
    assert "NOT FOR DECISIONS" in page.read_text().upper()


def test_a_suite_that_is_not_there_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "run", str(tmp_path / "absent.yaml")) == EXIT_WRONG_USE
    assert "absent.yaml: there is no such file" in capsys.readouterr().err


def test_resume_needs_something_to_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "run", str(write_suite(tmp_path)), "--resume") == EXIT_WRONG_USE
    assert "nothing to resume" in capsys.readouterr().err


def test_resume_refuses_another_suite_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, "run", str(write_suite(tmp_path)), "--only", "precision=fp32")
    suite = write_suite(tmp_path, rounds=2)
    assert run(tmp_path, "run", str(suite), "--only", "precision=fp32", "--resume") == EXIT_WRONG_USE
    assert "another text of" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named_without_a_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite, file = write_suite(tmp_path), tmp_path / "file"
    file.touch()
    assert main(["run", str(suite), "--results", str(file / "results")]) == EXIT_NOT_MEASURED
    assert f"{file}/results/tiny: cannot write: a part of that path is a file" in capsys.readouterr().err
    monkeypatch.setenv("BENCH_CACHE", str(file / "cache"))
    assert run(tmp_path, "run", str(suite)) == EXIT_NOT_MEASURED
    assert str(file / "cache") in capsys.readouterr().err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_loses_at_most_the_round_in_progress(tmp_path: Path, how: signal.Signals) -> None:
    suite, results = write_suite(tmp_path, rounds=4), tmp_path / "results"
    command = [sys.executable, "-m", "bench", "run", str(suite), "--results", str(results)]
    # Whoever runs the tests in the background of a shell has SIGINT ignored, which children inherit.
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    wait_for_rounds(results, 2, process)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    assert how == signal.SIGKILL or "--resume" in said
    kept = count_rounds(results)
    assert (
        subprocess.run([*command, "--resume"], cwd=ROOT, capture_output=True, check=False).returncode
        == EXIT_GOOD
    )
    # What was finished stands, and only what was missing was measured.
    assert kept >= 2 and count_rounds(results) == 8
    assert [record["rounds_valid"] for record in records(tmp_path)] == [4, 4]


def wait_for_rounds(results: Path, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while count_rounds(results) < count:
        assert process.poll() is None, "the run ended by itself"
        assert time.monotonic() < deadline, "no round was finished in time"
        time.sleep(0.05)


def count_rounds(results: Path) -> int:
    texts = [path.read_text() for path in results.rglob("rounds.jsonl")]
    return sum(text.count('"kind":"latency"') for text in texts)
