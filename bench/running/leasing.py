"""The right to measure on a board: taken before anything is done there, kept while measuring, given back."""

from __future__ import annotations

import getpass
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.core.host import LOCAL
from bench.errors import HostError
from bench.hosts.base import BusyError, Host
from bench.running.team import StoppedError
from bench.wire.lease import LEASE_NAME, lease_path, read_lease

# Between two questions whether a busy board is free: each wakes the board while someone measures there.
ASK_SECONDS = 15.0


class Lease:
    """This run's right to measure on one board; used by the board's thread."""

    def __init__(self, host: Host, run_id: str) -> None:
        self._host, self._run_id, self._owner = host, run_id, owner_name()
        self.is_held = False

    def find_machine(self) -> str:
        """Return what two hosts share if they are the same machine; empty where it is not told.

        Its boot, wherever their users may write a lease; where a trial names a lease of its own, that, too.
        """
        answer = self._host.lease("show", self._owner, self._run_id)
        boot, path = answer.get("boot_id"), answer.get("path")
        if not boot or not path:
            return ""
        return str(boot) if Path(path).name == LEASE_NAME else f"{boot} {path}"

    def take(self, wait_seconds: float, stop: threading.Event, on_wait: Callable[[str], None]) -> None:
        """Take the board, waiting for another run to end.

        Args:
            on_wait: told who has it.

        Raises:
            HostError: someone else has it for longer than that.
            StoppedError: the run was asked to stop meanwhile.
        """
        deadline = time.monotonic() + wait_seconds
        while not self.is_held:
            try:
                self._ask()
            except BusyError as busy:
                left = deadline - time.monotonic()
                holder = busy.holder.removeprefix(f"{self._host.name}: ")
                if left <= 0:
                    raise HostError(_refusal(self._host.name, holder, wait_seconds)) from busy
                on_wait(f"waits: {holder}")
                if stop.wait(min(ASK_SECONDS, left)):
                    raise StoppedError("the run was asked to stop") from busy

    def renew(self) -> None:
        """Keep the board, or take it anew where a restart of it has ended the lease.

        Raises:
            HostError: it is another's meanwhile, or cannot be reached.
        """
        if self.is_held:
            self._ask()

    def release(self) -> None:
        """Give the board back."""
        if self.is_held:
            self._host.lease("release", self._owner, self._run_id)
            self.is_held = False

    def _ask(self) -> None:
        self._host.lease("take", self._owner, self._run_id)
        self.is_held = True


def require_free_machine(hosts: Sequence[str], wait_seconds: float) -> None:
    """Refuse a run on this machine alone before anything is built, which would disturb who measures here.

    Raises:
        HostError: someone measures here, and is not to be waited for.
    """
    found = read_lease(lease_path()) if tuple(hosts) == (LOCAL.name,) and not wait_seconds else None
    if found is not None:
        raise HostError(_refusal(LOCAL.name, found.describe(), 0.0))


def owner_name() -> str:
    """Return who measures, as others are told: user and machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def _refusal(host: str, holder: str, waited: float) -> str:
    after = f", also after {waited:.0f} s" if waited else ""
    # Also a run whose controller was killed keeps its board for some minutes, for --resume.
    is_own = host != LOCAL.name and holder.startswith(f"{owner_name()} ")
    end = f", or, if that run of yours is given up, end it with `bench host stop {host}`" if is_own else ""
    return f"{host} is busy{after}: {holder}; wait for it with --wait 30m, or take another host{end}"
