"""Faults made for real in mid-round: nothing is lost, nothing is measured twice, and the cause is named."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from ssh_hosts import MakeSshJob, OpenSsh
from ssh_rig import SshRig

from bench.errors import HostError
from bench.hosts.base import BusyError, HostFile, Task
from bench.hosts.follow import JobOutcome, follow_job, run_job
from bench.hosts.ssh.host import SshHost

# Calls of 1 ms, which sleep never: a job that measures for about a second.
SLOW, SLOW_CALLS = {"latency_ns": 1_000_000}, 700


class Following:
    """Follows queued jobs on a thread of its own, as the run loop does."""

    def __init__(self, host: SshHost, tasks: list[Task]) -> None:
        self.outcomes: list[JobOutcome] = []
        self.problem: Exception | None = None
        self.events: list[dict[str, Any]] = []
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._follow, args=(host, tasks))
        self._thread.start()
        assert self._begun.wait(30), self.problem

    def end(self) -> list[JobOutcome]:
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self.problem is not None:
            raise self.problem
        return self.outcomes

    def _follow(self, host: SshHost, tasks: list[Task]) -> None:
        try:
            for task in tasks:
                self.outcomes.append(follow_job(host, task, self._note))
        except HostError as problem:
            self.problem = problem
            self._begun.set()

    def _note(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if event["type"] == "probe":
            self._begun.set()


def begun(host: SshHost, photo: HostFile, make_job: MakeSshJob, count: int = 2) -> Following:
    """Queue jobs, only the first of which takes its time, and return once that one measures."""
    host.put([photo])
    jobs = [make_job("job-0", calls=SLOW_CALLS, **SLOW)]
    jobs += [make_job(f"job-{i}") for i in range(1, count)]
    tasks = [Task(job, 120.0) for job in jobs]
    host.start(tasks)
    return Following(host, tasks)


def expect_each_measured_once(following: Following, count: int = 2) -> None:
    outcomes = following.end()
    assert [outcome.reason for outcome in outcomes] == [""] * count
    for outcome in outcomes:
        types = [event["type"] for event in outcome.events]
        assert [event["seq"] for event in outcome.events] == list(range(len(types)))
        assert types.count("started") == types.count("result") == types.count("finished") == 1


def the_ssh(host: SshHost) -> psutil.Process:
    (ssh,) = [child for child in psutil.Process().children() if child.name() == "ssh"]
    return ssh


def process_of(rig: SshRig, module: str) -> psutil.Process:
    found = rig.device.running(module)
    assert found, [p.info for p in rig.device.processes()]
    return found[0]


def fill_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError, match="No space left"):
        while True:
            os.write(descriptor, b"\0" * 4096)
    os.close(descriptor)


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_jobs_run_in_order_and_their_files_are_fetched(
    open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob, tmp_path: Path
) -> None:
    host = open_ssh()
    host.put([photo])
    job = make_job(kind="accuracy")
    outcome = run_job(host, job, 60)
    assert outcome.status == "ok", (outcome.reason, outcome.stderr_tail)
    shard = outcome.event("shard")
    assert shard is not None
    host.fetch(job.id, shard["file"], tmp_path / "shard.npz")
    assert (tmp_path / "shard.npz").stat().st_size > 100
    with pytest.raises(HostError, match="gone.npz"):
        host.fetch(job.id, "gone.npz", tmp_path / "gone.npz")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.png", "shard.npz"]
    assert host.jobs() == (job.id,)
    host.forget(job.id)
    assert host.jobs() == ()
    with pytest.raises(HostError, match="loop: job job: was never started here"):
        host.events(job.id, 0, 1)


def test_facts_are_those_of_the_devices_python(open_ssh: OpenSsh) -> None:
    facts = open_ssh().facts()
    assert facts["num_cores"] >= 1 and "runtimes" in facts


def test_following_costs_few_requests(open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob) -> None:
    host = open_ssh()
    following = begun(host, photo, make_job, count=1)
    (outcome,) = following.end()
    before = host.traffic.num_bytes_sent
    assert follow_job(host, Task(make_job("job-0"), 60)).events == outcome.events
    assert host.traffic.num_bytes_sent - before < 600, "a handful of requests of some hundred bytes"


def test_a_connection_cut_in_mid_round_costs_nothing(
    ssh_rig: SshRig, open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob
) -> None:
    host = open_ssh()
    following = begun(host, photo, make_job)
    assert ssh_rig.cut_connections() >= 1
    expect_each_measured_once(following)
    assert host.traffic.num_connections == 2


def test_a_killed_ssh_costs_nothing(
    ssh_rig: SshRig, open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob
) -> None:
    host = open_ssh()
    following = begun(host, photo, make_job, count=1)
    the_ssh(host).kill()
    expect_each_measured_once(following, count=1)


def test_a_killed_session_costs_nothing(
    ssh_rig: SshRig, open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob
) -> None:
    following = begun(open_ssh(), photo, make_job, count=1)
    process_of(ssh_rig, "bench.agent.session").kill()
    expect_each_measured_once(following, count=1)


def test_a_device_goes_on_while_its_controller_is_away(
    ssh_rig: SshRig, open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob
) -> None:
    host = open_ssh(patience_seconds=0.0)
    following = begun(host, photo, make_job)
    ssh_rig.stop()
    the_ssh(host).kill()
    with pytest.raises(HostError, match="goes on without this machine, and --resume fetches it"):
        following.end()
    wait_until(lambda: not ssh_rig.device.running("bench.agent.keeper"))
    ssh_rig.start()
    later = open_ssh()
    assert later.jobs() == ("job-0", "job-1")
    again = Following(later, [Task(make_job(f"job-{i}"), 60) for i in range(2)])
    expect_each_measured_once(again)


def test_a_job_whose_start_was_answered_into_the_void_runs_once(
    ssh_rig: SshRig, open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    import bench.hosts.ssh.connection as connection

    host = open_ssh()
    host.put([photo])
    real, cuts = connection.Connection.receive, iter([True])

    def cut_the_answer(self: connection.Connection, number: int, *rest: Any, **named: Any) -> Any:
        answer = real(self, number, *rest, **named)
        if "num_queued" in answer[0] and next(cuts, False):
            wait_until(lambda: len(list((ssh_rig.device.cache / "jobs").glob("*/ended.json"))) == 1)
            self.kill()
            return real(self, number + 1, *rest, **named)
        return answer

    monkeypatch.setattr(connection.Connection, "receive", cut_the_answer)
    host.start([Task(make_job("once"), 60)])
    started = (ssh_rig.device.cache / "jobs" / "once" / "journal.jsonl").stat().st_mtime_ns
    assert host.traffic.num_connections == 2
    assert follow_job(host, Task(make_job("once"), 60)).status == "ok"
    assert (ssh_rig.device.cache / "jobs" / "once" / "journal.jsonl").stat().st_mtime_ns == started


def test_a_killed_job_is_named_and_the_next_one_runs(
    ssh_rig: SshRig, open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob
) -> None:
    following = begun(open_ssh(), photo, make_job)
    process_of(ssh_rig, "bench.agent").kill()
    first, second = following.end()
    assert "killed by SIGKILL" in first.reason and first.status == "failed"
    assert second.status == "ok"


def test_a_killed_keeper_loses_its_job_and_no_other(
    ssh_rig: SshRig, open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob
) -> None:
    following = begun(open_ssh(), photo, make_job)
    process_of(ssh_rig, "bench.agent.keeper").kill()
    first, second = following.end()
    assert (first.status, first.cause) == ("failed", "lost") and "keeper" in first.reason
    assert second.status == "ok"


def test_a_reboot_is_named(ssh_rig: SshRig, open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob) -> None:
    host = open_ssh()
    following = begun(host, photo, make_job, count=1)
    ssh_rig.stop()
    ssh_rig.device.kill_processes()
    queue, boot = ssh_rig.device.cache / "queue.json", host.hello["boot_id"]
    queue.write_text(queue.read_text().replace(boot, "0" * 8 + boot[8:]))
    ssh_rig.start()
    (outcome,) = following.end()
    assert (outcome.status, outcome.cause) == ("failed", "reboot")
    assert "started anew" in outcome.reason


def test_a_host_key_that_changes_in_mid_round_ends_it_at_once(
    ssh_rig: SshRig, open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob
) -> None:
    host = open_ssh(patience_seconds=600.0)
    following = begun(host, photo, make_job)
    ssh_rig.change_host_key()
    the_ssh(host).kill()
    started = time.monotonic()
    with pytest.raises(HostError, match="the host key is another one than before"):
        following.end()
    assert time.monotonic() - started < 10


def test_a_shifted_clock_breaks_nothing(
    ssh_rig: SshRig, open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob
) -> None:
    ssh_rig.device.shift_clock(-400 * 24 * 3600)
    ssh_rig.restart()
    host = open_ssh()
    assert abs(host.hello["time"] - time.time()) > 300 * 24 * 3600
    host.lease("take", "someone@here", "run-1")
    following = begun(host, photo, make_job)
    ssh_rig.cut_connections()
    expect_each_measured_once(following)
    host.lease("release", "someone@here", "run-1")


def test_a_busy_board_is_refused_with_who_has_it(open_ssh: OpenSsh) -> None:
    one, other = open_ssh(), open_ssh()
    one.lease("take", "anna@desk", "run-1")
    one.lease("take", "anna@desk", "run-1")
    with pytest.raises(BusyError, match=r"loop: .*anna@desk") as caught:
        other.lease("take", "bert@lab", "run-2")
    assert "run-1" in caught.value.holder and "loop" not in caught.value.holder
    one.lease("release", "anna@desk", "run-1")
    other.lease("take", "bert@lab", "run-2")


def test_a_full_disk_in_mid_run_is_named_and_the_board_still_answers(
    ssh_rig: SshRig, open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob
) -> None:
    ssh_rig.device.limit_disk(size_kib=4096)
    host = open_ssh()
    host.put([photo])
    filler = ssh_rig.device.home / "filler"
    fill_disk(filler)
    with pytest.raises(HostError, match="No space left|disk is full"):
        host.start([Task(make_job(), 60)])
    filler.unlink()
    assert run_job(host, make_job(), 60).status == "ok"


def test_a_family_that_cannot_travel_is_told_before_anything_is_queued(
    open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    import bench.hosts.ssh.host as module

    left_out = {"ltrb": "family 'ltrb' cannot be brought to devices: x requires torch"}
    archive = replace(module.agent_archive(), left_out=left_out)
    monkeypatch.setattr(module, "agent_archive", lambda: archive)
    host = open_ssh()
    with pytest.raises(HostError, match="loop: family 'ltrb' cannot be brought .* requires torch"):
        host.start([Task(make_job(), 60)])
    assert host.jobs() == ()


def test_stopping_kills_what_runs_and_what_waits(
    ssh_rig: SshRig, open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob
) -> None:
    host = open_ssh()
    begun(host, photo, make_job, count=1).end()
    tasks = [Task(make_job(f"late-{i}", calls=100_000, **SLOW), 600) for i in range(2)]
    host.start(tasks)
    started = time.monotonic()
    host.stop("late-1")
    host.stop("late-0")
    assert time.monotonic() - started < 10
    for task in tasks:
        assert follow_job(host, task).cause == "stopped"


def test_a_job_that_is_late_is_killed_on_the_device(
    open_ssh: OpenSsh, photo: HostFile, make_job: MakeSshJob
) -> None:
    host = open_ssh()
    host.put([photo])
    outcome = run_job(host, make_job(hang=True), 1.5)
    assert outcome.cause == "time_limit" and "ran longer than 1.5 s" in outcome.reason


def test_a_governor_is_set_again_after_a_cut(
    ssh_rig: SshRig, open_ssh: OpenSsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    import bench.hosts.ssh.connection as connection

    host, asked = open_ssh(), []
    real = connection.Connection.send

    def send(self: connection.Connection, op: str, body: bytes = b"", **values: Any) -> int:
        if op != "governor":
            return real(self, op, body, **values)
        asked.append(values)
        return real(self, "ping")

    monkeypatch.setattr(connection.Connection, "send", send)
    host.set_governor("performance")
    ssh_rig.cut_connections()
    host.call("ping")
    assert asked == [{"action": "set", "set": "performance"}] * 2
    host.restore_governor()
    ssh_rig.cut_connections()
    host.call("ping")
    assert asked[2:] == [{"action": "restore"}]
