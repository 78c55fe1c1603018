"""Noise that was put in is found again; what rounds resolve is what the exact test finds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sides_of import SETTING, make_case, make_side

from bench.cli import main
from bench.errors import StoreError
from bench.gating.noise import learn, resolution, rounds_needed
from bench.gating.noise_file import read_noise, write_noise
from bench.gating.rules import make_rules

RULES = make_rules({"latency_p50_ns": {"max_increase": "1%"}, "size_bytes": {"max_increase": 0}})


def session(seed: int, within: float, shift: float = 0.0, count: int = 10) -> tuple[float, ...]:
    return tuple(1e6 * np.exp(shift + np.random.default_rng(seed).normal(0, within, count)))


def test_noise_within_and_between_sessions_is_found_again() -> None:
    shifts = np.random.default_rng(9).normal(0, 0.05, 40)
    sides = [make_side(make_case(times=session(n, 0.02, shift))) for n, shift in enumerate(shifts)]
    (found,) = learn(sides, RULES)
    assert (found.num_runs, found.num_processes) == (40, 10)
    assert found.within == pytest.approx(0.02, rel=0.1)
    assert found.between == pytest.approx(shifts.std(ddof=1), rel=0.1)


@pytest.mark.parametrize("changes", [{"artifact": "b" * 64}, {"setting": {**SETTING, "cpu": "Cortex-A72"}}])
def test_runs_of_another_file_or_machine_do_not_count(changes: dict) -> None:  # type: ignore[type-arg]
    case = make_case(times=session(1, 0.02))
    sides = [make_side(replace(case, **changes)), make_side(case)]
    (found,) = learn(sides, RULES)
    assert (found.num_runs, found.between) == (1, None)


@pytest.mark.parametrize(("count", "error"), [(10, 0.01 / 40), (8, 0.001), (30, 0.01 / 20), (90, 0.001)])
def test_what_is_resolved_is_found_with_power_95(count: int, error: float) -> None:
    step = np.log1p(resolution(count, 0.02, error) or 0.0)
    rng = np.random.default_rng(4)
    old, new = rng.normal(0, 0.02, (2, 1500, count))
    method = "exact" if count < 60 else "asymptotic"
    found = stats.mannwhitneyu(new + step, old, alternative="greater", axis=1, method=method).pvalue <= error
    assert found.mean() == pytest.approx(0.95, abs=0.03)


def test_too_few_processes_resolve_nothing_and_a_fine_tolerance_is_told_with_the_rounds_it_needs() -> None:
    assert resolution(7, 0.02, 0.01 / 40) is None and resolution(8, 0.02, 0.01 / 40)
    (found,) = learn([make_side(make_case(times=session(1, 0.02)))], RULES)
    assert found.is_too_fine and found.needs is not None and found.needs > 50
    assert found.advice.startswith("tolerance 1.0% is finer than the noise: 10 rounds resolve ")
    assert f"; {found.needs} would resolve it" in found.advice
    (still,) = learn([make_side(make_case(times=session(1, 0.001)))], RULES)
    assert not still.is_too_fine and still.advice == "" and still.needs is None


@pytest.mark.parametrize("tolerance", [0.005, 0.03, 0.2])
def test_the_rounds_needed_are_the_fewest_that_resolve(tolerance: float) -> None:
    count = rounds_needed(0.02, tolerance, 0.001) or 0
    assert (resolution(count, 0.02, 0.001) or 9) <= tolerance * 1.001
    assert (resolution(count - 1, 0.02, 0.001) or 9) > tolerance
    assert rounds_needed(0.02, 0.0, 0.001) is None


def test_memory_resolves_what_its_probes_and_their_widening_leave() -> None:
    rules = make_rules({"peak_rss_bytes": {"max_increase": "5%"}})
    case = make_case(processes={"peak_rss_bytes": (100.0, 101.0, 102.0)})
    (found,) = learn([make_side(case)], rules)
    assert found.resolves == pytest.approx(1.02 / 0.99 - 1) and not found.is_too_fine


def test_the_file_comes_back_is_read_by_machine_and_is_no_baseline(tmp_path: Path) -> None:
    side = make_side(make_case(times=session(1, 0.02)))
    found = learn([side], RULES)
    (path,) = write_noise(tmp_path, side, found)
    assert path == tmp_path / "suite/noise-raspberry-pi-5.json"
    assert list(read_noise(tmp_path, side).values()) == found
    assert main(["baseline", "list", "--root", str(tmp_path)]) == 0
    other = make_side(make_case(setting={**SETTING, "board": "Raspberry Pi 4"}))
    assert read_noise(tmp_path, other) == {}
    path.write_text('{"schema": 9}')
    with pytest.raises(StoreError, match="noise schema 9 is later than this program's 1"):
        read_noise(tmp_path, side)


def test_the_command_learns_keeps_and_warns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from test_gating_sides import a_round, make_run

    for number in range(2):
        lines = [a_round(n, 1 + 0.03 * ((n * 5 + number) % 7)) for n in range(10)]
        make_run(tmp_path / "r", f"20261121-00000{number}-000000", lines)
    root = ["--root", str(tmp_path / "kept")]
    assert main(["noise", str(tmp_path / "r"), *root]) == 0
    out = capsys.readouterr().out
    assert "2 x 10" in out and "finer than the noise" in out and "kept in" in out
    assert main(["noise", str(tmp_path / "r"), "--json", *root]) == 0
    assert json.loads(capsys.readouterr().out)["noise"][0]["num_runs"] == 2
    assert main(["baseline", "set", str(tmp_path / "r"), *root]) == 0
    capsys.readouterr()
    assert main(["gate", str(tmp_path / "r"), *root]) == 5
    assert "finer than the noise: 10 rounds resolve" in capsys.readouterr().out
    assert main(["noise", *root]) == 2
    assert "expected run folders" in capsys.readouterr().err
