"""Jobs on a device: the keeper runs them in order, outlives the connection, and every end is named."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from session_client import RefusedError, SessionClient, pack

from bench.agent import keeper as keeper_module
from bench.agent.job_folder import JobFolder
from bench.agent.job_queue import JobQueue, ending, kill_group
from bench.wire.boot import read_boot_id
from bench.wire.codec import to_json
from bench.wire.job import Job
from bench.wire.process import start_ticks

MakeJob = Callable[..., Job]


class Device:
    """A root folder, connections to it, and an end to whatever still runs there."""

    def __init__(self, root: Path, archive: bytes) -> None:
        self.root = root
        self.archive = archive
        self.clients: list[SessionClient] = []

    def connect(self, **values: Any) -> SessionClient:
        client = SessionClient(self.root, self.archive, **values)
        self.clients.append(client)
        return client

    def keeper(self) -> psutil.Process | None:
        found = JobQueue(self.root).keeper()
        return None if found is None else psutil.Process(found[0])

    def script(self, text: str) -> str:
        """Make a program that stands in for the agent where only its end counts."""
        path = self.root.parent / "agent.sh"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    def end(self) -> None:
        for client in self.clients:
            client.close()
        if self.root.exists():
            running = JobQueue(self.root).running()
            if (keeper := self.keeper()) is not None:
                keeper.kill()
            if running is not None:
                kill_group(running["pid"], running["ticks"])


@pytest.fixture(scope="module")
def archive() -> bytes:
    return pack()


@pytest.fixture
def device(tmp_path: Path, archive: bytes) -> Iterator[Device]:
    device = Device(tmp_path / "root", archive)
    yield device
    device.end()


@pytest.fixture
def client(device: Device) -> SessionClient:
    return device.connect()


def start(client: SessionClient, *jobs: Any, timeout: float = 60.0, **values: Any) -> dict[str, Any]:
    tasks = [{"job": to_json(job), "timeout_seconds": timeout} for job in jobs]
    return client.ask("start", tasks=tasks, **{"python": sys.executable, "environment": {}, **values})


def plain(*names: str) -> list[dict[str, Any]]:
    return [{"id": name} for name in names]


def wait_until(is_true: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_job_runs_in_the_unpacked_agent_and_says_which(client: SessionClient, make_job: MakeJob) -> None:
    start(client, make_job("latency"))
    events, ended = client.follow("latency-fake")
    assert [event["type"] for event in events][-1] == "finished"
    assert events[0]["agent_sha256"] == client.ready["agent_sha256"]
    assert (ended["exit_code"], ended["signal"], ended["cause"]) == (0, "", "")
    assert ended["num_oom_kills"] == 0
    assert ended["boot_id"] == read_boot_id()


def test_relative_paths_of_a_job_start_at_the_root(client: SessionClient, make_job: MakeJob) -> None:
    job = make_job("accuracy", prepared="prepared")
    images = []
    for image in job.images:
        images.append(replace(image, path=client.put(Path(image.path).read_bytes(), ".png")["path"]))
    model = client.put(Path(job.model).read_bytes(), ".tflite")["path"]
    start(client, replace(job, images=tuple(images), model=model))
    events, ended = client.follow(job.id)
    assert events[-1]["type"] == "finished", events[-1]
    shard = next(event for event in events if event["type"] == "shard")
    name = shard["file"]
    assert client.ask("fetch", job=job.id, name=name)["size"] > 0
    assert list((Path(client.hello["root"]) / "prepared").iterdir())


def test_jobs_run_in_their_order_and_the_keeper_goes_when_none_is_left(device: Device) -> None:
    client = device.connect()
    names = [f"job-{number}" for number in range(5)]
    log = device.root.parent / "log"
    start(client, *plain(*names), python=device.script(f'basename "$7" >> {log}'))
    for name in names:
        assert client.follow(name)[1]["exit_code"] == 0
    assert log.read_text().split() == names
    assert client.ask("jobs") == {"ok": True, "jobs": names, "running": None, "ended": names}
    wait_until(lambda: device.keeper() is None)
    assert not (device.root / "keeper.json").exists()
    assert (device.root / "keeper.log").read_text() == ""


def test_a_job_gets_its_variables_and_none_of_the_connections(device: Device) -> None:
    client = device.connect(environment={"SSH_CONNECTION": "1 2 3 4", "SSH_AUTH_SOCK": "/x"})
    start(client, {"id": "a"}, python=device.script("env >&2"), environment={"OMP_NUM_THREADS": "1"})
    ended = client.follow("a")[1]
    stderr = (device.root / "jobs" / "a" / "stderr.txt").read_text().splitlines()
    assert "OMP_NUM_THREADS=1" in stderr and ended["exit_code"] == 0
    assert not [line for line in stderr if line.startswith("SSH_")]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"environment": {"A B": "1"}}, "names of letters"),
        ({"environment": {"A": 1}}, "expected a text"),
        ({"python": "python3"}, "no such Python"),
        ({"python": "/nonexistent/python"}, "set the host up again"),
        ({"tasks": [{"job": {"id": "../x"}, "timeout_seconds": 1}]}, "expected a name"),
        ({"tasks": [{"job": {"id": "x"}, "timeout_seconds": -1}]}, "expected seconds"),
        ({"tasks": [{"job": {"id": "x"}, "timeout_seconds": float("nan")}]}, "expected seconds"),
        ({"tasks": ["x"]}, "expected a job"),
    ],
)
def test_a_start_that_cannot_be_meant_is_refused(client: SessionClient, values: Any, said: str) -> None:
    known = {"tasks": [{"job": {"id": "x"}, "timeout_seconds": 1}], "python": sys.executable}
    with pytest.raises(RefusedError, match=said):
        client.ask("start", **{**known, **values})
    assert client.ask("jobs")["jobs"] == []


def test_the_job_goes_on_when_the_connection_ends(device: Device, make_job: MakeJob) -> None:
    client = device.connect()
    go = device.root.parent / "go"
    start(client, *plain("a", "b"), python=device.script(f"while [ ! -e {go} ]; do sleep 0.05; done"))
    client.process.kill()
    client.close()
    keeper = device.keeper()
    assert keeper is not None
    held = {os.readlink(f"/proc/{keeper.pid}/fd/{name}") for name in os.listdir(f"/proc/{keeper.pid}/fd")}
    assert not [path for path in held if path.startswith(("pipe:", "socket:"))]
    assert os.getsid(keeper.pid) == keeper.pid
    keeper.send_signal(signal.SIGHUP)
    go.touch()
    again = device.connect()
    assert again.follow("a")[1]["exit_code"] == 0
    assert again.follow("b")[1]["exit_code"] == 0


def test_a_late_job_is_killed_without_a_controller(device: Device) -> None:
    client = device.connect()
    start(client, {"id": "a"}, timeout=0.5, python=device.script("sleep 60 & sleep 60"))
    client.close()
    wait_until((device.root / "jobs" / "a" / "ended.json").exists)
    ended = device.connect().ask("ended", job="a")["ended"]
    assert (ended["cause"], ended["signal"]) == ("time_limit", "SIGKILL")


def test_what_a_job_left_running_goes_with_it(device: Device) -> None:
    client = device.connect()
    left = device.root.parent / "left"
    start(client, {"id": "a"}, python=device.script(f"sleep 60 & echo $! > {left}"))
    client.follow("a")
    wait_until(lambda: start_ticks(int(left.read_text())) is None)


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGILL", "SIGKILL"])
def test_the_signal_that_ended_a_job_is_named(device: Device, name: str) -> None:
    client = device.connect()
    start(client, {"id": "a"}, python=device.script(f"echo last words >&2; kill -{name[3:]} $$"))
    ended = client.follow("a")[1]
    assert (ended["signal"], ended["exit_code"], ended["cause"]) == (name, None, "")
    assert ended["stderr_tail"] == ["last words"]


def test_the_kernels_memory_kills_are_counted_from_a_jobs_start_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter([7, 9])
    monkeypatch.setattr(keeper_module, "read_oom_kills", lambda: next(counts))
    (tmp_path / "jobs").mkdir()
    folder = JobFolder(tmp_path, "a")
    program = tmp_path / "killed"
    program.write_text("#!/bin/sh\nkill -KILL $$\n")
    program.chmod(0o755)
    folder.create({"id": "a"}, {"timeout_seconds": 10, "environment": {}, "python": str(program)})
    queue = JobQueue(tmp_path)
    queue.add(["a"])
    running = keeper_module._begin_next(queue, {"PYTHONPATH": ""})
    assert running is not None
    ended = keeper_module._follow(running)
    assert (ended["signal"], ended["num_oom_kills"], ended["cause"]) == ("SIGKILL", 2, "")


def test_words_that_do_not_fit_the_room_of_an_end_go_oldest_first(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    folder = JobFolder(tmp_path, "a")
    folder.create({"id": "a"}, {})
    lines = tuple(f"{number}" + "\N{SNOWMAN}" * 400 for number in range(10))
    folder.end(ending(stderr_tail=lines))
    ended = folder.ended()
    assert ended is not None and ended["stderr_tail"][-1].startswith("9")
    assert 0 < len(ended["stderr_tail"]) < 10
    assert (folder.path / "ended.json").stat().st_size == 4096


def test_the_kernel_would_kill_the_job_first(device: Device) -> None:
    client = device.connect()
    start(client, {"id": "a"}, python=device.script("cat /proc/self/oom_score_adj >&2; sleep 0.2"))
    wait_until(lambda: JobQueue(device.root).running())
    running = JobQueue(device.root).running()
    assert running is not None
    assert Path(f"/proc/{running['pid']}/oom_score_adj").read_text().strip() == "900"


def test_a_job_whose_keeper_is_killed_is_lost_and_the_next_one_runs(
    device: Device, make_job: MakeJob
) -> None:
    client = device.connect()
    hung = make_job("latency", options={"hang": True, "at_call": 2})
    start(client, hung, {"id": "next"})
    wait_until(lambda: client.events(hung.id, 0)[0] and JobQueue(device.root).running())
    running = JobQueue(device.root).running()
    keeper = device.keeper()
    assert running is not None and keeper is not None
    number = client.send("events", job=hung.id, offset=10_000_000, timeout=60)
    keeper.kill()
    answer, _ = client.receive()
    assert answer["id"] == number and answer["ended"]["cause"] == "lost"
    assert start_ticks(running["pid"]) is None
    # Not a job of the protocol, so it fails; what counts is that it is run.
    assert client.follow("next")[1]["exit_code"] == 1


def test_the_next_session_kills_an_orphan_and_everything_it_started(device: Device) -> None:
    client = device.connect()
    child = device.root.parent / "child"
    start(client, {"id": "a"}, python=device.script(f"sleep 60 & echo $! > {child}; wait"))
    wait_until(lambda: child.exists() and child.read_text().strip() and JobQueue(device.root).running())
    keeper, running = device.keeper(), JobQueue(device.root).running()
    assert keeper is not None and running is not None
    client.close()
    keeper.kill()
    assert start_ticks(running["pid"]) == running["ticks"]
    other = device.connect()
    assert other.ask("ended", job="a")["ended"]["cause"] == "lost"
    assert start_ticks(running["pid"]) is None
    assert start_ticks(int(child.read_text())) is None


def test_a_process_that_took_an_orphans_number_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        ticks = start_ticks(other.pid)
        assert ticks is not None
        kill_group(other.pid, ticks - 1)
        assert other.poll() is None
        kill_group(other.pid, ticks)
        assert other.wait() == -signal.SIGKILL


def test_a_job_of_an_earlier_boot_ended_with_it(device: Device) -> None:
    client = device.connect()
    start(client, *plain("a", "b", "c"), python=device.script("[ $(basename $7) = a ] || sleep 60"))
    client.follow("a")
    keeper = device.keeper()
    assert keeper is not None
    client.close()
    keeper.kill()
    for name in ("queue.json", "keeper.json"):
        path = device.root / name
        path.write_text(json.dumps({**json.loads(path.read_text()), "boot_id": "another boot"}))
    again = device.connect()
    causes = [again.ask("ended", job=name)["ended"]["cause"] for name in ("a", "b", "c")]
    assert causes == ["", "reboot", "reboot"]
    assert device.keeper() is None


def test_stop_kills_the_running_job_and_takes_a_queued_one_out(device: Device) -> None:
    client = device.connect()
    start(client, *plain("a", "b", "c"), python=device.script("[ $(basename $7) = c ] || sleep 60"))
    wait_until(lambda: client.ask("jobs")["running"] == "a")
    client.ask("stop", job="b")
    client.ask("stop", job="a")
    assert client.ask("ended", job="a")["ended"]["cause"] == "stopped"
    assert client.ask("ended", job="b")["ended"]["cause"] == "stopped"
    assert client.follow("c")[1]["exit_code"] == 0
    assert client.ask("stop", job="c")["stopped"] == []
    with pytest.raises(RefusedError, match="never started here"):
        client.ask("stop", job="d")


def test_stop_all_leaves_nothing(device: Device) -> None:
    client = device.connect()
    names = [f"job-{number}" for number in range(50)]
    start(client, *plain(*names), python=device.script("sleep 60"))
    assert client.ask("stop", all=True)["stopped"] == names
    assert client.ask("jobs")["ended"] == names
    wait_until(lambda: device.keeper() is None)


def test_a_forgotten_job_vanishes(device: Device) -> None:
    client = device.connect()
    start(client, *plain("a", "b"), python=device.script("[ $(basename $7) = a ] || sleep 60"))
    client.follow("a")
    client.ask("forget", job="a")
    client.ask("forget", job="a")
    assert client.ask("jobs")["jobs"] == ["b"]
    assert [path.name for path in (device.root / "jobs").iterdir()] == ["b"]
    with pytest.raises(RefusedError) as refused:
        client.ask("ended", job="a")
    assert refused.value.kind == "unknown_job"
    with pytest.raises(RefusedError, match="stop it first"):
        client.ask("forget", job="b")


def test_a_job_that_is_being_forgotten_is_not_run_again(device: Device) -> None:
    client = device.connect()
    python = device.script("echo ran >> ../../../ran")
    for number in range(30):
        start(client, {"id": f"job-{number}"}, python=python)
        client.follow(f"job-{number}")
        client.ask("forget", job=f"job-{number}")
    wait_until(lambda: device.keeper() is None)
    assert (device.root.parent / "ran").read_text() == "ran\n" * 30
    assert (device.root / "keeper.log").read_text() == ""
    left = device.root / "jobs" / ".gone.999999.job-0"
    left.mkdir()
    start(client, {"id": "again"}, python=python)
    assert not left.exists()


def test_a_start_sent_twice_queues_once_and_another_job_of_that_name_is_refused(device: Device) -> None:
    client = device.connect()
    python = device.script("sleep 60")
    start(client, *plain("a", "b"), python=python)
    assert start(client, *plain("a", "b"), python=python)["num_queued"] == 0
    assert client.ask("jobs")["jobs"] == ["a", "b"]
    with pytest.raises(RefusedError, match="another job of that id") as refused:
        start(client, {"id": "b", "kind": "other"}, python=python)
    assert refused.value.kind == "busy"


def test_an_ended_job_is_replaced_by_a_new_one_of_its_name(device: Device) -> None:
    client = device.connect()
    start(client, {"id": "a"}, python=device.script('echo "{}" >> journal.jsonl; exit 3'))
    assert client.follow("a")[1]["exit_code"] == 3
    start(client, {"id": "a"}, python=device.script('echo "{}" >> journal.jsonl; exit 4'))
    events, ended = client.follow("a")
    assert (len(events), ended["exit_code"]) == (1, 4)


def test_a_job_that_cannot_be_started_says_why_and_the_next_one_runs(device: Device) -> None:
    client = device.connect()
    not_executable = device.root.parent / "plain.txt"
    not_executable.write_text("text")
    start(client, {"id": "a"}, python=str(not_executable))
    ended = client.follow("a")[1]
    assert ended["exit_code"] == 127
    assert "cannot be started" in ended["stderr_tail"][0]


def test_a_line_that_is_being_written_waits_for_its_end(device: Device) -> None:
    client = device.connect()
    go = device.root.parent / "go"
    script = f"""printf '{{"n": 1}}\\n{{"n": ' >> journal.jsonl
