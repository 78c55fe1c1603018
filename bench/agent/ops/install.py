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
from pathlib import Path
from typing import Any

from bench.agent.ops import OpError
from bench.agent.ops.arguments import matched, seconds_of, size_of
from bench.agent.ops.environment import STATE_NAME, VENVS, key_of, python_of, read_state, remove_others
from bench.agent.ops.filling import FailureError, Wanted, fill, require_source
from bench.agent.ops.idle import require_no_keeper
from bench.agent.ops.runtimes import REQUIRED, import_packages
from bench.agent.ops.venv_making import make_venv
from bench.agent.places import FILES, folder_below, write_json
from bench.agent.session import Session

# What another installation on this device may take before this one gives up waiting for it.
_WAIT_SECONDS = 900.0
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WHEEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}\.whl")
_MAX_TEXT = 100_000


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
    except FailureError as failure:
        return {"failure": {"cause": failure.cause, "message": str(failure)}}


def _installed(session: Session, wanted: Wanted) -> dict[str, Any]:
    venvs = folder_below(session.root, VENVS)
    with _alone(session, venvs):
        state = read_state(session.root, wanted.key)
        if state is None:
            require_no_keeper(session.root)
            require_source(wanted)
            _require_room(venvs, wanted.needed_bytes)
            _install(session, venvs, wanted)
            state = read_state(session.root, wanted.key)
        if state is None:
            raise OpError("host_error", f"{venvs / wanted.key}: is not whole after it was installed")
        _remove_wheels(session.root, wanted)
    return state


def _read(request: dict[str, Any]) -> Wanted:
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
    return Wanted(
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


def _install(session: Session, venvs: Path, wanted: Wanted) -> None:
    # Scratch folders of the dead: whoever holds the lock is the only one.
    for left in venvs.glob("*.scratch"):
        shutil.rmtree(left, ignore_errors=True)
    scratch = venvs / f"{wanted.key}.{os.getpid()}.scratch"
    began = time.monotonic()
    try:
        how = make_venv(scratch)
        session.progress(line=f"an empty environment is made ({how})")
        fill(session, scratch, wanted)
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


def _require_packages(packages: dict[str, dict[str, str]]) -> None:
    broken = {name: found["error"] for name, found in packages.items() if "error" in found}
    able = [name for name in packages if name not in REQUIRED and name not in broken]
    if able and not any(name in broken for name in REQUIRED):
        return
    told = "; ".join(f"{name}: {error}" for name, error in broken.items())
    raise FailureError("import", f"packages were installed but cannot be imported: {told}")


def _remove_wheels(root: Path, wanted: Wanted) -> None:
    """Remove pushed wheels: as large as what was made of them, and not needed again."""
    for sha256 in wanted.wheels.values():
        (root / FILES / f"{sha256}.whl").unlink(missing_ok=True)
