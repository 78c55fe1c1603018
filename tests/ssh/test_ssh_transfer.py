"""Files over a real SSH server: only what is missing, whole or not at all, in spite of cuts."""

from __future__ import annotations

import fcntl
import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from ssh_hosts import OpenSsh, host_file, made_file
from ssh_rig import SshRig

from bench.errors import HostError
from bench.hosts.base import HostFile
from bench.hosts.ssh import command
from bench.wire.remote import PIECE_BYTES


def on_device(rig: SshRig, file: HostFile) -> Path:
    return rig.device.cache / "files" / f"{file.sha256}{file.path.suffix}"


def test_only_missing_files_are_sent_and_a_second_run_sends_none(
    ssh_rig: SshRig, open_ssh: OpenSsh, tmp_path: Path
) -> None:
    files = [made_file(tmp_path / f"{i}.jpg", 20_000 + i, seed=i) for i in range(50)]
    first = open_ssh()
    paths = first.put(files[:30])
    assert paths == {file.sha256: f"files/{file.sha256}.jpg" for file in files[:30]}
    assert all(on_device(ssh_rig, file).read_bytes() == file.path.read_bytes() for file in files[:30])
    assert first.traffic.num_files_sent == 30
    second = open_ssh("wire")
    second.put(files)
    assert second.traffic.num_files_sent == 20
    ssh_rig.wire.reset_counts()
    before = second.traffic.num_bytes_sent
    assert second.put(files[:5]) == {file.sha256: f"files/{file.sha256}.jpg" for file in files[:5]}
    assert second.traffic.num_bytes_sent == before, "what is known to be there is not even asked for"
    second.close()
    third = open_ssh("wire")
    ssh_rig.wire.reset_counts()
    third.put(files)
    assert (third.traffic.num_files_sent, third.traffic.num_file_bytes_sent) == (0, 0)
    assert ssh_rig.wire.num_bytes_sent < 40_000, "connecting and asking, of a megabyte of files"


def test_progress_tells_bytes_that_the_device_has(open_ssh: OpenSsh, tmp_path: Path) -> None:
    files = [made_file(tmp_path / "big.onnx", 2 * PIECE_BYTES + 5), made_file(tmp_path / "a.jpg", 700, 1)]
    told: list[tuple[int, int]] = []
    open_ssh().put(files, lambda done, total: told.append((done, total)))
    size = 2 * PIECE_BYTES + 705
    assert told[0] == (0, size) and told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) == 5, "before all, after two pieces, the rest and the small file"
    again: list[tuple[int, int]] = []
    open_ssh().put(files, lambda done, total: again.append((done, total)))
    assert again == [(0, 0)]


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES])
def test_files_of_every_size_arrive_whole(
    size: int, ssh_rig: SshRig, open_ssh: OpenSsh, tmp_path: Path
) -> None:
    file = made_file(tmp_path / "model.tflite", size)
    open_ssh().put([file])
    assert hashlib.sha256(on_device(ssh_rig, file).read_bytes()).hexdigest() == file.sha256


def test_a_cut_in_mid_file_costs_no_more_than_what_was_on_its_way(
    ssh_rig: SshRig, open_ssh: OpenSsh, tmp_path: Path
) -> None:
    file = made_file(tmp_path / "big.onnx", 12 * PIECE_BYTES)
    host = open_ssh("wire")
    told: list[str] = []
    host.notify(told.append)
    host.call("ping")
    ssh_rig.wire.reset_counts()
    ssh_rig.wire.cut_after(7 * PIECE_BYTES)
    host.put([file])
    assert on_device(ssh_rig, file).read_bytes() == file.path.read_bytes()
    assert not on_device(ssh_rig, file).with_name(file.sha256 + ".onnx.part").exists()
    assert ssh_rig.wire.num_bytes_sent < 12 * PIECE_BYTES + 4 * PIECE_BYTES
    assert host.traffic.num_connections == 2 and "connecting anew" in told[0] and "back" in told[-1]


def test_a_file_begun_by_an_earlier_run_is_finished(
    ssh_rig: SshRig, open_ssh: OpenSsh, tmp_path: Path
) -> None:
    file = made_file(tmp_path / "big.onnx", 5 * PIECE_BYTES)
    first = open_ssh("wire", patience_seconds=0.0)
    first.call("ping")
    ssh_rig.wire.cut_after(3 * PIECE_BYTES)
    with pytest.raises(HostError, match="--resume fetches it"):
        first.put([file])
    second = open_ssh("wire")
    second.put([file])
    assert 0 < second.traffic.num_file_bytes_sent <= 4 * PIECE_BYTES
    assert on_device(ssh_rig, file).read_bytes() == file.path.read_bytes()


