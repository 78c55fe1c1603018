"""Setup: has a board install its packages, by its own pip or from files that are sent to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from bench.core.host import WheelSource
from bench.errors import HostError
from bench.hosts.provision.board import Board, Installed
from bench.hosts.provision.download import OnLine, fetch_wheels
from bench.hosts.provision.fitness import DISK_FACTOR
from bench.hosts.provision.locks import Environment, Wheel

INSTALL_SECONDS = 1800.0
# pip's silence is bridged by a sign of life every 5 s; unpacking the largest wheel on a slow card, or
# importing everything once, is not.
_SILENCE_SECONDS = 900.0
# The first package comes from the device's index within that time, or none does.
_INDEX_SECONDS: dict[WheelSource, int] = {"auto": 25, "device": 120}
_CHATTER = ("Collecting ", "Successfully installed", "Looking in ", "Using cached ")
_WHEEL_NAME = re.compile(r"\b([A-Za-z0-9_.]+-[0-9][^-\s]*)-\S+\.whl")
# What another way of bringing packages there cannot mend.
_FINAL = ("import",)


class _FailedError(HostError):
    """The device could not install; `cause` says why in one word, see `bench.agent.ops.install`."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class Setup:
    """Installs an environment on one board."""

    def __init__(self, board: Board, environment: Environment, on_line: OnLine) -> None:
        self._board, self._environment, self._on_line = board, environment, on_line

    def run(self, source: WheelSource) -> Installed:
        """Install it.

        Raises:
            HostError: no allowed way works; says why and what to do.
        """
        if source == "controller":
            return self._from_here()
        try:
            return self._from_index(_INDEX_SECONDS[source])
        except _FailedError as failure:
            if source == "device":
                return self._with_our_pip(failure)
            if failure.cause in _FINAL:
                raise
            self._on_line(f"the device does not fetch its packages itself: {failure}")
            return self._from_here()

    def _from_index(self, seconds: int) -> Installed:
        self._on_line("the device installs its packages")
        return self._install([], network_seconds=seconds)

    def _with_our_pip(self, failure: _FailedError) -> Installed:
        if failure.cause != "no_pip":
            raise HostError(f"{failure}; try --wheels controller") from failure
        self._on_line("the device has no pip: sending one")
        self._send([self._environment.pip])
        return self._install([self._environment.pip], network_seconds=_INDEX_SECONDS["device"])

    def _from_here(self) -> Installed:
        self._send(self._environment.wheels)
        return self._install(self._environment.wheels)

    def _send(self, wheels: Sequence[Wheel]) -> None:
        files = fetch_wheels(self._environment, wheels, self._on_line)
        self._on_line(f"sending {sum(wheel.size_bytes for wheel in wheels) / 1e6:.0f} MB of packages")
        self._board.put(list(files.values()))

    def _install(self, sent: Sequence[Wheel], network_seconds: int = 0) -> Installed:
        pip = self._environment.pip
        answer, _ = self._board.call(
            "install",
            timeout_seconds=_SILENCE_SECONDS,
            on_progress=_teller(self._on_line),
            key=self._environment.key,
            requirements=self._environment.requirements,
            wheels={wheel.file: wheel.sha256 for wheel in sent},
            pip=pip.file if pip in sent else "",
            needed_bytes=DISK_FACTOR * self._environment.size_bytes,
            network_seconds=network_seconds,
            timeout=INSTALL_SECONDS,
        )
        if "failure" in answer:
            raise _FailedError(answer["failure"]["cause"], answer["failure"]["message"])
        found = answer["environment"]
        return Installed(found["python"], found["packages"], is_new=True)


def _teller(on_line: OnLine) -> Callable[[dict[str, Any]], None]:
    """Return what tells the device's lines; empty ones are signs of life alone."""

    def tell(progress: dict[str, Any]) -> None:
        line = shorten(str(progress.get("line", "")))
        if line:
            on_line(line)

    return tell


def shorten(line: str) -> str:
    """Return what is worth telling of a line of the device or of its pip; empty for nothing."""
    if line.startswith(_CHATTER):
        return ""
    if line.startswith("Installing collected packages"):
        return "installing what was fetched"
    # A wheel's name says its version first, and its platforms behind.
    return _WHEEL_NAME.sub(r"\1", line.replace("Downloading ", "fetching "))
