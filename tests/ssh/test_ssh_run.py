"""`bench run` over SSH to this machine: both in one run, nothing sent twice, cuts and Ctrl-C are survived."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ssh_rig import SshRig

from bench.cli import EXIT_GOOD, EXIT_INTERRUPTED, EXIT_NOT_MEASURED, main
from bench.hosts.ssh.host import SshHost
from bench.wire.lease import read_lease, release_lease, take_lease

TINY = Path(__file__).parent.parent / "agent" / "models"

SUITE = f"""
name: tiny
model: {{tflite: {TINY}/tiny_float.tflite, precision: fp32, detector:
  {{family: ltrb, input: {{size: 32}}, labels: [1, 2, 3]}}}}
data: {{rendered: {{evaluation: 6, calibration: 1, training: 1}}}}
measure: {{rounds: 4, warmup: 1, calls: 5, images: 2}}
"""


class SshBench:
    """Runs the tiny suite from one folder; a device's packages are those of the tests."""

    def __init__(self, folder: Path, rig: SshRig) -> None:
        self.folder, self.rig = folder, rig
        self.suite = folder / "tiny.yaml"
        self.suite.write_text(SUITE)
        (folder / "hosts.yaml").write_text("pis: {ssh: [loop, loop2]}\n")

    def run(self, *options: str) -> int:
        return main(["run", str(self.suite), "--results", str(self.folder / "results"), *options])

    def records(self) -> list[dict[str, Any]]:
        path = sorted((self.folder / "results").rglob("records.jsonl"))[-1]
        return [json.loads(line) for line in path.read_text().splitlines()]

    def num_rounds(self) -> int:
        texts = [path.read_text() for path in (self.folder / "results").rglob("rounds.jsonl")]
        return sum(text.count('"kind":"latency"') for text in texts)


