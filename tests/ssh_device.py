"""A device of the loopback SSH server: a home and a PATH of its own, with faults that a test can switch on.

The device is this machine under another HOME, so the product's cache there is private to one test. What
runs the server is in `ssh_rig`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

# sshd starts in the home of the password file; a device has another one.
_LOGIN = """#!/bin/sh
cd "$HOME" || exit 1
[ -n "$SSH_ORIGINAL_COMMAND" ] || exec {shell}
exec {shell} -c "$SSH_ORIGINAL_COMMAND"
"""

# Answers in the words of Raspberry Pi OS's vcgencmd. A file `throttled.next` holds answers for the next
# calls, a line each; they come before the standing answer. Every call is noted in `calls`.
_VCGENCMD = """#!/bin/sh
cd {state} || exit 1
echo "$*" >> calls
case "$1" in
measure_temp) echo "temp=$(cat temperature)'C" ;;
get_throttled)
    if [ -s throttled.next ]; then
        value=$(head -n 1 throttled.next); sed -i 1d throttled.next
    else
        value=$(cat throttled)
    fi
    echo "throttled=$value" ;;
measure_clock) echo "frequency(48)=$(cat clock)" ;;
pmic_read_adc) [ -s pmic ] && exec cat pmic
    echo 'error=1 error_msg="Command not registered"'; exit 255 ;;
version) printf '%s\\n' 'Jan  8 2025 17:52:48 ' 'Copyright (c) 2012 Broadcom' 'version 0 (clean)' ;;
*) echo 'error=1 error_msg="Command not registered"'; exit 255 ;;
esac
"""

# A library that shifts the clock of programs; in the Debian package `faketime`.
_FAKETIME = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")


class SshDevice:
    """One device behind an alias.

    Attributes:
        folder: of everything that belongs to the device.
        home: what `$HOME` is there.
        bin: first folder of the device's PATH.
        environment: of everything that runs there; what is changed counts from the server's next start.
        alias: its name in the ssh configuration.
    """

    def __init__(self, folder: Path, alias: str) -> None:
        self.folder, self.alias = folder, alias
        self.home, self.bin = folder / "home", folder / "bin"
        self._pi = folder / "vcgencmd"
        self._mounted: list[Path] = []
        self.environment = {"HOME": str(self.home), "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin"}
        # Otherwise every device would be one board, this machine, and share its lease with whoever measures.
        self.environment["BENCH_LEASE"] = str(folder / "lease")
        for made in (self.home, self.bin, self._pi):
            made.mkdir(parents=True)
        self.use_python(Path(getattr(sys, "_base_executable", sys.executable)))
        self._write_program(folder / "login", _LOGIN.format(shell=os.environ.get("SHELL") or "/bin/sh"))

    @property
    def cache(self) -> Path:
        """The folder that the product may write to on this device."""
        return self.home / ".cache" / "detector-bench"

    def use_python(self, python: Path) -> None:
        """Choose what `python3` is on the device; the default is the tests' Python without its packages."""
        self.write_program("python3", f'#!/bin/sh\nexec {python} "$@"\n')

    def write_program(self, name: str, text: str) -> Path:
        """Put a program on the device's PATH, before the system's own of that name."""
        return self._write_program(self.bin / name, text)

    def hide_program(self, name: str) -> None:
        """Let a program answer as one that is not installed."""
        self.write_program(name, f'#!/bin/sh\necho "sh: 1: {name}: not found" >&2\nexit 127\n')

    def become_pi(
        self, *, temperature_c: float = 48.0, throttled: int = 0, clock_hz: int = 1_800_000_000
    ) -> None:
        """Install a `vcgencmd` that answers with these figures until they are set again."""
        self.write_program("vcgencmd", _VCGENCMD.format(state=self._pi))
        self.set_temperature(temperature_c)
        self.set_throttled(throttled)
        (self._pi / "clock").write_text(f"{clock_hz}\n")

    def set_temperature(self, celsius: float) -> None:
        """Set what `vcgencmd measure_temp` says."""
        (self._pi / "temperature").write_text(f"{celsius:.1f}\n")

    def set_throttled(self, bits: int, *, next_answers: tuple[int, ...] = ()) -> None:
        """Set what `vcgencmd get_throttled` says: `next_answers` once each, then `bits`."""
        (self._pi / "throttled").write_text(f"{bits:#x}\n")
        (self._pi / "throttled.next").write_text("".join(f"{answer:#x}\n" for answer in next_answers))

    def set_pmic(self, text: str) -> None:
        """Set what `vcgencmd pmic_read_adc` says; it is unknown to a board without that chip."""
        (self._pi / "pmic").write_text(text)

    def vcgencmd_calls(self) -> list[str]:
        """Return the arguments of all calls of vcgencmd so far."""
        calls = self._pi / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def make_login_noisy(self) -> None:
        """Let the login shell print to standard output and error, as rc files of people do."""
        noise = 'echo "Welcome to my Pi! {" ; echo "disk is 80% full" >&2\n'
        for name in (".bashrc", ".profile", ".bash_profile", ".zshenv"):
            (self.home / name).write_text(noise)

    def shift_clock(self, seconds: int) -> None:
        """Shift the wall clock of programs on the device, from the next start; monotonic clocks stay.

        Skips the test where the library for it is not installed.
        """
        found = [path for pattern in _FAKETIME for path in Path("/").glob(pattern[1:])]
        if not found:
            pytest.skip("the Debian package faketime is not installed, which shifts a device's clock")
        self.environment |= {"LD_PRELOAD": str(found[0]), "FAKETIME": f"{seconds:+d}"}
        self.environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"

    def limit_disk(self, size_kib: int) -> None:
        """Make the device's home a file system of this size; skips the test where nothing may be mounted."""
        if os.geteuid() != 0:
            pytest.skip("only root can mount a small file system")
        command = ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k,mode=0755", "tmpfs", str(self.home)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        if done.returncode:
            pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
        self._mounted.append(self.home)

    def processes(self) -> list[psutil.Process]:
        """Return the processes whose HOME is this device's, the server's own left out."""
        own = [process for process in psutil.process_iter(["name"]) if _home_of(process) == str(self.home)]
        return [process for process in own if process.info["name"] != "sshd"]

    def running(self, module: str) -> list[psutil.Process]:
        """Return the processes that run a Python module; those that end meanwhile are none."""
        return [process for process in self.processes() if module in _line_of(process)]

    def kill_processes(self, signal_number: int = signal.SIGKILL) -> int:
        """Signal everything that runs on the device, as a reboot would; returns how many it were."""
        found = self.processes()
        for process in found:
            try:
                process.send_signal(signal_number)
            except psutil.NoSuchProcess:
                continue
        return len(found)

    def close(self) -> None:
        """End what still runs on the device and unmount its file systems."""
        psutil.wait_procs(self.processes() if self.kill_processes() else [], timeout=10)
        while self._mounted:
            subprocess.run(["umount", "-l", str(self._mounted.pop())], check=False, timeout=30)
        shutil.rmtree(self.home, ignore_errors=True)

    @staticmethod
    def _write_program(path: Path, text: str) -> Path:
        # A new file each time: one that runs at this moment cannot be written to.
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path


def _line_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _home_of(process: psutil.Process) -> str:
    try:
        return process.environ().get("HOME", "")
    except psutil.Error:
        return ""
