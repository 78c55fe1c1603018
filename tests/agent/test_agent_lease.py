"""One board, one run: taken by one, refused to others with owner and age, free again when it should be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from session_client import RefusedError, SessionClient, pack

from bench.errors import HostError
from bench.wire import lease as lease_module
from bench.wire.boot import boot_seconds
from bench.wire.lease import GRACE_SECONDS, lease_path, read_lease, release_lease, take_lease
from bench.wire.process import is_same

ANNA = ("anna@laptop", "run-1")
BERT = ("bert@desk", "run-2")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "board.lease"


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds leases until it is ended."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(lease_module, "boot_seconds", lambda: boot_seconds() + seconds)


def test_a_taken_board_is_refused_to_others_with_owner_run_and_age(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert take_lease(path, *ANNA) is None
    later(monkeypatch, 125)
    found = take_lease(path, *BERT)
    assert found is not None
    assert found.describe() == "anna@laptop measures there, run run-1, for 2 min"
    assert take_lease(path, *ANNA) is None


def test_a_released_board_is_free_and_leaves_no_file(path: Path) -> None:
    take_lease(path, *ANNA)
    release_lease(path, *BERT)
    assert read_lease(path) is not None
    release_lease(path, *ANNA)
    assert read_lease(path) is None and not list(path.parent.iterdir())
    assert take_lease(path, *BERT) is None


def test_a_lease_outlives_its_holder_by_its_grace_only(
    path: Path, monkeypatch: pytest.MonkeyPatch, other: subprocess.Popen[bytes]
) -> None:
    take_lease(path, *ANNA, pid=other.pid)
    later(monkeypatch, GRACE_SECONDS * 100)
    assert read_lease(path) is not None
    other.kill()
    other.wait()
    assert read_lease(path) is None
    later(monkeypatch, GRACE_SECONDS - 60)
    assert read_lease(path) is not None
    later(monkeypatch, GRACE_SECONDS + 1)
    assert take_lease(path, *BERT) is None


def test_a_lease_without_grace_ends_with_its_holder(path: Path, other: subprocess.Popen[bytes]) -> None:
    take_lease(path, *ANNA, pid=other.pid, grace_seconds=0)
    assert take_lease(path, *BERT) is not None
    other.kill()
    other.wait()
    assert take_lease(path, *BERT) is None


def test_another_process_of_the_holders_number_does_not_count(path: Path) -> None:
    take_lease(path, *ANNA, grace_seconds=0)
    content = json.loads(path.read_text())
    content["holders"][0]["ticks"] -= 1
    path.write_text(json.dumps(content))
    assert read_lease(path) is None


def test_a_lease_of_an_earlier_boot_is_stale(path: Path) -> None:
    take_lease(path, *ANNA)
    path.write_text(json.dumps({**json.loads(path.read_text()), "boot_id": "another boot"}))
    assert take_lease(path, *BERT) is None


def test_a_lease_from_the_future_is_none(path: Path) -> None:
    take_lease(path, *ANNA)
    path.write_text(json.dumps({**json.loads(path.read_text()), "taken_seconds": boot_seconds() + 1e6}))
    assert read_lease(path) is None


def test_a_lease_for_ever_is_none_without_a_holder(path: Path, other: subprocess.Popen[bytes]) -> None:
    take_lease(path, *ANNA, pid=other.pid)
    path.write_text(json.dumps({**json.loads(path.read_text()), "until_seconds": 1e12}))
    assert read_lease(path) is not None
    other.kill()
    other.wait()
    assert read_lease(path) is None


def test_a_wall_clock_that_jumps_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take_lease(path, *ANNA)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    found = read_lease(path)
    assert found is not None and 0 <= found.age_seconds < 60


def test_a_lease_shared_by_two_processes_of_a_run_stays_until_both_released(
    path: Path, other: subprocess.Popen[bytes]
) -> None:
    take_lease(path, *ANNA, pid=other.pid)
    take_lease(path, *ANNA)
    release_lease(path, *ANNA)
    assert read_lease(path) is not None
    release_lease(path, *ANNA, pid=other.pid)
    assert read_lease(path) is None


def test_of_many_takers_at_once_one_gets_it(path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from bench.wire.lease import take_lease; "
        "sys.stdin.read(); found = take_lease(Path(sys.argv[1]), 'owner', sys.argv[2]); "
        "print('refused' if found else 'taken', flush=True); time.sleep(20)"
    )
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path), f"run-{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in range(6)
    ]
    try:
        for taker in takers:
            assert taker.stdin is not None
            taker.stdin.close()
        said = [taker.stdout.readline().strip() for taker in takers if taker.stdout is not None]
    finally:
        for taker in takers:
            taker.kill()
            taker.wait()
            assert taker.stdout is not None
            taker.stdout.close()
    assert sorted(said) == [b"refused"] * 5 + [b"taken"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"owner": 3}', b"\xff" * 100])
def test_a_file_that_says_nothing_sensible_is_no_lease(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert take_lease(path, *ANNA) is None
    assert read_lease(path) is not None


def test_a_link_in_place_of_the_lease_is_replaced_and_not_followed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    path.symlink_to(tmp_path / "precious")
    assert take_lease(path, *ANNA) is None
    assert not path.is_symlink() and (tmp_path / "precious").read_text() == "precious"


def test_a_folder_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="name another file in BENCH_LEASE"):
        take_lease(tmp_path / "file" / "lease", *ANNA)


def test_the_file_is_readable_by_all_whatever_the_mask(path: Path) -> None:
    mask = os.umask(0o077)
    try:
        take_lease(path, *ANNA)
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o644


def test_control_characters_of_an_owner_are_not_printed(path: Path) -> None:
    take_lease(path, "\x1b[31mred", "run\n1")
    found = read_lease(path)
    assert found is not None and found.describe().startswith("?[31mred measures there, run run?1")


def test_the_place_is_one_for_all_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENCH_LEASE", raising=False)
    if os.access("/run/lock", os.W_OK):
        assert lease_path() == Path("/run/lock/detector-bench.lease")
    monkeypatch.setattr(lease_module, "_FOLDER", "/nonexistent")
    monkeypatch.setenv("TMPDIR", "/tmp")
    assert lease_path().name == "detector-bench.lease" and lease_path().parent.is_dir()


def taken_by(user: int, path: Path, owner: str, *, is_to_stay: bool) -> tuple[str, int]:
    """Take a lease as another user; returns who has it then, and that user's process."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        # Not by a new interpreter: where it lies nobody else may look. Whatever happens, this process must
        # not go on with the tests.
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            found = take_lease(path, owner, "run", grace_seconds=0)
            os.write(writing, (found.owner if found else owner).encode())
            time.sleep(60 if is_to_stay else 0)
        except BaseException as problem:
            os.write(writing, repr(problem).encode())
        finally:
            os._exit(0)
    os.close(writing)
    said = os.read(reading, 100).decode()
    os.close(reading)
    if not is_to_stay:
        os.waitpid(child, 0)
    return said, child


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_users_see_each_others_leases_and_pass_stale_ones_by() -> None:
    # Below the temporary folder of the tests nobody else may look.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        os.chmod(name, 0o1777)
        path = Path(name) / "board.lease"
        assert taken_by(65534, path, "nobody", is_to_stay=False)[0] == "nobody"
        said, holder = taken_by(1, path, "daemon", is_to_stay=True)
        try:
            assert said == "daemon"
            assert path.stat().st_uid == 65534 and path.with_name(f"{path.name}.1").stat().st_uid == 1
            assert taken_by(65534, path, "nobody", is_to_stay=False)[0] == "daemon"
            refused = take_lease(path, *ANNA)
            assert refused is not None and refused.owner == "daemon"
        finally:
            os.kill(holder, signal.SIGKILL)
            os.waitpid(holder, 0)
        assert take_lease(path, *ANNA) is None


