"""`bench diagnose` as a user calls it, on real model files of a few kilobytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.cli import EXIT_GOOD, EXIT_WRONG_USE, main
from bench.diagnosing.choice import choose
from bench.errors import UsageError
from bench.suite import load_suite

TINY = Path(__file__).parent.parent / "agent" / "models"

SUITE = f"""
name: tiny
models:
  - {{name: float, tflite: {TINY}/tiny_float.tflite, precision: fp32, group: tiny, detector: &head
      {{family: ltrb, input: {{size: 32}}, labels: [1, 2, 3]}}}}
  - {{name: int8, tflite: {TINY}/tiny_int8.tflite, precision: int8, group: tiny, detector: *head}}
data: {{rendered: {{evaluation: 20, calibration: 1, training: 1}}}}
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "tiny.yaml"
    path.write_text(SUITE)
    return path


def test_one_case_brings_its_sibling_along(suite: Path) -> None:
    loaded = load_suite(suite)
    choice = choose(loaded, case_id="int8/int8/litert/t1@local")
    assert choice.models == ("int8",) and choice.is_single
    assert [case.model for case in choice.cases] == ["float", "int8"]
    assert choose(loaded, model="float").models == ("float",)
    assert choose(loaded).models == ("float", "int8")


def test_a_name_that_does_not_exist_is_met_with_the_nearest(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="did you mean 'float'"):
        choose(load_suite(suite), model="flaot")
    assert main(["diagnose", str(suite), "--case", "int8/int8/litert/t1"]) == EXIT_WRONG_USE
    assert "did you mean 'int8/int8/litert/t1@local'?" in capsys.readouterr().err


@pytest.mark.slow
def test_one_case_is_diagnosed_and_told_as_text_and_json(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["diagnose", str(suite), "--case", "int8/int8/litert/t1@local", "--images", "20", "--quiet"]
    assert main(words) == EXIT_GOOD
    shown = capsys.readouterr().out
    # Random weights find nothing; that is told, and no mistake is made up.
    assert "and no change of the description mends it" in shown and "below models" not in shown
    assert "layers compared with fp32" in shown
    assert main([*words, "--json"]) == EXIT_GOOD
    (result,) = json.loads(capsys.readouterr().out)
    assert result["model"] == "int8" and result["diagnosis"]["verdict"] == "lost"
    assert result["builds"][0]["num_compared"] == result["builds"][0]["num_layers"] > 0
