"""The options of `bench run --against`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli import EXIT_GOOD, main
from bench.cli.parser import make_parser

TINY = Path(__file__).parent.parent / "agent" / "models"
SUITE = """
name: tiny
model: {{name: int8, tflite: {tiny}/tiny_int8.tflite, precision: int8, detector:
  {{family: ltrb, input: {{size: 32}}, labels: [1, 2, 3]}}}}
data: {{rendered: {{evaluation: 6, calibration: 1, training: 1}}}}
measure: {{rounds: 2, warmup: 1, calls: 5, images: 2}}
gate: {{latency_p50: {{max_increase: 900%}}, size: {{max_increase: 0}}}}
"""


def test_a_run_judges_against_nothing_and_pairs_suspects_unless_told() -> None:
    options = make_parser().parse_args(["run", "suite.yaml"])
    assert (options.against, options.pairs, options.root) == (None, "suspects", Path("results/baselines"))


def test_a_run_takes_what_it_is_judged_against_and_what_is_paired() -> None:
    line = ["run", "suite.yaml", "--against", "git:origin/main", "--pairs", "all", "--root", "kept"]
    options = make_parser().parse_args(line)
    assert (options.against, options.pairs, options.root) == ("git:origin/main", "all", Path("kept"))
    files = make_parser().parse_args([*line, "--junit", "a.xml", "--comment", "a.md"])
    assert (files.junit, files.comment) == (Path("a.xml"), Path("a.md"))


def test_what_is_paired_is_one_of_two_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        make_parser().parse_args(["run", "suite.yaml", "--pairs", "some"])
    assert "'suspects', 'all'" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_is_judged_against_an_earlier_one_and_says_so_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    suite = tmp_path / "tiny.yaml"
    suite.write_text(SUITE.format(tiny=TINY))
    line = ["run", str(suite), "--quiet", "--results"]
    assert main([*line, str(tmp_path / "old")]) == EXIT_GOOD
    files = ["--junit", str(tmp_path / "a.xml"), "--comment", str(tmp_path / "a.md")]
    against = ["--against", str(tmp_path / "old"), "--pairs", "all", *files]
    assert main([*line, str(tmp_path / "new"), *against]) == EXIT_GOOD
    printed = capsys.readouterr().out
    assert "6 pairs of processes, measured again in turns" in printed and "2 pass" in printed
    assert "latency_p50" in (tmp_path / "a.xml").read_text() and "2 pass" in (tmp_path / "a.md").read_text()
    assert main(["gate", str(tmp_path / "new"), "--baseline", str(tmp_path / "old")]) == EXIT_GOOD
    assert "6 pairs of processes, measured again in turns" in capsys.readouterr().out