@pytest.fixture(scope="module")
def archive() -> bytes:
    return pack()


def ask(client: SessionClient, action: str, who: tuple[str, str] = ANNA) -> dict[str, Any]:
    return client.ask("lease", action=action, owner=who[0], run=who[1])


def queue_a_job(client: SessionClient, name: str, program: Path) -> None:
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    client.ask("start", tasks=[{"job": {"id": name}, "timeout_seconds": 60}], python=str(program))


def test_a_session_takes_shows_and_releases_the_board(tmp_path: Path, archive: bytes) -> None:
    with SessionClient(tmp_path / "root", archive) as client:
        free = ask(client, "show")
        assert free["owner"] is None and free["path"] == str(tmp_path / "lease") and free["boot_id"]
        assert ask(client, "take")["owner"] == ANNA[0]
        with pytest.raises(RefusedError, match="anna@laptop measures there, run run-1, for") as refused:
            ask(client, "take", BERT)
        assert refused.value.kind == "busy" and refused.value.answer["age_seconds"] >= 0
        assert ask(client, "release")["owner"] is None
        assert ask(client, "take", BERT)["run"] == BERT[1]
        with pytest.raises(RefusedError, match="expected one of take"):
            ask(client, "steal")


def test_jobs_are_not_started_on_a_board_that_another_run_has(tmp_path: Path, archive: bytes) -> None:
    take_lease(tmp_path / "lease", *BERT)
    with SessionClient(tmp_path / "root", archive) as client:
        with pytest.raises(RefusedError, match="bert@desk measures there"):
            queue_a_job(client, "a", tmp_path / "program")
        assert client.ask("jobs")["jobs"] == []


def test_the_keeper_holds_the_board_while_it_runs(tmp_path: Path, archive: bytes) -> None:
    path, program = tmp_path / "lease", tmp_path / "program"
    with SessionClient(tmp_path / "root", archive) as client:
        ask(client, "take")
        queue_a_job(client, "a", program)
    content = json.loads(path.read_text())
    # Its grace is over, and nobody is connected.
    path.write_text(json.dumps({**content, "until_seconds": 0.0}))
    assert take_lease(path, *BERT) is not None
    with SessionClient(tmp_path / "root", archive) as client:
        with pytest.raises(RefusedError, match="anna@laptop"):
            ask(client, "take", BERT)
        client.ask("stop", all=True)
        assert ask(client, "take", ANNA)["owner"] == ANNA[0]


def test_whoever_takes_a_board_over_does_not_measure_what_was_left_in_the_queue(
    tmp_path: Path, archive: bytes
) -> None:
    from bench.agent.job_queue import JobQueue

    path = tmp_path / "lease"
    with SessionClient(tmp_path / "root", archive) as client:
        ask(client, "take")
        for name in ("a", "b"):
            queue_a_job(client, name, tmp_path / "program")
        keeper = JobQueue(tmp_path / "root").keeper()
        assert keeper is not None
        os.kill(keeper[0], signal.SIGKILL)
        while is_same(*keeper):
            time.sleep(0.01)
        path.unlink()
        ask(client, "take", BERT)
        assert client.ask("ended", job="b")["ended"]["cause"] == "lost"
        assert client.ask("events", job="b", offset=0, timeout=0.1)["ended"]["cause"] == "lost"
        assert JobQueue(tmp_path / "root").keeper() is None
