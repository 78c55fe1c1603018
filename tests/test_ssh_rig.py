"""The SSH server that other tests rely on does what its names say."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

from ssh_rig import SshRig


def test_each_alias_leads_to_a_device_with_a_home_of_its_own(ssh_rig: SshRig) -> None:
    answer = {
        alias: ssh_rig.run(alias, "echo $HOME; pwd").stdout.split()
        for alias in ("loop", "loop2", "wire", "jump")
    }
    one, two = str(ssh_rig.device.home), str(ssh_rig.device2.home)
    assert answer == {"loop": [one, one], "loop2": [two, two], "wire": [one, one], "jump": [two, two]}


def test_a_changed_or_unknown_host_key_is_refused(ssh_rig: SshRig) -> None:
    assert "Host key verification failed" in ssh_rig.run("unknown", "true").stderr
    ssh_rig.change_host_key()
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in ssh_rig.run("loop", "true").stderr


def test_a_key_that_the_device_does_not_know_is_refused(ssh_rig: SshRig) -> None:
    assert "Permission denied" in ssh_rig.run("stranger", "true").stderr
    ssh_rig.lock_out()
    assert "Permission denied" in ssh_rig.run("loop", "true").stderr
    ssh_rig.let_in()
    assert ssh_rig.run("loop", "true").returncode == 0
    assert "Connection refused" in ssh_rig.run("nowhere", "true").stderr


def test_a_cut_connection_leaves_what_was_detached(ssh_rig: SshRig) -> None:
    for cut in (ssh_rig.cut_connections, ssh_rig.wire.cut):
        client = _sleeping_client(ssh_rig)
        assert cut() >= 1
        assert client.wait(timeout=10) == 255
        assert [process.info["name"] for process in ssh_rig.device.processes()].count("sleep") == 1
        assert ssh_rig.device.kill_processes() >= 1
        _wait_until(lambda: not ssh_rig.device.processes())


def test_a_wire_is_cut_in_mid_transfer(ssh_rig: SshRig) -> None:
    ssh_rig.wire.cut_after(1_000_000)
    done = ssh_rig.run("wire", "cat > got", stdin=None, input="x" * 20_000_000)
    assert done.returncode == 255
    assert ssh_rig.wire.num_bytes_sent < 20_000_000
    assert ssh_rig.run("wire", "true").returncode == 0


def test_the_wire_counts_what_is_sent(ssh_rig: SshRig) -> None:
    assert ssh_rig.run("wire", "cat > got", stdin=None, input="x" * 3_000_000).returncode == 0
    assert (ssh_rig.device.home / "got").stat().st_size == 3_000_000
    assert 3_000_000 < ssh_rig.wire.num_bytes_sent < 3_100_000


def test_a_device_plays_a_pi(ssh_rig: SshRig) -> None:
    ssh_rig.device.become_pi(temperature_c=83.2)
    ssh_rig.device.set_throttled(0x50000, next_answers=(0x50005,))
    ask = "vcgencmd measure_temp; vcgencmd get_throttled; vcgencmd get_throttled; vcgencmd pmic_read_adc"
    answer = ssh_rig.run("loop", ask).stdout.splitlines()
    assert answer[:3] == ["temp=83.2'C", "throttled=0x50005", "throttled=0x50000"]
    assert answer[3].startswith("error=1")
    assert ssh_rig.device.vcgencmd_calls()[0] == "measure_temp"
    assert ssh_rig.run("loop2", "command -v vcgencmd").returncode != 0


def test_a_device_is_full_noisy_or_without_a_program(ssh_rig: SshRig) -> None:
    ssh_rig.device.make_login_noisy()
    assert "Welcome" in ssh_rig.run("loop", "true").stdout
    ssh_rig.device.hide_program("rsync")
    assert ssh_rig.run("loop", "rsync --version").returncode == 127
    ssh_rig.device.limit_disk(size_kib=512)
    done = ssh_rig.run("loop", "head -c 1000000 /dev/zero > big")
    assert "No space left" in done.stderr


def test_a_devices_clock_is_shifted(ssh_rig: SshRig) -> None:
    ssh_rig.device.shift_clock(-7200)
    ssh_rig.restart()
    shifted = float(ssh_rig.run("loop", "python3 -c 'import time; print(time.time())'").stdout)
    assert -7260 < shifted - time.time() < -7100


def test_a_dead_link_stands_still_until_it_is_released(ssh_rig: SshRig) -> None:
    ssh_rig.wire.hold()
    line = ["ssh", "-F", str(ssh_rig.config), "wire", "true"]
    client = subprocess.Popen(line, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.3)
    assert client.poll() is None
    ssh_rig.wire.release()
    assert client.wait(timeout=20) == 0


def _sleeping_client(rig: SshRig) -> subprocess.Popen[bytes]:
    command = "setsid sleep 60 < /dev/null > /dev/null 2>&1 & sleep 0.2; echo up; exec cat"
    line = ["ssh", "-F", str(rig.config), "wire", command]
    client = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert client.stdout is not None
    assert client.stdout.readline() == b"up\n"
    return client


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
