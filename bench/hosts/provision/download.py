"""Fetches wheels for a device on this machine, by the user's own pip and its configuration; kept by hash."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.core.places import cache_folder
from bench.errors import HostError
from bench.hosts.base import HostFile
from bench.hosts.provision.locks import Environment, Wheel

OnLine = Callable[[str], None]

_TIMEOUT_SECONDS = 1800.0
_QUOTED_LINES = 4
# Two boards of one run want the same files at once.
_LOCK = threading.Lock()


def fetch_wheels(environment: Environment, wheels: Iterable[Wheel], on_line: OnLine) -> dict[str, HostFile]:
    """Return wheels as files of this machine, by file name; those that are not kept yet are downloaded.

    Raises:
        HostError: one cannot be had, or is not the one that was pinned.
    """
    folder = cache_folder() / "wheels"
    wanted = list(wheels)
    with _LOCK:
        missing = [wheel for wheel in wanted if not _place(folder, wheel).is_file()]
        if missing:
            size = sum(wheel.size_bytes for wheel in missing) / 1e6
            on_line(f"downloading {len(missing)} packages for the device here ({size:.0f} MB)")
            _download(folder, environment, missing)
    return {wheel.file: HostFile(_place(folder, wheel), wheel.sha256) for wheel in wanted}


def _place(folder: Path, wheel: Wheel) -> Path:
    # The name ends in .whl, so that the device's copy does, too.
    return folder / f"{wheel.sha256}.whl"


def _download(folder: Path, environment: Environment, wheels: list[Wheel]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, suffix=".scratch") as scratch:
        _run_pip(Path(scratch), environment, wheels)
        for wheel in wheels:
            path = Path(scratch) / wheel.file
            if not path.is_file():
                raise HostError(f"pip fetched no {wheel.file}, expected it from the package index")
            found = hashlib.sha256(path.read_bytes()).hexdigest()
            if found != wheel.sha256:
                raise HostError(f"{wheel.file}: its hash is {found}, expected {wheel.sha256}")
            os.replace(path, _place(folder, wheel))


def _run_pip(scratch: Path, environment: Environment, wheels: list[Wheel]) -> None:
    machine = next(wheel.machine for wheel in environment.wheels if wheel.machine != "any")
    tags = sorted({tag for wheel in wheels for tag in _tags(wheel)} | {f"manylinux_2_28_{machine}"})
    platforms = [word for tag in tags for word in ("--platform", tag)]
    requirements = scratch / "requirements.txt"
    lines = [f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n" for wheel in wheels]
    requirements.write_text("".join(lines), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--no-deps"),
        *("--require-hashes", "--only-binary", ":all:", "--implementation", "cp", "--progress-bar", "off"),
        *("--python-version", ".".join(map(str, environment.python)), *platforms),
        *("--dest", str(scratch), "--requirement", str(requirements)),
    ]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise HostError(f"packages for the device cannot be downloaded here: {problem}") from problem
    if done.returncode:
        raise HostError(_failure(done.stderr.decode(errors="replace")))


def _tags(wheel: Wheel) -> list[str]:
    """Return the platform tags of a file name; none for `any`."""
    return [tag for tag in wheel.file.removesuffix(".whl").split("-")[-1].split(".") if tag != "any"]


def _failure(said: str) -> str:
    if "No module named pip" in said:
        cure = (
            f"give it one (`{sys.executable} -m ensurepip`), or let the device fetch them (--wheels device)"
        )
        return f"packages for the device cannot be downloaded here, this Python has no pip; {cure}"
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("WARNING")]
    told = " / ".join(lines[-_QUOTED_LINES:])[:600]
    return f"packages for the device cannot be downloaded here: {told}"
