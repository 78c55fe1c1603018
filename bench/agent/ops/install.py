"""Installs a private environment: an empty one beside its place, the packages into it, an import of each.

A whole environment appears under its key at once, so that what a killed installation left is never taken for
one. Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.agent.ops import OpError
from bench.agent.ops.arguments import matched, seconds_of, size_of
from bench.agent.ops.environment import STATE_NAME, VENVS, key_of, python_of, read_state, remove_others
from bench.agent.ops.idle import require_no_keeper
from bench.agent.ops.pip_failures import name_failure
from bench.agent.ops.pip_running import clean_environment, has_pip, install_arguments, pip_command, run_told
from bench.agent.ops.runtimes import REQUIRED, import_packages
from bench.agent.ops.unpacking import unpack_wheel
from bench.agent.ops.venv_making import make_venv
from bench.agent.places import FILES, folder_below, write_json
from bench.agent.session import Session

# What another installation on this device may take before this one gives up waiting for it.
_WAIT_SECONDS = 900.0
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WHEEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}\.whl")
_MAX_TEXT = 100_000


@dataclass(frozen=True)
class _Wanted:
    """What the controller asks for.

    Attributes:
        requirements: as pip reads them, each with its hash.
        wheels: file name -> sha256 of those that were sent, in their order; empty to ask the package index.
        pip: file name of pip's own wheel, then the only one of `wheels`: to ask the index by it.
        network_seconds: after which the first package must come from the index.
    """

    key: str
    requirements: str
    wheels: dict[str, str]
    pip: str
    needed_bytes: int
    network_seconds: int
    timeout_seconds: float


class _FailureError(Exception):
    """The packages cannot be installed in the way that was asked for; another may work."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def install(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Install an environment unless it is there.

    Progress tells pip's lines, and an empty one where it is silent.

    Returns:
        `environment`, as `runtimes` tells it, or `failure` with its `cause` in one word (see `pip_failures`;
        `no_pip`, `import` besides) and a `message`.

    Raises:
        OpError: it can be installed in no way.
    """
    try:
        return {"environment": _installed(session, _read(request))}
    except _FailureError as failure:
        return {"failure": {"cause": failure.cause, "message": str(failure)}}


def _installed(session: Session, wanted: _Wanted) -> dict[str, Any]:
    venvs = folder_below(session.root, VENVS)
    with _alone(session, venvs):
        state = read_state(session.root, wanted.key)
        if state is None:
            require_no_keeper(session.root)
            _require_room(venvs, wanted.needed_bytes)
            _install(session, venvs, wanted)
            state = read_state(session.root, wanted.key)
        if state is None:
            raise OpError("host_error", f"{venvs / wanted.key}: is not whole after it was installed")
        _remove_wheels(session.root, wanted)
    return state


def _read(request: dict[str, Any]) -> _Wanted:
    wheels = request.get("wheels") or {}
    requirements = request.get("requirements")
    if not isinstance(wheels, dict) or not isinstance(requirements, str) or len(requirements) > _MAX_TEXT:
        raise OpError("bad_request", "expected wheels by file name, and requirements as a text")
    for name, sha256 in wheels.items():
        matched(name, _WHEEL, "wheels", "file names of wheels")
        matched(sha256, _SHA256, f"wheels.{name}", "64 hex digits")
    pip = request.get("pip", "")
    if pip and list(wheels) != [pip]:
        raise OpError("bad_request", f"pip: got {pip!r}, expected the only one of the wheels")
    return _Wanted(
        key_of(request),
        requirements,
        wheels,
        pip,
        size_of(request, "needed_bytes", 0),
        size_of(request, "network_seconds", 15),
        seconds_of(request, "timeout"),
    )


@contextlib.contextmanager
def _alone(session: Session, venvs: Path) -> Iterator[None]:
    """Hold off every other installation below this root; the lock goes with its process."""
    deadline = time.monotonic() + _WAIT_SECONDS
    with open(venvs / ".lock", "w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as problem:
                if time.monotonic() >= deadline:
                    raise OpError("busy", "another setup of this device does not come to an end") from problem
                session.progress(line="waiting for another setup of this device")
                time.sleep(2.0)
            else:
                break
        yield


def _require_room(folder: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise OpError(
            "disk_full",
            f"{folder}: {free >> 20} MiB are free there, expected {needed_bytes >> 20}; make room, or name "
            "another `root` in the hosts file",
        )


def _install(session: Session, venvs: Path, wanted: _Wanted) -> None:
    # Scratch folders of the dead: whoever holds the lock is the only one.
    for left in venvs.glob("*.scratch"):
        shutil.rmtree(left, ignore_errors=True)
    scratch = venvs / f"{wanted.key}.{os.getpid()}.scratch"
    began = time.monotonic()
    try:
        how = make_venv(scratch)
        session.progress(line=f"an empty environment is made ({how})")
        _fill(session, scratch, wanted)
        packages = import_packages(python_of(scratch))
        _require_packages(packages)
        seconds = round(time.monotonic() - began, 1)
        state = {
            "system_python": list(sys.version_info[:2]),
            "packages": packages,
            "made": how,
            "seconds": seconds,
        }
        write_json(scratch / STATE_NAME, state)
        shutil.rmtree(venvs / wanted.key, ignore_errors=True)
        os.rename(scratch, venvs / wanted.key)
        remove_others(session.root, wanted.key)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _fill(session: Session, venv: Path, wanted: _Wanted) -> None:
    """Bring the packages into an empty environment: from what was sent, or from the package index."""
    if wanted.pip or not wanted.wheels:
        _run_pip(session, venv, wanted)
        return
    packages = next(venv.glob("lib/python*/site-packages"))
    for number, (name, sha256) in enumerate(wanted.wheels.items(), 1):
        session.progress(line=f"unpacking {name} ({number} of {len(wanted.wheels)})")
        unpack_wheel(_sent(session.root, name, sha256), sha256, name, packages)


def _run_pip(session: Session, venv: Path, wanted: _Wanted) -> None:
    """Install from the index; what pip needs meanwhile lies in the environment's folder and is removed."""
    if not wanted.pip and not has_pip():
        raise _FailureError("no_pip", "there is no pip of 22.3 or later")
    place = venv / "scratch"
    place.mkdir()
    requirements = place / "requirements.txt"
    requirements.write_text(wanted.requirements, encoding="utf-8")
    pip = _lay_out_pip(session.root, place, wanted) if wanted.pip else None
    watch = _Watch(session, time.monotonic() + wanted.network_seconds)
    command = [*pip_command(python_of(venv), pip), *install_arguments(requirements)]
    code, lines = run_told(command, clean_environment(place), wanted.timeout_seconds, watch.goes_on)
    if code != 0:
        cause, text = name_failure(lines, code, is_waiting=watch.deadline is not None)
        if cause == "disk_full":
            raise OpError("disk_full", text)
        raise _FailureError(cause, text)
    shutil.rmtree(place, ignore_errors=True)


