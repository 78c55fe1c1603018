"""An emulated Raspberry Pi: an aarch64 Debian under QEMU, reached by OpenSSH on a port of loopback.

It is not a clock: inference takes 100 to 700 times as long as on the board, and nothing slows when it is
hot. Its temperature and its throttling are what a test says. Start it from a prepared image that
`BENCH_PI_IMAGE` names (a tar file), else it is built from Debian's packages as root (minutes, once, in the
folder that `BENCH_PI_CACHE` names).
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from pi_archive import Entry, pack
from pi_board import BOARDS, RAM_ADDRESS, SENSOR_REGISTER, write_device_tree
from pi_image import find_image
from ssh_rig import free_port
from ssh_wire import Wire

# What it takes, by the Debian package that has it.
PROGRAMS = {
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-img": "qemu-utils",
    "dtc": "device-tree-compiler",
    "fdtoverlay": "device-tree-compiler",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}
_ALIAS = """\
Host {alias}
  HostName 127.0.0.1
  Port {port}
  User pi
  IdentityFile {folder}/user_key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  GlobalKnownHostsFile none
"""
_BOOT_SECONDS = 300.0
_CONSOLE = "console=ttyAMA0 root=/dev/vda rw quiet loglevel=4 systemd.show_status=0 net.ifnames=0 panic=5"


def missing_packages() -> list[str]:
    """Return Debian packages that are not installed and without which no Pi can be emulated."""
    return sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})


@dataclass(frozen=True)
class Machine:
    """What is emulated.

    Attributes:
        model: "4" or "5".
    """

    model: str = "4"
    num_cores: int = 4
    memory_mib: int = 2048
    temperature_c: float = 48.0


class EmulatedPi:
    """One emulated machine with a disk of its own.

    Attributes:
        folder: of keys, disk, configuration and logs.
        config: file for `ssh -F` with the aliases `pi` and `pi-wire`.
        environment: variables that make the product use that file.
        wire: between the alias `pi-wire` and the machine; counts bytes and can be cut.
        boot_seconds: from QEMU's start to the last login, of the last start.
    """

    def __init__(self, folder: Path, machine: Machine | None = None) -> None:
        """Prepare a machine.

        Raises:
            pi_image.ImageError: there is no image and none can be made.
        """
        self.folder, self.machine = folder, machine or Machine()
        self._board = BOARDS[self.machine.model]
        cache = Path(os.environ.get("BENCH_PI_CACHE") or folder / "cache")
        prepared = os.environ.get("BENCH_PI_IMAGE")
        self._image = find_image(cache, Path(prepared) if prepared else None)
        self._port = free_port()
        self.wire = Wire(self._port)
        self.config = folder / "ssh_config"
        self.environment = {"BENCH_SSH_CONFIG": str(self.config), "BENCH_LEASE": str(folder / "lease")}
        self.boot_seconds = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._temperature_c = self.machine.temperature_c
        self._prepare()

    def start(self) -> None:
        """Switch the machine on; returns when it can be logged in to."""
        begin = time.monotonic()
        with open(self.folder / "qemu.log", "ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        while self.run("true", timeout=60).returncode:
            if self._process.poll() is not None or time.monotonic() - begin > _BOOT_SECONDS:
                self.stop()
                raise RuntimeError(f"the emulated Pi does not answer: {self._last_words()}")
            time.sleep(0.5)
        self.boot_seconds = time.monotonic() - begin

    def stop(self) -> None:
        """Cut its power."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)
            self._process = None

    def reboot(self) -> None:
        """Cut its power and switch it on again: what was not yet written to its disk is lost."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Switch it off and remove its disk."""
        self.stop()
        self.wire.close()
        (self.folder / "disk.qcow2").unlink(missing_ok=True)

    def run(self, command: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command on it with plain ssh; one that does not answer in time has exit code 255."""
        line = [
            "ssh",
            "-F",
            str(self.config),
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=20",
            "pi",
            command,
        ]
        try:
            return subprocess.run(
                line, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(line, 255, "", "no answer in time")

    def set_temperature(self, celsius: float) -> None:
        """Set what its sensor measures, at once and over reboots; 110 degrees switch it off."""
        assert self._process is not None
        self._temperature_c = celsius
        word = struct.pack("<I", self._board.sensor_word(celsius))
        with open(self._memory_file(), "r+b", buffering=0) as memory:
            memory.seek(SENSOR_REGISTER - RAM_ADDRESS)
            memory.write(word)

    def set_throttled(self, bits: int) -> None:
        """Set what `vcgencmd get_throttled` says, until the next reboot."""
        done = self.run(f"echo {bits:#x} | sudo tee /run/vcgencmd/throttled")
        assert done.returncode == 0, done.stderr

    def make_bare(self) -> None:
        """Take away python3-venv's ensurepip, and give it a pip configuration with an index of its own.

        Raspberry Pi OS has such a one; this one leads nowhere.
        """
        configuration = r"[global]\nextra-index-url=https://packages.invalid/simple\n"
        command = "sudo mv /usr/lib/python3.*/ensurepip /usr/lib/no-ensurepip"
        done = self.run(f"{command} && printf '{configuration}' | sudo tee /etc/pip.conf")
        assert done.returncode == 0, done.stderr

    def _prepare(self) -> None:
        for key in ("host_key", "user_key"):
            self._make_key(self.folder / key)
        host_key = (self.folder / "host_key.pub").read_text()
        ports = {"pi": self._port, "pi-wire": self.wire.port}
        known = "".join(f"[127.0.0.1]:{port} {host_key}" for port in ports.values())
        (self.folder / "known_hosts").write_text(known)
        aliases = [_ALIAS.format(alias=a, port=port, folder=self.folder) for a, port in ports.items()]
        self.config.write_text("".join(aliases))
        (self.folder / "initrd.gz").write_bytes((self._image / "initrd.gz").read_bytes() + self._keys())
        write_device_tree(self.folder, self._board, self.machine.num_cores)
        disk = [
            "qemu-img",
            "create",
            "-q",
            "-f",
            "qcow2",
            "-F",
            "raw",
            "-b",
            str(self._image / "rootfs.ext4"),
        ]
        subprocess.run([*disk, str(self.folder / "disk.qcow2")], check=True, timeout=60)

    def _keys(self) -> bytes:
        host, public = self.folder / "host_key", self.folder / "host_key.pub"
        files = {"ssh_host_ed25519_key": host, "ssh_host_ed25519_key.pub": public}
        files["authorized_keys"] = self.folder / "user_key.pub"
        entries = [Entry(f"inject/{name}", path.read_bytes(), 0o600) for name, path in files.items()]
        return pack([Entry("inject"), *entries])

    def _command(self) -> list[str]:
        machine, folder = self.machine, self.folder
        memory = f"memory-backend-memfd,id=ram,size={machine.memory_mib}M,share=on"
        sensor = self._board.sensor_word(self._temperature_c)
        disk = f"if=none,id=d,file={folder / 'disk.qcow2'},format=qcow2,cache=unsafe,discard=unmap"
        network = f"user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:{self._port}-:22"
        options = {
            "-M": "virt,gic-version=2,memory-backend=ram",
            "-cpu": self._board.cpu,
            "-smp": str(machine.num_cores),
            "-m": str(machine.memory_mib),
            "-accel": "tcg,thread=multi,tb-size=256",
            "-kernel": str(self._image / "vmlinuz.gz"),
            "-initrd": str(folder / "initrd.gz"),
            "-dtb": str(folder / "pi.dtb"),
            "-append": _CONSOLE,
            "-object": memory,
            "-drive": disk,
            "-netdev": network,
            "-serial": f"file:{folder / 'console.log'}",
            "-display": "none",
        }
        devices = (
            f"loader,addr={SENSOR_REGISTER:#x},data={sensor:#x},data-len=4",
            "virtio-blk-device,drive=d",
        )
        devices += ("virtio-net-device,netdev=n", "virtio-rng-device")
        words = [word for pair in options.items() for word in pair]
        words += [word for device in devices for word in ("-device", device)]
        return ["qemu-system-aarch64", "-nodefaults", "-no-user-config", "-no-reboot", *words]

    def _memory_file(self) -> Path:
        assert self._process is not None
        size = self.machine.memory_mib << 20
        for descriptor in Path(f"/proc/{self._process.pid}/fd").iterdir():
            if "memfd:" in os.readlink(descriptor) and descriptor.stat().st_size == size:
                return descriptor
        raise RuntimeError("QEMU has no file for its machine's memory")

    def _last_words(self) -> str:
        logs = [self.folder / name for name in ("qemu.log", "console.log")]
        return "\n".join(log.read_text(errors="replace")[-1500:] for log in logs if log.exists())

    @staticmethod
    def _make_key(path: Path) -> None:
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "pi", "-f", str(path)]
        subprocess.run(command, check=True, timeout=30, stdin=subprocess.DEVNULL)
