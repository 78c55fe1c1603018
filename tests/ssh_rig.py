"""A real OpenSSH server on loopback, with keys, configuration and devices in one folder.

Tests take the fixture `ssh_rig` and give the product `rig.environment`. Aliases of its configuration:

    loop      the first device
    loop2     the second device: the same server and machine, another home
    wire      the first device through `rig.wire`, which counts bytes and can be cut
    jump      the second device through the first (ProxyJump)
    stranger  the first device with a key that it does not know
    nowhere   a port that nobody listens at
    unknown   the first device under a host key that nobody has accepted yet
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from ssh_device import SshDevice
from ssh_wire import Wire

_SERVER = """\
{listen}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
PidFile none
MaxStartups 100
PrintMotd no
Subsystem sftp {sftp}
"""
_DEVICE = """\
Match LocalPort {port}
  SetEnv {variables}
  ForceCommand {login}
"""
_ALIAS = """\
Host {alias}
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {folder}/{key}
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/{known_hosts}
  GlobalKnownHostsFile none
"""
_SFTP = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server")
_START_SECONDS = 20.0


def find_sshd() -> str | None:
    """Return the path of sshd, which is in no user's PATH."""
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/local/sbin")


class SshRig:
    """The server with its two devices.

    Attributes:
        config: file for `ssh -F`.
        environment: variables that make the product use that file, and give this machine's `local` host a
            lease of its own.
        device: behind the aliases `loop`, `wire`, `stranger`, `unknown`.
        device2: behind `loop2` and `jump`.
        wire: between the alias `wire` and the server.
    """

    def __init__(self, folder: Path, sshd: str) -> None:
        self.folder, self._sshd = folder, sshd
        self.config = folder / "ssh_config"
        self.environment = {"BENCH_SSH_CONFIG": str(self.config), "BENCH_LEASE": str(folder / "lease")}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.device, self.device2 = SshDevice(folder / "one", "loop"), SshDevice(folder / "two", "loop2")
        self._ports = (free_port(), free_port())
        self._process: subprocess.Popen[bytes] | None = None
        for key in ("host_key", "user_key", "strange_key"):
            _make_key(folder / key)
        self.let_in()
        self.wire = Wire(self._ports[0])
        self._write_known_hosts()
        self._write_config()

    def start(self) -> None:
        """Start the server, at the same ports as before; returns when it answers."""
        self._write_server_config()
        if os.geteuid() == 0:
            # Only the system's service makes the folder that sshd wants as root.
            Path("/run/sshd").mkdir(mode=0o755, parents=True, exist_ok=True)
        command = [self._sshd, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with open(self.folder / "sshd.log", "ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        for port in self._ports:
            self._wait_for(port)

    def stop(self) -> None:
        """End the server; its connections go on, as they do when sshd is restarted."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None

    def restart(self) -> None:
        """Stop and start: what was changed of devices or keys counts from then on."""
        self.stop()
        self.start()

    def cut_connections(self) -> int:
        """Kill the server's side of all connections, not what they started; returns how many there were."""
        return self._signal_sessions(signal.SIGKILL)

    def hold_connections(self) -> None:
        """Let the server's side of all connections stand still, as when a link is dead."""
        self._signal_sessions(signal.SIGSTOP)

    def release_connections(self) -> None:
        """Undo `hold_connections`."""
        self._signal_sessions(signal.SIGCONT)

    def num_connections(self) -> int:
        """Return how many connections are open."""
        return self._signal_sessions(0)

    def change_host_key(self) -> None:
        """Give the server another host key than the one that known_hosts has."""
        for name in ("host_key", "host_key.pub"):
            (self.folder / name).unlink()
        _make_key(self.folder / "host_key")
        self.restart()

    def lock_out(self) -> None:
        """Let the server know no user key any more."""
        (self.folder / "authorized_keys").write_text("")

    def let_in(self) -> None:
        """Let the server know the user's key."""
        shutil.copy(self.folder / "user_key.pub", self.folder / "authorized_keys")

    def run(self, alias: str, command: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Run a command on a device with plain ssh."""
        line = ["ssh", "-F", str(self.config), "-o", "BatchMode=yes", alias, command]
        settings = {
            "capture_output": True,
            "text": True,
            "timeout": 60,
            "stdin": subprocess.DEVNULL,
            **options,
        }
        return subprocess.run(line, **settings)  # type: ignore[call-overload,no-any-return]

    def log(self) -> str:
        """Return what the server wrote so far."""
        return (self.folder / "sshd.log").read_text(errors="replace")

    def close(self) -> None:
        """End everything and unmount what devices mounted."""
        self.release_connections()
        self.cut_connections()
        self.stop()
        self.wire.close()
        self.device.close()
        self.device2.close()

    def _sessions(self) -> list[psutil.Process]:
        # The listener's children, and theirs where the server separates privileges.
        try:
            children = psutil.Process(self._process.pid).children(recursive=True) if self._process else []
            return [child for child in children if child.name().startswith("sshd")]
        except psutil.NoSuchProcess:
            return []

    def _signal_sessions(self, number: int) -> int:
        sessions = self._sessions()
        for session in sessions:
            try:
                session.send_signal(number)
            except psutil.NoSuchProcess:
                continue
        return len(sessions)

    def _wait_for(self, port: int) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                    if connection.recv(4) == b"SSH-":
                        return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"sshd does not answer at port {port}: {self.log()[-2000:]}")

    def _write_server_config(self) -> None:
        sftp = next((path for path in _SFTP if Path(path).exists()), "internal-sftp")
        listen = "\n".join(f"ListenAddress 127.0.0.1:{port}" for port in self._ports)
        text = _SERVER.format(listen=listen, folder=self.folder, sftp=sftp)
        for port, device in zip(self._ports, (self.device, self.device2), strict=True):
            variables = " ".join(f"{name}={value}" for name, value in device.environment.items())
            text += _DEVICE.format(port=port, variables=variables, login=device.folder / "login")
        (self.folder / "sshd_config").write_text(text)

    def _write_known_hosts(self) -> None:
        key = (self.folder / "host_key.pub").read_text()
        ports = (*self._ports, self.wire.port)
        (self.folder / "known_hosts").write_text("".join(f"[127.0.0.1]:{port} {key}" for port in ports))
        (self.folder / "no_known_hosts").write_text("")

    def _write_config(self) -> None:
        first, second = self._ports
        text = self._alias("loop", first) + self._alias("loop2", second)
        text += self._alias("wire", self.wire.port)
        text += self._alias("jump", second) + "  ProxyJump loop\n"
        text += self._alias("stranger", first, key="strange_key")
        text += self._alias("nowhere", free_port())
        text += self._alias("unknown", first, known_hosts="no_known_hosts")
        self.config.write_text(text)

    def _alias(self, alias: str, port: int, key: str = "user_key", known_hosts: str = "known_hosts") -> str:
        user = pwd.getpwuid(os.geteuid()).pw_name
        return _ALIAS.format(
            alias=alias, port=port, user=user, folder=self.folder, key=key, known_hosts=known_hosts
        )


def free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _make_key(path: Path) -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "rig", "-f", str(path)]
    subprocess.run(command, check=True, timeout=30, stdin=subprocess.DEVNULL)


@pytest.fixture
def ssh_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshRig]:
    """A running server; skipped where OpenSSH is not installed."""
    sshd = find_sshd()
    if sshd is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        pytest.skip("OpenSSH's server or client is not installed (Debian: openssh-server, openssh-client)")
    # A short path: sockets below it must fit into 107 bytes.
    rig = SshRig(tmp_path_factory.mktemp("rig"), sshd)
    try:
        rig.start()
        yield rig
    finally:
        rig.close()
