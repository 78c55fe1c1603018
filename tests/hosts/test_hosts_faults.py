"""Every kind of death, with real agents: what broke is named, and nothing is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.hosts.follow import run_job
from bench.hosts.local import LocalHost
from bench.wire.ending import read_tail, signal_name
from bench.wire.job import Job

MakeJob = Callable[..., Job]


def test_a_hung_job_is_killed_at_its_time_limit(host: LocalHost, make_job: MakeJob) -> None:
    outcome = run_job(host, make_job(hang=True), 1.5)
    assert outcome.status == "failed"
    assert outcome.reason.startswith("ran longer than 1.5 s and was killed")
    assert [event["type"] for event in outcome.events] == ["started", "probe"]
    pid = outcome.events[0]["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_aborted_job_names_its_signal_and_its_last_lines(host: LocalHost, make_job: MakeJob) -> None:
    outcome = run_job(host, make_job(crash="abort", at_call=2), 60)
    assert outcome.status == "failed"
    assert outcome.reason.startswith("killed by SIGABRT")
    assert 0 < len(outcome.stderr_tail) <= 10
    assert "Fatal Python error: Aborted" in outcome.stderr_tail
    assert any("fake.py" in line for line in outcome.stderr_tail)


def test_a_crash_leaves_what_native_code_said_and_the_innermost_frames(tmp_path: Path) -> None:
    said = ["terminate called after throwing an instance of 'std::bad_alloc'", "  what():  std::bad_alloc"]
    stack = ["Fatal Python error: Aborted", "", "Current thread 0x1 (most recent call first):"]
    frames = [f'  File "{number}.py", line 1 in f' for number in range(20)]
    (tmp_path / "stderr.txt").write_text("\n".join([*said, *stack, *frames, "Extension modules: numpy"]))
    assert read_tail(tmp_path / "stderr.txt") == (*said, stack[0], stack[2], *frames[:3])


def test_a_python_error_is_the_reason(host: LocalHost, make_job: MakeJob) -> None:
    outcome = run_job(host, make_job(crash="exception", at_call=1), 60)
    assert outcome.reason == "RuntimeError: the fake runtime was told to fail at call 1"
    gone = replace(make_job(), model="/no/such/model.tflite")
    assert run_job(host, gone, 60).reason.startswith("/no/such/model.tflite: no such file")


def test_a_job_that_eats_its_memory_is_out_of_memory(host: LocalHost, make_job: MakeJob) -> None:
    job = replace(make_job(allocate_bytes=400_000_000), memory_limit_bytes=200_000_000)
    assert run_job(host, job, 60).reason.startswith("the job ran out of memory")


def test_a_job_that_something_kills_says_so(host: LocalHost, make_job: MakeJob) -> None:
    def kill(event: dict[str, Any]) -> None:
        if event["type"] == "probe":
            os.kill(pids[0], signal.SIGKILL)

    pids: list[int] = []
    outcome = run_job(
        host,
        make_job(hang=True),
        60,
        lambda event: pids.append(event["pid"]) if event["type"] == "started" else kill(event),
    )
    assert outcome.reason.startswith("killed by SIGKILL, ")
    assert "memory" in outcome.reason


def test_a_job_is_stopped_when_its_follower_is_interrupted(host: LocalHost, make_job: MakeJob) -> None:
    pids: list[int] = []

    def interrupt(event: dict[str, Any]) -> None:
        pids.append(event["pid"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_job(host, make_job(hang=True), 60, interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a job of its parent's end")
def test_a_job_does_not_outlive_a_killed_controller(make_job: MakeJob, tmp_path: Path) -> None:
    import json

    from bench.wire.codec import to_json

    (tmp_path / "wanted.json").write_text(json.dumps(to_json(make_job(hang=True))))
    code = (
        "import json, sys; from pathlib import Path; from bench.hosts.local import LocalHost;"
        "from bench.hosts.base import Task; from bench.wire.codec import from_json;"
        "from bench.wire.job import Job;"
        "host = LocalHost(Path(sys.argv[1]) / 'host');"
        "job = from_json(Job, json.loads((Path(sys.argv[1]) / 'wanted.json').read_text()));"
        "host.start([Task(job, 60)]);"
        "events, offset = host.events('job', 0, 60); print(events[0]['pid'], flush=True);"
        "host.events('job', 10**9, 60)"
    )
    controller = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert controller.stdout is not None
    pid = int(controller.stdout.readline())
    os.kill(pid, 0)
    controller.kill()
    controller.wait()
    controller.stdout.close()
    deadline = time.monotonic() + 10
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(pid)


def test_the_tail_is_the_last_ten_lines_that_say_something(tmp_path: Path) -> None:
    path = tmp_path / "stderr.txt"
    path.write_bytes(b"x" * 50_000 + b"\n" + b"".join(b"line %d\n\n" % number for number in range(30)))
    assert read_tail(path) == tuple(f"line {number}" for number in range(20, 30))
    assert read_tail(tmp_path / "absent") == ()
    assert signal_name(9) == "SIGKILL" and signal_name(63) in ("signal 63", "SIGRTMAX-1")


def _is_running(pid: int) -> bool:
    # An orphan is reaped by init, or stays a zombie where nothing reaps: both are no longer running.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