class _Watch:
    """Tells pip's lines to the controller, and gives an index up from which nothing comes.

    Without a network pip needs a minute to say that there is none.
    """

    def __init__(self, session: Session, deadline: float | None) -> None:
        self.deadline = deadline
        self._session = session

    def goes_on(self, line: str) -> bool:
        """Tell a line; returns whether pip shall go on."""
        self._session.progress(line=line)
        if line.startswith("Downloading"):
            self.deadline = None
        return self.deadline is None or time.monotonic() < self.deadline


def _lay_out_pip(root: Path, place: Path, wanted: _Wanted) -> Path:
    """Give pip's wheel the name by which pip knows itself."""
    wheel = place / wanted.pip
    wheel.symlink_to(_sent(root, wanted.pip, wanted.wheels[wanted.pip]))
    return wheel


def _sent(root: Path, name: str, sha256: str) -> Path:
    path = root / FILES / f"{sha256}.whl"
    if not path.is_file():
        raise OpError("host_error", f"{path}: was not sent, expected {name}; set up again")
    return path


def _require_packages(packages: dict[str, dict[str, str]]) -> None:
    broken = {name: found["error"] for name, found in packages.items() if "error" in found}
    able = [name for name in packages if name not in REQUIRED and name not in broken]
    if able and not any(name in broken for name in REQUIRED):
        return
    told = "; ".join(f"{name}: {error}" for name, error in broken.items())
    raise _FailureError("import", f"packages were installed but cannot be imported: {told}")


def _remove_wheels(root: Path, wanted: _Wanted) -> None:
    """Remove pushed wheels: as large as what was made of them, and not needed again."""
    for sha256 in wanted.wheels.values():
        (root / FILES / f"{sha256}.whl").unlink(missing_ok=True)
