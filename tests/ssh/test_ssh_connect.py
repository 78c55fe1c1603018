"""Reaching a device over a real SSH server, and being told why where that fails."""

from __future__ import annotations

import io
import os
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from ssh_hosts import OpenSsh
from ssh_rig import SshRig

from bench.core.host import HostSettings
from bench.errors import HostError
from bench.hosts import open_host
from bench.hosts.ssh.greeting import MAX_NOISE_BYTES, check_hello, read_until_marker
from bench.hosts.ssh.host import SshHost
from bench.wire.frames import BrokenStreamError
from bench.wire.remote import MARKER

HELLO: dict[str, Any] = {"python": [3, 11, 2], "bits": 64, "machine": "aarch64", "has_agent": False}


def test_a_bare_device_takes_the_agent_in_once(ssh_rig: SshRig, open_ssh: OpenSsh) -> None:
    first = open_ssh()
    assert first.root == str(ssh_rig.device.cache)
    assert first.hello["has_agent"] is False
    first.close()
    second = open_ssh()
    assert second.hello["has_agent"] is True
    assert second.traffic.num_bytes_sent < 20_000 < 60_000 < first.traffic.num_bytes_sent
    assert second.call("ping")[0]["boot_id"] == second.hello["boot_id"]


def test_a_device_behind_a_jump_host_is_reached(ssh_rig: SshRig, open_ssh: OpenSsh) -> None:
    assert open_ssh("jump").root == str(ssh_rig.device2.cache)


def test_login_scripts_may_print(ssh_rig: SshRig, open_ssh: OpenSsh) -> None:
    ssh_rig.device.make_login_noisy()
    assert open_ssh().root == str(ssh_rig.device.cache)


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("stranger", "does not let you in as .*ssh-copy-id stranger"),
        ("nowhere", "nothing listens for SSH there"),
        ("unknown", "host key .*is not known here yet; run `ssh unknown` once by hand"),
        ("no-such-host.invalid", "no address is known for 'no-such-host.invalid'"),
    ],
)
def test_why_a_device_is_not_reached_is_told(alias: str, expected: str, open_ssh: OpenSsh) -> None:
    with pytest.raises(HostError, match=f"^{alias}: .*{expected}"):
        open_ssh(alias).root  # noqa: B018 - asking connects


def test_a_changed_host_key_is_never_gone_on_with(ssh_rig: SshRig, open_ssh: OpenSsh) -> None:
    open_ssh().call("ping")
    ssh_rig.change_host_key()
    with pytest.raises(
        HostError, match=r"the host key is another one .*SHA256:.*ssh-keygen -f \S+ -R '\[127"
    ):
        open_ssh().call("ping")


def test_a_device_without_python_is_told(ssh_rig: SshRig, open_ssh: OpenSsh) -> None:
    ssh_rig.device.hide_program("python3")
    with pytest.raises(HostError, match="has no python3.*sudo apt install python3"):
        open_ssh().call("ping")


def test_a_python_that_breaks_says_its_last_words(ssh_rig: SshRig, open_ssh: OpenSsh) -> None:
    ssh_rig.device.write_program("python3", "#!/bin/sh\necho 'no libc for you' >&2\nexit 3\n")
    with pytest.raises(HostError, match=r"ended with exit code 3 \(no libc for you\)"):
        open_ssh().call("ping")


def test_a_root_that_cannot_be_made_is_told(
    ssh_rig: SshRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_SSH_CONFIG", str(ssh_rig.config))
    (tmp_path / "file").write_text("in the way")
    host = SshHost(HostSettings("loop", root=str(tmp_path / "file" / "root")), "loop")
    with pytest.raises(HostError, match="loop: .*file/root: cannot be used as the root folder"):
        host.call("ping")
    host.close()


def test_no_ssh_on_this_machine_is_told(open_ssh: OpenSsh, monkeypatch: pytest.MonkeyPatch) -> None:
    host = open_ssh()
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(HostError, match="this machine has no program ssh; install OpenSSH's client"):
        host.call("ping")


def test_waiting_is_ended_from_another_thread_at_once(ssh_rig: SshRig, open_ssh: OpenSsh) -> None:
    host = open_ssh()
    host.call("ping")
    ssh_rig.hold_connections()
    caught: list[BaseException] = []

    def ask() -> None:
        try:
            host.call("ping")
        except HostError as problem:
            caught.append(problem)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.2)
    assert thread.is_alive()
    started = time.monotonic()
    host.close()
    thread.join(timeout=5)
    assert time.monotonic() - started < 2
    assert "the connection was closed" in str(caught[0])
    with pytest.raises(HostError, match="loop: the connection was closed"):
        host.call("ping")


def test_ssh_does_not_hear_the_terminals_interrupt_and_does_not_outlive_its_host(
    ssh_rig: SshRig, open_ssh: OpenSsh
) -> None:
    host = open_ssh()
    host.call("ping")
    (ssh,) = [child for child in psutil.Process().children() if child.name() == "ssh"]
    assert psutil.Process().terminal() is None or ssh.terminal() is None
    assert os.getpgid(ssh.pid) != os.getpgid(0)
    host.close()
    assert not ssh.is_running()


def test_boards_of_one_name_are_hosts_of_their_own(tmp_path: Path) -> None:
    one, two = open_host(HostSettings("pis", boards=("pi-a", "pi@pi-b")), tmp_path)
    assert (one.name, one.board, two.name, two.board) == ("pis", "pi-a", "pis", "pi@pi-b")
    (alone,) = open_host(HostSettings("pi5"), tmp_path)
    assert (alone.name, alone.board, alone.is_detached) == ("pi5", "", True)
    with pytest.raises(HostError, match="is no SSH destination"):
        open_host(HostSettings("pi5", boards=("-oProxyCommand=x",)), tmp_path)


def test_a_32_bit_system_is_refused_with_the_reason() -> None:
    with pytest.raises(HostError, match=r"pi: is a 32-bit system \(armv7l\).*install the 64-bit Raspberry"):
        check_hello("pi", {**HELLO, "bits": 32, "machine": "armv7l"})


def test_an_old_python_is_refused_with_what_to_do() -> None:
    with pytest.raises(HostError, match=r"pi: its python3 is 3.9.2, expected 3.11 or later; install"):
        check_hello("pi", {**HELLO, "python": [3, 9, 2]})
    check_hello("pi", HELLO)


def test_noise_is_skipped_up_to_the_marker_and_not_without_end() -> None:
    stream = io.BytesIO(b"Welcome\n{" + b"\n" + MARKER + b"rest")
    read_until_marker(stream, "pi")
    assert stream.read() == b"rest"
    with pytest.raises(HostError, match="its login scripts print more than 65536 bytes .*let .bashrc"):
        read_until_marker(io.BytesIO(b"y\n" * MAX_NOISE_BYTES), "pi")
    with pytest.raises(BrokenStreamError, match=r"did not begin \(it printed 'Access denied'\)"):
        read_until_marker(io.BytesIO(b"Access denied\n"), "pi")
