"""What setting up asks of a board, and what it leaves there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bench.hosts.base import HostFile, OnTransfer


class Board(Protocol):
    """A board that answers operations, see `bench.hosts.ssh.host.SshHost`."""

    @property
    def hello(self) -> dict[str, Any]:
        """What the device said of itself when it was reached."""

    def call(
        self,
        op: str,
        body: bytes = b"",
        timeout_seconds: float = ...,
        on_progress: Callable[[dict[str, Any]], None] | None = None,
        **values: Any,
    ) -> tuple[dict[str, Any], bytes]:
        """Ask for one operation."""

    def put(self, files: Sequence[HostFile], on_transfer: OnTransfer | None = None) -> dict[str, str]:
        """Send files that the device lacks."""


@dataclass(frozen=True)
class Installed:
    """The private environment of a board.

    Attributes:
        python: path of its Python there.
        packages: name -> `version`, or the `error` of importing it.
        is_new: it was installed just now.
    """

    python: str
    packages: dict[str, dict[str, str]]
    is_new: bool
