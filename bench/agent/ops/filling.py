"""Brings packages into an empty environment: from what was sent, or from the package index by pip.

Standard library only.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from bench.agent.ops import OpError
from bench.agent.ops.environment import python_of
from bench.agent.ops.pip_failures import name_failure
from bench.agent.ops.pip_running import clean_environment, has_pip, install_arguments, pip_command, run_told
from bench.agent.ops.unpacking import unpack_wheel
from bench.agent.places import FILES
from bench.agent.session import Session


@dataclass(frozen=True)
class Wanted:
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


class FailureError(Exception):
    """The packages cannot be installed in the way that was asked for; another may work."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def require_source(wanted: Wanted) -> None:
    """Hold that packages can come from where they shall, before anything is made.

    Raises:
        FailureError: the system has no pip that could ask for them.
    """
    if not wanted.wheels and not has_pip():
        raise FailureError("no_pip", "there is no pip of 22.3 or later")


def fill(session: Session, venv: Path, wanted: Wanted) -> None:
    """Bring the packages into an empty environment: from what was sent, or from the package index."""
    if wanted.pip or not wanted.wheels:
        _run_pip(session, venv, wanted)
        return
    packages = next(venv.glob("lib/python*/site-packages"))
    for number, (name, sha256) in enumerate(wanted.wheels.items(), 1):
        session.progress(line=f"unpacking {name} ({number} of {len(wanted.wheels)})")
        unpack_wheel(_sent(session.root, name, sha256), sha256, name, packages)


def _run_pip(session: Session, venv: Path, wanted: Wanted) -> None:
    """Install from the index; what pip needs meanwhile lies in the environment's folder and is removed."""
    place = venv / "scratch"
    place.mkdir()
    requirements = place / "requirements.txt"
    requirements.write_text(wanted.requirements, encoding="utf-8")
    pip = _lay_out_pip(session.root, place, wanted) if wanted.pip else None
    watch = Watch(session, time.monotonic() + wanted.network_seconds)
    command = [*pip_command(python_of(venv), pip), *install_arguments(requirements)]
    code, lines = run_told(command, clean_environment(place), wanted.timeout_seconds, watch.goes_on)
    if code != 0:
        cause, text = name_failure(lines, code, is_waiting=watch.deadline is not None)
        if cause == "disk_full":
            raise OpError("disk_full", text)
        raise FailureError(cause, text)
    shutil.rmtree(place, ignore_errors=True)


class Watch:
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


def _lay_out_pip(root: Path, place: Path, wanted: Wanted) -> Path:
    """Give pip's wheel the name by which pip knows itself."""
    wheel = place / wanted.pip
    wheel.symlink_to(_sent(root, wanted.pip, wanted.wheels[wanted.pip]))
    return wheel


def _sent(root: Path, name: str, sha256: str) -> Path:
    path = root / FILES / f"{sha256}.whl"
    if not path.is_file():
        raise OpError("host_error", f"{path}: was not sent, expected {name}; set up again")
    return path
