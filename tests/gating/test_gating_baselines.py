"""Baselines come back as they were kept, are chosen by machine, and are never replaced when unreadable."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sides_of import SETTING, make_case, make_side

from bench.cli import main
from bench.errors import StoreError, UsageError
from bench.gating.baselines import baseline_side, read_baseline, read_baselines, write_baseline

X86 = {**SETTING, "cpu": "Intel(R) Xeon(R) Processor", "board": None, "architecture": "x86_64"}


def test_a_baseline_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    matches = tmp_path / "matches.npz"
    matches.write_bytes(b"match data")
    case = make_case(times=(1e6, 1.25e6), matches=matches, artifact="f" * 64)
    (path,) = write_baseline(tmp_path / "kept", make_side(case), "main")
    assert path == tmp_path / "kept/suite/main/raspberry-pi-5.json"
    (found,) = read_baselines(tmp_path / "kept", "suite", "main")
    kept = found.cases[case.case]
    assert replace(kept, matches=matches) == case
    assert kept.matches is not None and kept.matches.read_bytes() == b"match data"


def test_match_data_that_vanished_is_absent_and_no_error(tmp_path: Path) -> None:
    matches = tmp_path / "matches.npz"
    matches.write_bytes(b"match data")
    write_baseline(tmp_path, make_side(make_case(matches=matches)), "main")
    next((tmp_path / "suite/matches").iterdir()).unlink()
    (found,) = read_baselines(tmp_path, "suite", "main")
    assert [case.matches for case in found.cases.values()] == [None]


def test_of_two_machines_the_one_that_was_measured_is_judged_against(tmp_path: Path) -> None:
    laptop = make_case("m/fp32/litert/t4@local", setting=X86, values={"size_bytes": 1.0})
    runner = replace(laptop, setting={**X86, "cpu": "AMD EPYC"}, values={"size_bytes": 2.0})
    for case in (laptop, runner):
        write_baseline(tmp_path, make_side(case), "main")
    found = read_baselines(tmp_path, "suite", "main")
    assert [one.machine for one in found] == ["amd-epyc", "intel-r-xeon-r-processor"]
    for now in (laptop, runner):
        side = baseline_side(found, make_side(now))
        assert side.cases[now.case].values == now.values


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "cannot be read as a baseline"),
        ("{}", "cannot be read as a baseline"),
        ("[1]", "cannot be read as a baseline"),
        (
            '{"schema": 1, "suite": "s", "name": "n", "machine": "m", "source": {}, "cases": {}}',
            "holds no case",
        ),
        ('{"schema": 99}', "baseline schema 99 is later than this program's"),
        (
            '{"schema": 1, "suite": "s", "name": "n", "machine": "m", "source": {}, "cases": {"c": {}}}',
            "not a baseline: .*c.*case",
        ),
    ],
)
def test_what_cannot_be_read_is_an_error_and_is_never_replaced(
    tmp_path: Path, content: str, problem: str
) -> None:
    (path,) = write_baseline(tmp_path, make_side(make_case()), "main")
    path.write_text(content)
    with pytest.raises(StoreError, match=problem):
        read_baseline(path)
    with pytest.raises(StoreError):
        write_baseline(tmp_path, make_side(make_case()), "main")
    assert path.read_text() == content


def test_figures_not_for_decisions_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not for decisions"):
        write_baseline(tmp_path, make_side(make_case(decision_grade=False)), "main")
    with pytest.raises(UsageError, match="no case was measured"):
        write_baseline(tmp_path, make_side(make_case(status="failed")), "main")
    with pytest.raises(UsageError, match="expected letters, digits"):
        write_baseline(tmp_path, make_side(make_case()), "../main")
    assert not list(tmp_path.iterdir())


def test_a_file_reads_well_in_a_diff(tmp_path: Path) -> None:
    (path,) = write_baseline(tmp_path, make_side(make_case(times=(1e6, 2e6))), "main")
    assert '        "latency_p50_ns": [1000000.0, 2000000.0]\n' in path.read_text()
    assert json.loads(path.read_text())["schema"] == 1


def test_an_absent_baseline_says_which_there_are(tmp_path: Path) -> None:
    write_baseline(tmp_path, make_side(make_case()), "main")
    with pytest.raises(StoreError, match="no baseline; there are main; make one with"):
        read_baselines(tmp_path, "suite", "man")


def test_the_help_of_the_commands_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("compare", "gate", "baseline"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert f"bench {command} " in capsys.readouterr().out