@pytest.mark.parametrize("size", [PIECE_BYTES, 2 * PIECE_BYTES, 1000])
def test_a_damaged_beginning_is_sent_anew(
    size: int, ssh_rig: SshRig, open_ssh: OpenSsh, tmp_path: Path
) -> None:
    file = made_file(tmp_path / "big.onnx", 2 * PIECE_BYTES)
    host = open_ssh()
    folder = Path(host.root) / "files"
    folder.mkdir()
    (folder / f"{file.sha256}.onnx.part").write_bytes(b"\0" * size)
    host.put([file])
    assert on_device(ssh_rig, file).read_bytes() == file.path.read_bytes()


def test_a_file_that_changed_is_never_whole_on_the_device(
    ssh_rig: SshRig, open_ssh: OpenSsh, tmp_path: Path
) -> None:
    for size in (100, 3 * PIECE_BYTES):
        file = made_file(tmp_path / "model.onnx", size)
        made_file(tmp_path / "model.onnx", size, seed=1)
        with pytest.raises(HostError, match=r"model.onnx: changed since this run looked at it"):
            open_ssh().put([file])
        assert not on_device(ssh_rig, file).exists()


def test_a_missing_file_is_told_before_anything_is_sent(open_ssh: OpenSsh, tmp_path: Path) -> None:
    host = open_ssh()
    with pytest.raises(HostError, match=r"gone.onnx: no such file, expected one to send; build it again"):
        host.put([host_file(Path(__file__)), HostFile(tmp_path / "gone.onnx", "0" * 64)])
    assert host.traffic.num_connections == 0


def test_after_a_refusal_the_connection_still_serves(open_ssh: OpenSsh, tmp_path: Path) -> None:
    good, bad = made_file(tmp_path / "a.jpg", 1000), made_file(tmp_path / "b.jpg", 1000, 1)
    made_file(tmp_path / "b.jpg", 1000, 2)
    host = open_ssh()
    with pytest.raises(HostError, match="changed since"):
        host.put([good, bad])
    host.put([good])
    assert host.call("ping")[0]["ok"] and host.traffic.num_connections == 1


def test_a_full_disk_is_told_with_what_is_needed_and_free(
    ssh_rig: SshRig, open_ssh: OpenSsh, tmp_path: Path
) -> None:
    ssh_rig.device.limit_disk(size_kib=8 * 1024)
    host = open_ssh()
    small = [made_file(tmp_path / f"{i}.jpg", 1_000_000, seed=i) for i in range(12)]
    with pytest.raises(HostError, match=r"loop: .*disk is full: 1000000 bytes are needed, \d+ bytes are"):
        host.put(small)
    big = made_file(tmp_path / "big.onnx", 5 * PIECE_BYTES)
    with pytest.raises(HostError, match=f"loop: .*disk is full: {big.path.stat().st_size} bytes are needed"):
        host.put([big])
    assert host.call("ping")[0]["ok"]
    whole = [file for file in small if on_device(ssh_rig, file).exists()]
    assert 4 <= len(whole) < 12
    assert all(on_device(ssh_rig, file).stat().st_size == 1_000_000 for file in whole)


def test_a_file_that_another_controller_sends_is_waited_for(
    ssh_rig: SshRig, open_ssh: OpenSsh, tmp_path: Path
) -> None:
    file = made_file(tmp_path / "big.onnx", 3 * PIECE_BYTES)
    host = open_ssh()
    folder = Path(host.root) / "files"
    folder.mkdir()
    with open(folder / f"{file.sha256}.onnx.part", "wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        threading.Timer(0.5, fcntl.flock, (other, fcntl.LOCK_UN)).start()
        host.put([file])
    assert host.traffic.num_connections == 1
    assert on_device(ssh_rig, file).read_bytes() == file.path.read_bytes()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ssh notice a dead link after two seconds instead of 45."""
    monkeypatch.setitem(command._OPTIONS, "ServerAliveInterval", "1")
    monkeypatch.setitem(command._OPTIONS, "ServerAliveCountMax", "1")


def test_a_dead_link_is_left_when_it_is_noticed(
    ssh_rig: SshRig, open_ssh: OpenSsh, tmp_path: Path, impatient: None
) -> None:
    """The device does not know of it: its old session still has the file that was being sent."""
    file = made_file(tmp_path / "big.onnx", 8 * PIECE_BYTES)
    host, num_held = open_ssh(), [0]

    def hold_once(done: int, total: int) -> None:
        if done and not num_held[0]:
            num_held[0] += 1
            ssh_rig.hold_connections()

    started = time.monotonic()
    host.put([file], hold_once)
    assert num_held == [1] and host.traffic.num_connections == 2
    assert time.monotonic() - started < 15
    assert on_device(ssh_rig, file).read_bytes() == file.path.read_bytes()
    wait_until(lambda: len(sessions(ssh_rig)) == 1)


def sessions(rig: SshRig) -> list[psutil.Process]:
    return rig.device.running("bench.agent.session")


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
