"""What is read of a run folder: raw samples of the newest setup, valid ones alone; and the command on it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.cli import main
from bench.cli.parser import make_parser
from bench.cli.run_command import _tell_verdicts
from bench.core.metric import make_metric
from bench.core.record import RECORD_SCHEMA, Record
from bench.core.verdict import Verdict
from bench.errors import StoreError
from bench.gating.sides import read_side
from bench.store.folder import RunFolder

CASE = "m/int8/litert/t4@pi5"
GATE = {"latency_p50_ns": {"max_increase": "2%"}, "size_bytes": {"max_increase": 0}}


def a_round(number: int, scale: float = 1.0, **changes: Any) -> dict[str, Any]:
    calls = [int(1e6 * scale * (1 + 0.001 * ((number * 7 + call) % 11))) for call in range(21)]
    result = {
        "inference_ns": calls,
        "end_to_end": {"total_ns": [5 * call for call in calls]},
        "load_ns": 5_000_000,
        "first_call_ns": 2_000_000,
        "inference_cpu_ns": sum(calls),
    }
    line = {"kind": "latency", "status": "ok", "valid": True, "setup": "new", "sitting": "s", "round": number}
    return {**line, "result": result, **changes}


def make_run(root: Path, name: str, lines: list[dict[str, Any]], size: int = 1000) -> Path:
    """Make a finished run of one case."""
    with RunFolder.create(root, "suite", name, "name: suite\n", {"gate": GATE}) as run:
        for line in lines:
            run.append_round(CASE, line)
        metrics = (make_metric("size_bytes", size), make_metric("latency_p50_ns", 1e6))
        record = Record(
            RECORD_SCHEMA, "suite", name, CASE, "ok", "m", "m", "int8", None, "litert", 4, "pi5",
            metrics=metrics, started=datetime.now(UTC).isoformat(),
        )  # fmt: skip
        run.write_records([record])
        return run.path


def test_only_valid_rounds_of_the_newest_setup_are_compared(tmp_path: Path) -> None:
    probe = {"peak_rss_bytes": 9, "baseline_rss_bytes": 4}
    lines = [
        a_round(0, 9.0, setup="old"),
        a_round(0),
        a_round(1, 9.0, valid=False),
        {"kind": "latency", "status": "failed", "setup": "new", "reason": "hung"},
        a_round(1),
        {"kind": "memory", "status": "ok", "setup": "new", "result": probe},
    ]
    case = read_side(make_run(tmp_path, "20261121-000000-000000", lines)).cases[CASE]
    assert case.rounds == (("s", 0), ("s", 1))
    assert all(1e6 <= value < 1.02e6 for value in case.processes["latency_p50_ns"])
    assert case.processes["end_to_end_p50_ns"][0] == 5 * case.processes["latency_p50_ns"][0]
    assert case.processes["model_rss_bytes"] == (5.0,)


def test_a_folder_without_records_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no run folder there"):
        read_side(tmp_path)


@pytest.mark.parametrize(
    ("scale", "size", "code", "said"),
    [
        (1.0, 1000, 0, "2 pass"),
        (1.2, 1000, 1, "1 fail, 1 pass"),
        (1.0, 1001, 1, "1 fail, 1 pass"),
    ],
)
def test_the_command_answers_with_a_table_and_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], scale: float, size: int, code: int, said: str
) -> None:
    before = make_run(tmp_path / "a", "20261121-000000-000000", [a_round(n) for n in range(10)])
    lines = [a_round(n, scale, sitting="t") for n in range(10)]
    after = make_run(tmp_path / "b", "20261121-000000-000001", lines, size)
    arguments = ["compare", str(before), str(after)]
    assert main(arguments) == code
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == said and "latency_p50" in out
    assert main([*arguments, "--format", "json"]) == code
    found = json.loads(capsys.readouterr().out)
    assert [verdict["metric"] for verdict in found["verdicts"]] == list(GATE)
    assert main([*arguments, "--format", "markdown"]) == code
    assert capsys.readouterr().out.startswith("| answer | case |")


def two_runs(root: Path) -> tuple[Path, Path]:
    """Return two runs of one case; the newer one takes a fifth longer."""
    before = make_run(root / "a", "20261121-000000-000000", [a_round(n) for n in range(10)])
    lines = [a_round(n, 1.2, sitting="t") for n in range(10)]
    return before, make_run(root / "b", "20261121-000000-000001", lines)


@pytest.mark.parametrize("command", ["compare", "gate"])
def test_the_command_writes_a_page_of_its_verdicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    before, after = two_runs(tmp_path)
    sides = [str(before), str(after)] if command == "compare" else [str(after), "--baseline", str(before)]
    code = main([command, *sides, "--output", str(tmp_path / "page"), "--format", "json"])
    said = capsys.readouterr()
    assert said.err == f"bench: wrote {tmp_path / 'page' / 'comparison.html'}\n"
    kept = json.loads((tmp_path / "page" / "comparison.json").read_text(encoding="utf-8"))
    assert kept["verdicts"] == json.loads(said.out)["verdicts"] and kept["before"] == str(before)
    page = (tmp_path / "page" / "comparison.html").read_text(encoding="utf-8")
    headline = "Worse than is tolerated: 1 of 2" if code == 1 else "Not decided: 1 of 2"
    assert headline in page and before.name in page and after.name in page


def test_a_run_that_was_judged_keeps_the_page_of_its_verdicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, after = two_runs(tmp_path)
    judged = [Verdict(CASE, "latency_p50_ns", "fail", "slower", 1e6, 1.2e6)]
    options = make_parser().parse_args(["run", "suite.yaml", "--against", "main"])
    assert _tell_verdicts(options, after, judged, 0) == 1
    assert f"verdicts: {after / 'comparison.html'}\n" in capsys.readouterr().out
    assert "Worse than is tolerated: 1 of 1" in (after / "comparison.html").read_text(encoding="utf-8")
