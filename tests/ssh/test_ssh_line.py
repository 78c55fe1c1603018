"""A line goes on over new connections as long as that is any use, and no longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ssh_hosts import OpenSsh, host_file, made_file
from ssh_rig import SshRig

from bench.errors import HostError
from bench.hosts.ssh.connection import ConnectionFailedError
from bench.hosts.ssh.failures import Failure
from bench.hosts.ssh.line import Line
from bench.wire.frames import BrokenStreamError
from bench.wire.remote import PIECE_BYTES

LOST = Failure("lost", "pi: the connection was lost")


class PlayedConnection:
    """A connection that opens or not, and breaks as it is told."""

    def __init__(self, open_failure: Failure | None = None, break_failure: Failure = LOST) -> None:
        self.open_failure, self.break_failure = open_failure, break_failure
        self.hello: dict[str, Any] = {"root": "/root"}
        self.is_killed = False

    def open(self) -> None:
        if self.open_failure is not None:
            raise ConnectionFailedError(self.open_failure)

    def failed(self, problem: BrokenStreamError) -> ConnectionFailedError:
        return ConnectionFailedError(self.break_failure)

    def kill(self) -> None:
        self.is_killed = True


class PlayedLine(Line):
    """A line over played connections that keeps its pauses instead of sleeping."""

    def __init__(self, connections: list[PlayedConnection], patience_seconds: float = 1e9) -> None:
        waiting = iter(connections)
        super().__init__("pi", lambda: next(waiting), patience_seconds)  # type: ignore[arg-type,return-value]
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def breaking(times: int) -> Callable[[Any], str]:
    """Make work that succeeds when it was cut that often."""
    left = [times]

    def work(connection: Any) -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise BrokenStreamError("cut")
        return "done"

    return work


def test_work_is_done_again_on_a_new_connection() -> None:
    line = PlayedLine([PlayedConnection() for _ in range(3)])
    told: list[str] = []
    line.on_notice = told.append
    assert line.hold(breaking(2)) == "done"
    assert told == [f"{LOST.message}; connecting anew", "the connection is back"] * 2


def test_pauses_double_up_to_half_a_minute_and_begin_anew_after_an_answer() -> None:
    away = [PlayedConnection(open_failure=LOST) for _ in range(7)]
    line = PlayedLine([PlayedConnection(), *away, PlayedConnection(), PlayedConnection()])
    line.hold(breaking(1))
    assert line.pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    line.pauses.clear()
    line.hold(breaking(1))
    assert line.pauses == [1]


def test_a_first_connection_that_fails_is_not_tried_again() -> None:
    line = PlayedLine([PlayedConnection(open_failure=Failure("timeout", "pi: does not answer"))])
    with pytest.raises(HostError, match="^pi: does not answer$"):
        line.hold(breaking(0))
    assert line.pauses == []


def test_a_changed_host_key_ends_a_lost_line_at_once() -> None:
    changed = Failure("changed_key", "pi: the host key is another one than before")
    line = PlayedLine([PlayedConnection(), PlayedConnection(open_failure=changed), PlayedConnection()])
    with pytest.raises(HostError, match="host key is another one.*--resume fetches it"):
        line.hold(breaking(1))
    assert line.pauses == [1]


def test_a_device_program_that_ends_each_time_is_given_up() -> None:
    crash = Failure("crashed", "pi: the program there ended with exit code 1 (MemoryError)")
    line = PlayedLine([PlayedConnection(break_failure=crash) for _ in range(9)])
    with pytest.raises(HostError, match="exit code 1 .MemoryError"):
        line.hold(breaking(9))
    assert len(line.pauses) == 2


def test_patience_has_an_end() -> None:
    line = PlayedLine([PlayedConnection() for _ in range(2)], patience_seconds=-1.0)
    with pytest.raises(HostError, match="the connection was lost.*goes on without this machine"):
        line.hold(breaking(1))


def test_a_closed_line_pauses_no_longer() -> None:
    line = Line("pi", lambda: PlayedConnection(), 600.0)  # type: ignore[arg-type,return-value]
    threading.Timer(0.2, line.close).start()
    started = time.monotonic()
    with pytest.raises(HostError, match="pi: the connection was closed"):
        line.pause(30)
    assert time.monotonic() - started < 5


def test_what_the_device_undid_is_made_anew_before_the_work_goes_on() -> None:
    line = PlayedLine([PlayedConnection() for _ in range(3)])
    order: list[str] = []
    line.restore = lambda connection: order.append("restore")
    work = breaking(1)
    line.hold(lambda connection: (order.append("work"), work(connection)))
    line.hold(lambda connection: order.append("work"))
    assert order == ["work", "restore", "work", "work"]


def test_a_fetch_that_is_cut_goes_on_where_it_was(
    ssh_rig: SshRig, open_ssh: OpenSsh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = open_ssh()
    folder = Path(host.root) / "jobs" / "job"
    folder.mkdir(parents=True)
    file = made_file(folder / "big.npz", 2 * PIECE_BYTES + 1000)
    real, offsets = Line.call, []

    def cutting(self: Line, op: str, *rest: Any, **values: Any) -> Any:
        answer = real(self, op, *rest, **values)
        offsets.append(values["offset"])
        ssh_rig.cut_connections()
        return answer

    monkeypatch.setattr(Line, "call", cutting)
    host.fetch("job", "big.npz", tmp_path / "big.npz")
    assert host_file(tmp_path / "big.npz").sha256 == file.sha256
    assert offsets == [0, PIECE_BYTES, 2 * PIECE_BYTES]
    assert host.traffic.num_connections == 3
    assert [path.name for path in tmp_path.iterdir()] == ["big.npz"]


def test_a_file_that_is_damaged_on_its_way_never_takes_the_place_of_a_whole_one(
    ssh_rig: SshRig, open_ssh: OpenSsh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = open_ssh()
    folder = Path(host.root) / "jobs" / "job"
    folder.mkdir(parents=True)
    made_file(folder / "a.npz", 1000)
    (tmp_path / "a.npz").write_text("before")
    real = Line.call

    def damaging(self: Line, op: str, *rest: Any, **values: Any) -> Any:
        header, body = real(self, op, *rest, **values)
        return header, b"x" + body[1:]

    monkeypatch.setattr(Line, "call", damaging)
    with pytest.raises(HostError, match=r"job job: a.npz changes, or is damaged, while it is fetched"):
        host.fetch("job", "a.npz", tmp_path / "a.npz")
    assert (tmp_path / "a.npz").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
