"""The local host with real agents: good jobs, every kind of death, and a controller that sleeps meanwhile."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.errors import HostError
from bench.hosts import open_host
from bench.hosts.follow import run_job
from bench.hosts.local import LocalHost, read_tail, signal_name
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression
from bench.wire.job import PROTOCOL, ImageRef, Job, LatencyOptions, RuntimeSettings
from bench.wire.journal import read_events

MakeJob = Callable[..., Job]

DESCRIPTION = ModelDescription(
    preprocess=Preprocess(32, 32),
    decode=Decode("ltrb", options={"strides": [8], "num_classes": 3, "activation": "sigmoid"}),
    suppression=Suppression(),
    category_ids=(1, 2, 3),
)


@pytest.fixture
def host(tmp_path: Path) -> LocalHost:
    return LocalHost(tmp_path / "host")


@pytest.fixture
def make_job(tmp_path: Path) -> MakeJob:
    """Make a job of the fake runtime on one photo."""
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)).save(path)
    image = ImageRef(1, str(path), hashlib.sha256(path.read_bytes()).hexdigest())

    def make(kind: str = "latency", **options: Any) -> Job:
        settings = RuntimeSettings("fake", 1, {"width": 32, "height": 32, "num_classes": 3, **options})
        return Job(
            protocol=PROTOCOL,
            id="job",
            kind=kind,  # type: ignore[arg-type]
            model=str(path),
            runtime=settings,
            description=DESCRIPTION,
            images=(image,),
            latency=LatencyOptions(warmup=1, calls=5, with_end_to_end=False),
        )

    return make


def test_a_job_runs_to_its_end_and_its_files_can_be_fetched(
    host: LocalHost, make_job: MakeJob, tmp_path: Path
) -> None:
    seen: list[str] = []
    outcome = run_job(host, make_job("accuracy"), 60, lambda event: seen.append(event["type"]))
    assert (outcome.status, outcome.reason) == ("ok", "")
    assert seen == [event["type"] for event in outcome.events]
    assert seen[0] == "started" and seen[-1] == "finished"
    shard = outcome.event("shard")
    host.fetch("job", shard["file"], tmp_path / "found.npz")
    with np.load(tmp_path / "found.npz", allow_pickle=False) as found:
        assert list(found["image_ids"]) == [1]


def test_a_job_can_be_run_again_under_its_id(host: LocalHost, make_job: MakeJob) -> None:
    first = run_job(host, make_job(), 60)
    second = run_job(host, make_job(), 60)
    assert (
        len(first.events)
        == len(second.events)
        == len(read_events(Path(host.root) / "jobs/job/journal.jsonl")[0])
    )


def test_the_controller_sleeps_while_the_device_measures(host: LocalHost, make_job: MakeJob) -> None:
    job = make_job(latency_ns=300_000_000)
    cpu, wall = time.process_time(), time.monotonic()
    assert run_job(host, job, 60).status == "ok"
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    assert wall > 2.0
    assert cpu < 0.05 * wall


def test_an_event_arrives_when_it_happens_and_not_when_the_job_ends(
    host: LocalHost, make_job: MakeJob
) -> None:
    arrivals: list[tuple[str, float, float]] = []
    run_job(
        host,
        make_job(latency_ns=300_000_000),
        60,
        lambda event: arrivals.append((event["type"], event["time"], time.time())),
    )
    # The result comes 2 s after the start; a wait for the end would hold back the first events as long.
    assert all(arrived - happened < 1.0 for _, happened, arrived in arrivals)


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
        "from bench.wire.codec import from_json; from bench.wire.job import Job;"
        "host = LocalHost(Path(sys.argv[1]) / 'host');"
        "job = from_json(Job, json.loads((Path(sys.argv[1]) / 'wanted.json').read_text())); host.start(job);"
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


def test_waiting_for_news_ends_with_its_time(host: LocalHost, make_job: MakeJob) -> None:
    host.start(make_job(hang=True))
    offset = 0
    while len(read_events(Path(host.root) / "jobs/job/journal.jsonl")[0]) < 2:
        _, offset = host.events("job", offset, 10)
    _, offset = host.events("job", 0, 10)
    start = time.monotonic()
    assert host.events("job", offset, 0.3) == ([], offset)
    assert 0.25 < time.monotonic() - start < 5
    assert host.ended("job") is None
    host.stop("job")
    assert host.ended("job").signal == "SIGKILL"
    assert host.events("job", 0, 10)[0][0]["type"] == "started"
    host.stop("job")


def test_jobs_run_from_any_folder(
    host: LocalHost, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "host/jobs").mkdir(parents=True)
    assert run_job(host, make_job("check"), 60).status == "ok"


def test_a_host_reports_facts_and_refuses_what_is_not_there(host: LocalHost, tmp_path: Path) -> None:
    assert host.facts()["num_threads"] == os.cpu_count()
    with pytest.raises(HostError, match=r"model\.tflite: no such file, expected one to use on host local"):
        host.put(tmp_path / "model.tflite", "")
    with pytest.raises(HostError, match="job 'other' was not started"):
        host.ended("other")
    with pytest.raises(HostError, match="cannot name a folder"):
        host.start(replace(_any_job(), id="../evil"))


def test_a_file_that_cannot_be_fetched_leaves_the_destination_alone(
    host: LocalHost, make_job: MakeJob, tmp_path: Path
) -> None:
    run_job(host, make_job("check"), 60)
    kept = tmp_path / "kept.npz"
    kept.write_text("before")
    with pytest.raises(HostError, match=r"detections-0000\.npz cannot be fetched"):
        host.fetch("job", "detections-0000.npz", kept)
    assert kept.read_text() == "before"
    assert [path.name for path in tmp_path.glob("*.scratch")] == []


def test_a_root_that_cannot_be_written_is_an_error_that_names_it(make_job: MakeJob, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HostError, match="file/jobs/job: the job cannot be started"):
        LocalHost(tmp_path / "file").start(make_job())


def test_hosts_are_opened_by_name_and_near_names_are_suggested(tmp_path: Path) -> None:
    assert open_host("local", tmp_path).root == str(tmp_path)
    with pytest.raises(HostError, match="no host is called 'locale'.*did you mean 'local'"):
        open_host("locale", tmp_path)


def test_the_tail_is_the_last_ten_lines_that_say_something(tmp_path: Path) -> None:
    path = tmp_path / "stderr.txt"
    path.write_bytes(b"x" * 50_000 + b"\n" + b"".join(b"line %d\n\n" % number for number in range(30)))
    assert read_tail(path) == tuple(f"line {number}" for number in range(20, 30))
    assert read_tail(tmp_path / "absent") == ()
    assert signal_name(9) == "SIGKILL" and signal_name(63) in ("signal 63", "SIGRTMAX-1")


def _any_job() -> Job:
    return Job(PROTOCOL, "job", "check", "m", RuntimeSettings("fake"), DESCRIPTION)


def _is_running(pid: int) -> bool:
    # An orphan is reaped by init, or stays a zombie where nothing reaps: both are no longer running.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