@pytest.fixture
def ssh_bench(
    tmp_path: Path, ssh_rig: SshRig, monkeypatch: pytest.MonkeyPatch, shared_cache: Path
) -> SshBench:
    for name, value in {**ssh_rig.environment, "BENCH_CACHE": str(shared_cache)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("bench.hosts.provision.ensure_ready", lambda *rest: sys.executable)
    # Whoever runs the tests in the background of a shell has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return SshBench(tmp_path, ssh_rig)


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return tmp_path_factory.mktemp("cache")


def when_rounds(bench: SshBench, count: int, action: Callable[[], object]) -> threading.Thread:
    """Do something as soon as that many timed rounds are journalled."""

    def watch() -> None:
        deadline = time.monotonic() + 60
        while bench.num_rounds() < count and time.monotonic() < deadline:
            time.sleep(0.02)
        action()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def test_this_machine_and_a_device_are_measured_in_one_run(ssh_bench: SshBench) -> None:
    assert ssh_bench.run("--host", "local", "--host", "loop") == EXIT_GOOD
    local, loop = ssh_bench.records()
    assert (local["status"], loop["status"]) == ("ok", "ok")
    assert loop["environment"]["architecture"] == local["environment"]["architecture"]
    assert loop["versions"] == local["versions"]
    assert loop["parity"]["host"] == "local"
    assert not (ssh_bench.rig.device.cache / "jobs").exists() or not list(
        (ssh_bench.rig.device.cache / "jobs").iterdir()
    )


def test_a_second_run_sends_no_file_again(ssh_bench: SshBench, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts: list[SshHost] = []
    plain = SshHost.close
    monkeypatch.setattr(SshHost, "close", lambda host: (hosts.append(host), plain(host))[1])
    assert ssh_bench.run("--host", "loop") == EXIT_GOOD
    assert ssh_bench.run("--host", "loop") == EXIT_GOOD
    # Each run looks whether the host answers before it opens it for good.
    _, first, _, second = (host.traffic.num_file_bytes_sent for host in hosts)
    assert first > 0 and second == 0


def test_two_boards_share_the_images_and_repeat_the_rounds(ssh_bench: SshBench) -> None:
    assert ssh_bench.run("--host", "pis") == EXIT_GOOD
    (record,) = ssh_bench.records()
    assert (record["status"], record["rounds_valid"]) == ("ok", 8)
    assert set(record["boards"]["values"]) == {"loop", "loop2"}


def test_a_cut_connection_costs_no_round(ssh_bench: SshBench) -> None:
    when_rounds(ssh_bench, 1, ssh_bench.rig.cut_connections)
    assert ssh_bench.run("--host", "loop") == EXIT_GOOD
    (record,) = ssh_bench.records()
    assert record["rounds_valid"] == 4 and ssh_bench.num_rounds() == 4


def test_an_interrupted_run_leaves_the_device_measuring_and_resume_fetches_it(
    ssh_bench: SshBench, capsys: pytest.CaptureFixture[str]
) -> None:
    when_rounds(ssh_bench, 1, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert ssh_bench.run("--host", "loop") == EXIT_INTERRUPTED
    said = capsys.readouterr().err
    assert "--resume" in said and "bench host stop loop" in said
    assert ssh_bench.num_rounds() < 4
    assert ssh_bench.run("--host", "loop", "--resume") == EXIT_GOOD
    (record,) = ssh_bench.records()
    assert record["rounds_valid"] == 4 and ssh_bench.num_rounds() == 4


def test_a_device_that_shall_stop_has_no_job_and_no_lease_left(
    ssh_bench: SshBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.cli.run_command.ask_to_stop", lambda names: True)
    when_rounds(ssh_bench, 1, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert ssh_bench.run("--host", "loop") == EXIT_INTERRUPTED
    device = ssh_bench.rig.device
    assert not list((device.cache / "jobs").iterdir())
    # The process that kept the jobs goes when it finds that none is left.
    deadline = time.monotonic() + 10
    while read_lease(device.folder / "lease") is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert read_lease(device.folder / "lease") is None


def test_a_board_on_which_another_run_measures_is_refused_or_waited_for(
    ssh_bench: SshBench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ssh_bench.rig.device.folder / "lease"
    take_lease(path, "ann@laptop", "20261121-000000-abcdef")
    assert ssh_bench.run("--host", "loop") == EXIT_NOT_MEASURED
    assert "loop is busy: ann@laptop measures there" in capsys.readouterr().err
    monkeypatch.setattr("bench.running.leasing.ASK_SECONDS", 0.2)
    threading.Timer(2.0, release_lease, (path, "ann@laptop", "20261121-000000-abcdef")).start()
    assert ssh_bench.run("--host", "loop", "--wait", "1m") == EXIT_GOOD
    assert "waits: ann@laptop" in capsys.readouterr().err


def test_a_device_goes_on_without_its_controller_and_resume_fetches_what_it_did(ssh_bench: SshBench) -> None:
    process = multiprocessing.get_context("fork").Process(target=ssh_bench.run, args=("--host", "loop"))
    process.start()
    when_rounds(ssh_bench, 1, process.kill).join()
    process.join(60)
    kept, jobs = ssh_bench.num_rounds(), ssh_bench.rig.device.cache / "jobs"
    deadline = time.monotonic() + 60
    while len(list(jobs.glob("*/ended.json"))) < len(list(jobs.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.1)
    # The rounds that it had not fetched yet have been measured all the same.
    assert kept < 4 and len(list(jobs.glob("*/ended.json"))) >= 4
    started = time.time()
    assert ssh_bench.run("--host", "loop", "--resume") == EXIT_GOOD
    (record,) = ssh_bench.records()
    assert record["rounds_valid"] == 4 and ssh_bench.num_rounds() == 4
    assert datetime.fromisoformat(record["finished"]).timestamp() <= started


def test_a_host_that_is_not_there_fails_its_cases_alone(ssh_bench: SshBench) -> None:
    assert ssh_bench.run("--host", "local", "--host", "nowhere") == EXIT_NOT_MEASURED
    local, nowhere = ssh_bench.records()
    assert (local["status"], nowhere["status"]) == ("ok", "failed")
    assert "nothing listens" in str(nowhere["reason"])


def test_hosts_that_do_not_answer_are_told_before_anything_is_built(
    ssh_bench: SshBench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ssh_bench.run("--host", "nowhere") == EXIT_NOT_MEASURED
    said = capsys.readouterr().err
    assert "nothing listens" in said and "build" not in said and not (ssh_bench.folder / "results").exists()
