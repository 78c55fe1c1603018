"""The packages of a device's private environment, pinned by hash for each Python and machine. Pure but for
reading the locks, which `.ci/lock_wheels.py` writes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import HostError

_LOCKS = Path(__file__).parent / "wheels"
_ANY = "any"
# Wheels of at most this glibc's tag run there: manylinux_2_28, manylinux2014 (2.17).
_TAG = re.compile(r"manylinux(?:_(\d+)_(\d+)|(2014))_")


@dataclass(frozen=True)
class Wheel:
    """One file of a package index.

    Attributes:
        machine: `aarch64`, `x86_64`, or `any`.
    """

    name: str
    version: str
    file: str
    sha256: str
    size_bytes: int
    machine: str

    @property
    def least_glibc(self) -> tuple[int, int]:
        """The glibc that it needs; (0, 0) for none."""
        tags = [(2, 17) if found[3] else (int(found[1]), int(found[2])) for found in _TAG.finditer(self.file)]
        return min(tags, default=(0, 0))


@dataclass(frozen=True)
class Environment:
    """What is to be installed on a device.

    Attributes:
        key: changes with any of it, and with the device's Python.
        python: as (3, 11).
        wheels: to install.
        pip: pip's own wheel, for devices that have none.
    """

    key: str
    python: tuple[int, int]
    wheels: tuple[Wheel, ...]
    pip: Wheel

    @property
    def requirements(self) -> str:
        """The wheels as pip reads them, each with its hash."""
        return "".join(f"{one.name}=={one.version} --hash=sha256:{one.sha256}\n" for one in self.wheels)

    @property
    def least_glibc(self) -> tuple[int, int]:
        """The glibc that all of it needs."""
        return max(wheel.least_glibc for wheel in self.wheels)

    @property
    def size_bytes(self) -> int:
        """Of the wheels, as they are sent."""
        return sum(wheel.size_bytes for wheel in (*self.wheels, self.pip))


def environment_of(python: Sequence[int], machine: str) -> Environment:
    """Return what to install on a device.

    Args:
        python: its version, as [3, 11, 2].

    Raises:
        HostError: there are no wheels for that Python or machine.
    """
    version = (int(python[0]), int(python[1]))
    path = _LOCKS / f"python{version[0]}.{version[1]}.txt"
    wheels = [wheel for wheel in _read(path) if wheel.machine in (machine, _ANY)] if path.is_file() else []
    if len({wheel.machine for wheel in wheels} - {_ANY}) == 0:
        raise HostError(
            f"no wheels are pinned for Python {version[0]}.{version[1]} on {machine}, expected Python "
            f"{' or '.join(pinned_pythons())} on aarch64 or x86_64; use a system that has one of these"
        )
    chosen = tuple(wheel for wheel in wheels if wheel.name != "pip")
    pip = next(wheel for wheel in wheels if wheel.name == "pip")
    return Environment(_key(version, chosen), version, chosen, pip)


def pinned_pythons() -> list[str]:
    """Return the Pythons that there are wheels for, as `3.11`."""
    return sorted(path.stem.removeprefix("python") for path in _LOCKS.glob("python*.txt"))


def _key(python: tuple[int, int], wheels: Sequence[Wheel]) -> str:
    digest = hashlib.sha256("\n".join(sorted(wheel.sha256 for wheel in wheels)).encode()).hexdigest()
    return f"py{python[0]}{python[1]}-{digest[:16]}"


def _read(path: Path) -> Iterator[Wheel]:
    """Yield the wheels of a lock: comments name the files of the next package, in the order of its hashes."""
    files: list[tuple[str, str, str]] = []
    for entry in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if entry.startswith("#"):
            words = entry.removeprefix("#").split()
            files += [(words[0], words[1], words[2])] if entry.endswith(".whl") else []
        elif entry.strip():
            pinned, *hashes = entry.split()
            name, _, version = pinned.partition("==")
            for (machine, size, file), digest in zip(files, hashes, strict=True):
                yield Wheel(name, version, file, digest.partition("sha256:")[2], int(size), machine)
            files = []