while [ ! -e {go} ]; do sleep 0.05; done; printf '2}}\\n' >> journal.jsonl; sleep 60"""
    start(client, {"id": "a"}, python=device.script(script))
    events, answer = client.events("a", 0)
    assert events == [{"n": 1}]
    client.send("events", job="a", offset=answer["offset"], timeout=60)
    assert not client.has_news(0.3)
    go.touch()
    assert client.has_news(2.0)
    assert client.receive()[1] == b'{"n": 2}\n'


def test_a_waiting_session_sleeps_and_an_event_wakes_it_within_a_second(device: Device) -> None:
    client = device.connect()
    start(client, {"id": "a"}, python=device.script("sleep 60"))
    wait_until(lambda: client.ask("jobs")["running"] == "a")
    keeper = device.keeper()
    assert keeper is not None
    session = psutil.Process(client.process.pid)
    client.send("events", job="a", offset=0, timeout=60)
    time.sleep(0.3)
    before = [process.cpu_times() for process in (session, keeper)]
    assert not client.has_news(3.0)
    after = [process.cpu_times() for process in (session, keeper)]
    used = sum(
        late.user + late.system - early.user - early.system for early, late in zip(before, after, strict=True)
    )
    assert used < 0.1
    began = time.monotonic()
    with open(device.root / "jobs" / "a" / "journal.jsonl", "a") as journal:
        journal.write('{"type": "started"}\n')
    assert client.receive()[1] == b'{"type": "started"}\n'
    assert time.monotonic() - began < 1.0


def test_two_sessions_follow_one_job(device: Device) -> None:
    clients = [device.connect(), device.connect()]
    start(clients[0], {"id": "a"}, python=device.script("sleep 60"))
    wait_until(lambda: clients[0].ask("jobs")["running"] == "a")
    for client in clients:
        client.send("events", job="a", offset=0, timeout=60)
    time.sleep(0.2)
    with open(device.root / "jobs" / "a" / "journal.jsonl", "a") as journal:
        journal.write("{}\n")
    for client in clients:
        assert client.has_news(1.0)
        assert client.receive()[1] == b"{}\n"


def test_a_waiting_session_answers_the_next_request(device: Device) -> None:
    client = device.connect()
    start(client, {"id": "a"}, python=device.script("sleep 60"))
    waiting = client.send("events", job="a", offset=0, timeout=60)
    asking = client.send("ping")
    assert client.receive()[0]["id"] == waiting
    assert client.receive()[0]["id"] == asking


def test_events_wait_no_longer_than_they_were_asked_to(device: Device) -> None:
    client = device.connect()
    start(client, {"id": "a"}, python=device.script("sleep 60"))
    began = time.monotonic()
    assert client.events("a", 0, timeout=0.5) == ([], {"ok": True, "offset": 0, "ended": None})
    assert 0.4 < time.monotonic() - began < 5


@pytest.mark.parametrize("num_jobs", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_many_jobs_are_queued_run_and_forgotten_quickly(device: Device, num_jobs: int) -> None:
    client = device.connect()
    names = [f"job-{number}" for number in range(num_jobs)]
    began = time.monotonic()
    start(client, *plain(*names), python=device.script("exit 0"))
    queued = time.monotonic() - began
    client.follow(names[-1])
    ran = time.monotonic() - began
    for name in names:
        client.send("forget", job=name)
    assert all(client.receive()[0]["ok"] for _ in names)
    print(f"queued {queued:.2f} s, ran {ran:.2f} s, forgotten {time.monotonic() - began - ran:.2f} s")
    assert not list((device.root / "jobs").iterdir())
    # Quadratic work would take minutes.
    assert queued < 10 and ran < 60


def test_facts_come_from_the_python_of_the_runtimes(client: SessionClient) -> None:
    facts = client.ask("facts", python=sys.executable)["facts"]
    assert facts["boot_id"] == read_boot_id() and "litert" in facts["runtimes"]
    with pytest.raises(RefusedError, match="the agent cannot run here"):
        client.ask("facts", python="/bin/false")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_the_end_of_a_job_is_written_on_a_full_disk(device: Device) -> None:
    device.root.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", str(device.root)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        client = device.connect()
        start(client, {"id": "a"}, python=device.script("cat /dev/zero > big; exit 5"))
        ended = client.follow("a")[1]
        assert ended["exit_code"] == 5
        assert "the device's disk is full" in ended["stderr_tail"][-1]
        client.ask("forget", job="a")
        many = plain(*(f"job-{number}" for number in range(2000)))
        with pytest.raises(RefusedError) as refused:
            start(client, *many, python=device.script("exit 0"))
        assert refused.value.kind == "disk_full"
        assert client.ask("jobs")["jobs"] == [] and not list((device.root / "jobs").iterdir())
        client.close()
        wait_until(lambda: device.keeper() is None)
    finally:
        subprocess.run(["umount", "-l", str(device.root)], check=True)
