"""The options of `bench run --against`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli.parser import make_parser


def test_a_run_judges_against_nothing_and_pairs_suspects_unless_told() -> None:
    options = make_parser().parse_args(["run", "suite.yaml"])
    assert (options.against, options.pairs, options.root) == (None, "suspects", Path("results/baselines"))


def test_a_run_takes_what_it_is_judged_against_and_what_is_paired() -> None:
    line = ["run", "suite.yaml", "--against", "git:origin/main", "--pairs", "all", "--root", "kept"]
    options = make_parser().parse_args(line)
    assert (options.against, options.pairs, options.root) == ("git:origin/main", "all", Path("kept"))


def test_what_is_paired_is_one_of_two_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        make_parser().parse_args(["run", "suite.yaml", "--pairs", "some"])
    assert "'suspects', 'all'" in capsys.readouterr().err
