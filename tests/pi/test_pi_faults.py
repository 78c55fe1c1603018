"""What breaks while a Pi measures: heat, lost connections, killed processes, power cuts."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from emulator import EmulatedPi
from pi_trial import Trial

pytestmark = pytest.mark.pi

THROTTLED_NOW = 0x4


@pytest.fixture(autouse=True)
def a_cool_pi(pi: EmulatedPi) -> Iterator[None]:
    """Undo what a test did to temperature and supply."""
    yield
    pi.set_temperature(48.0)
    pi.set_throttled(0)


@pytest.mark.slow
def test_rounds_of_a_throttled_pi_do_not_count(pi: EmulatedPi, tmp_path: Path) -> None:
    trial = Trial(tmp_path, pi, rounds=2, cooling="5s")
    pi.set_throttled(THROTTLED_NOW)
    assert trial.run().returncode == 3
    for record in trial.records():
        assert record["status"] == "invalid"
        assert "throttled" in record["reason"]
        assert record["rounds_invalid"] > record["rounds_valid"] == 0
        assert record["invalid_reasons"]


def test_a_pi_that_cools_down_measures_the_round_again(pi: EmulatedPi, tmp_path: Path) -> None:
    trial = Trial(tmp_path, pi, rounds=2, target_temperature=60, cooling="20m")
    pi.set_throttled(THROTTLED_NOW | THROTTLED_NOW << 16)
    pi.set_temperature(82.0)
    process = trial.start(*trial.run_words())
    trial.wait(process, "an invalid round", lambda: any(not line["valid"] for line in trial.rounds()))
    # What happened since boot stays said; only a change of it makes a round invalid.
    pi.set_throttled(THROTTLED_NOW << 16)
    pi.set_temperature(50.0)
    assert trial.finish(process).returncode == 0
    records = trial.records()
    assert [record["status"] for record in records] == ["ok", "ok"]
    assert sum(record["rounds_invalid"] for record in records) >= 1
    assert all(record["rounds_valid"] == 2 for record in records)


def test_a_connection_cut_in_mid_round_loses_nothing(pi: EmulatedPi, tmp_path: Path) -> None:
    trial = Trial(tmp_path, pi, host="pi-wire")
    process = trial.start(*trial.run_words())
    for num_rounds in (1, 3):
        trial.wait(process, "a timed round", lambda count=num_rounds: len(trial.rounds()) >= count)
        assert pi.wire.cut() >= 1
    assert trial.finish(process).returncode == 0
    _expect_whole(trial)


@pytest.mark.slow
def test_a_killed_process_on_the_pi_is_named(pi: EmulatedPi, tmp_path: Path) -> None:
    trial = Trial(tmp_path, pi)
    process = trial.start(*trial.run_words())
    trial.wait(process, "a timed round", lambda: bool(trial.rounds()))
    # The processes of jobs are those of the private environment; session and keeper are the system's Python.
    trial.wait(process, "a process of a job", lambda: _kill_job(pi))
    done = trial.finish(process)
    ends = [*trial.records(), *trial.rounds()]
    assert any("SIGKILL" in str(end["reason"]) for end in ends), done.stdout[-2000:]


def test_a_run_goes_on_after_both_sides_went_down(pi: EmulatedPi, tmp_path: Path) -> None:
    trial = Trial(tmp_path, pi)
    process = trial.start(*trial.run_words())
    trial.wait(process, "a timed round", lambda: bool(trial.rounds()))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    pi.reboot()
    assert trial.run("--resume").returncode == 0
    _expect_whole(trial)


@pytest.mark.slow
def test_a_pi_goes_on_measuring_without_its_controller(pi: EmulatedPi, tmp_path: Path) -> None:
    trial = Trial(tmp_path, pi)
    process = trial.start(*trial.run_words())
    trial.wait(process, "a timed round", lambda: bool(trial.rounds()))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert _num_jobs(pi) >= 1, "what was queued is measured though nobody listens"
    assert trial.run("--resume").returncode == 0
    _expect_whole(trial)


def _expect_whole(trial: Trial) -> None:
    records = trial.records()
    assert [record["status"] for record in records] == ["ok", "ok"]
    rounds = [line for line in trial.rounds() if line["valid"]]
    assert all(record["rounds_valid"] == len(rounds) / len(records) for record in records)
    # Nothing that the device measured is counted twice.
    assert len({line["job"] for line in rounds}) == len(rounds)


def _kill_job(pi: EmulatedPi) -> bool:
    # The brackets keep pkill from finding the shell that runs it.
    return pi.run("pkill -9 -f 'detector-bench/venv/[^ ]*python'").returncode == 0


def _num_jobs(pi: EmulatedPi) -> int:
    return int(pi.run("ls ~/.cache/detector-bench/jobs | wc -l").stdout)
