"""The local host with real agents: good jobs, files, and a controller that sleeps meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.core.host import LOCAL
from bench.errors import HostError
from bench.hosts import open_host
from bench.hosts.base import Task, put_file
from bench.hosts.follow import follow_job, run_job
from bench.hosts.local import LocalHost
from bench.wire.job import Job
from bench.wire.journal import read_events

MakeJob = Callable[..., Job]


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


def test_waiting_for_news_ends_with_its_time(host: LocalHost, make_job: MakeJob) -> None:
    host.start([Task(make_job(hang=True), 60)])
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


def test_queued_jobs_run_one_at_a_time_in_their_order(host: LocalHost, make_job: MakeJob) -> None:
    tasks = [Task(replace(make_job(latency_ns=30_000_000), id=name), 60) for name in ("first", "second")]
    host.start(tasks)
    assert host.jobs() == ("first", "second") and host.ended("second") is None
    first, second = (follow_job(host, task) for task in tasks)
    assert first.status == second.status == "ok"
    assert first.events[-1]["time"] <= second.events[0]["time"]


def test_a_queued_job_that_is_stopped_never_runs(host: LocalHost, make_job: MakeJob, tmp_path: Path) -> None:
    host.start([Task(make_job(), 60)])
    host.stop("job")
    assert host.jobs() == () and not (tmp_path / "host/jobs/job/journal.jsonl").exists()


def test_jobs_run_from_any_folder(
    host: LocalHost, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "host/jobs").mkdir(parents=True)
    assert run_job(host, make_job("check"), 60).status == "ok"


def test_a_host_reports_facts_and_refuses_what_is_not_there(
    host: LocalHost, make_job: MakeJob, tmp_path: Path
) -> None:
    assert host.facts()["num_threads"] == os.cpu_count()
    with pytest.raises(HostError, match=r"model\.tflite: no such file, expected one to use on host local"):
        put_file(host, tmp_path / "model.tflite", "")
    with pytest.raises(HostError, match="job 'other' was not started"):
        host.ended("other")
    with pytest.raises(HostError, match="cannot name a folder"):
        host.start([Task(replace(make_job(), id="../evil"), 60)])


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
        LocalHost(tmp_path / "file").start([Task(make_job(), 60)])


def test_this_machine_is_opened_by_its_name_and_has_one_board(tmp_path: Path) -> None:
    (host,) = open_host(LOCAL, tmp_path)
    assert (host.root, host.board, host.is_detached) == (str(tmp_path), "", False)
