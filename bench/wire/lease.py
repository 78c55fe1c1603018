"""The lease: one file per board that says who measures there; a second run waits or goes elsewhere.

It belongs to the machine, not to a user: `/run/lock/detector-bench.lease`, readable by all. A lease is in
force on the boot on which it was taken, as long as a process lives that holds it or its time is not over; all
times count from that boot, so no wall clock matters. One user's stale file may be another's to see but not to
replace: each later user adds a file of his own beside it, and all of them are asked.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.errors import BenchError, HostError
from bench.wire.boot import boot_seconds, read_boot_id
from bench.wire.codec import from_json, to_json
from bench.wire.process import is_same, start_ticks

# Environment variable that names another file, for boards that share one machine in tests.
LEASE_VARIABLE = "BENCH_LEASE"
# How long a lease outlives its last renewal, and a lost connection: enough to reconnect.
GRACE_SECONDS = 600.0

# Of the file that a machine has; trials name others.
LEASE_NAME = "detector-bench.lease"
_FOLDER = "/run/lock"
_MAX_BYTES = 65_536
_LOCK_SECONDS = 10.0
_MAX_TEXT = 200


@dataclass(frozen=True)
class Holder:
    """A process that a lease lives with, and when it started (clock ticks since boot)."""

    pid: int
    ticks: int | None = None


@dataclass(frozen=True)
class Lease:
    """Who has a board.

    Attributes:
        owner: user and machine of the controller.
        run: its run.
        boot_id: of the board's boot on which it was taken.
        taken_seconds: since that boot.
        until_seconds: since that boot; it ends then, unless a holder lives.
        holders: processes on the board.
    """

    owner: str
    run: str
    boot_id: str | None
    taken_seconds: float
    until_seconds: float
    holders: tuple[Holder, ...] = ()

    @property
    def age_seconds(self) -> float:
        """How long ago it was taken."""
        return boot_seconds() - self.taken_seconds

    @property
    def is_in_force(self) -> bool:
        """Whether it keeps others out."""
        now = boot_seconds()
        if self.boot_id != read_boot_id() or self.taken_seconds > now:
            return False
        # None is taken for longer than its grace; what claims to be was made up.
        is_fresh = 0 < self.until_seconds - now <= GRACE_SECONDS
        return is_fresh or any(is_same(holder.pid, holder.ticks) for holder in self.holders)

    def is_of(self, owner: str, run: str) -> bool:
        """Whether it is that run's."""
        return (self.owner, self.run) == (owner, run)

    def describe(self) -> str:
        """Return who has the board, and since when, for people."""
        minutes, seconds = divmod(int(self.age_seconds), 60)
        age = f"{minutes} min" if minutes else f"{seconds} s"
        return f"{_plain(self.owner)} measures there, run {_plain(self.run)}, for {age}"


def lease_path() -> Path:
    """Return where this machine's lease lies."""
    chosen = os.environ.get(LEASE_VARIABLE, "")
    if chosen:
        return Path(chosen)
    folder = _FOLDER if os.access(_FOLDER, os.W_OK | os.X_OK) else tempfile.gettempdir()
    return Path(folder) / LEASE_NAME


def read_lease(path: Path) -> Lease | None:
    """Return the lease in force, of any user; None where the board is free."""
    leases = (_read(file) for file in (path, *sorted(path.parent.glob(f"{path.name}.[0-9]*"))))
    return next((lease for lease in leases if lease is not None and lease.is_in_force), None)


def take_lease(
    path: Path, owner: str, run: str, *, grace_seconds: float = GRACE_SECONDS, pid: int | None = None
) -> Lease | None:
    """Take the board, or renew what this run has of it already.

    Args:
        grace_seconds: how long it stays this run's without a living holder.
        pid: of the process that holds it; this one by default.

    Returns:
        The lease of another that stands in the way; None when it is this run's now.

    Raises:
        HostError: the lease cannot be written.
    """
    holder = os.getpid() if pid is None else pid
    with _locked(path):
        found = read_lease(path)
        if found is not None and not found.is_of(owner, run):
            return found
        now = boot_seconds()
        lease = found or Lease(owner, run, read_boot_id(), now, now)
        others = [one for one in lease.holders if one.pid != holder and is_same(one.pid, one.ticks)]
        holders = (*others, Holder(holder, start_ticks(holder)))
        until = max(lease.until_seconds, now + grace_seconds)
        _write(path, replace(lease, until_seconds=until, holders=holders))
    return None


def release_lease(path: Path, owner: str, run: str, *, pid: int | None = None) -> None:
    """Give the board back; while other processes hold the lease for the same run, it stays with them.

    Raises:
        HostError: the lease cannot be removed.
    """
    holder = os.getpid() if pid is None else pid
    with _locked(path):
        found = read_lease(path)
        if found is None or not found.is_of(owner, run):
            return
        others = [one for one in found.holders if one.pid != holder and is_same(one.pid, one.ticks)]
        if others:
            _write(path, replace(found, until_seconds=boot_seconds(), holders=tuple(others)))
        else:
            _own_file(path).unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time decide; the folder is locked, which users of any kind may do.

    Raises:
        HostError: the folder cannot be used, or is locked for long.
    """
    try:
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as problem:
        raise _unusable(path, problem) from problem
    try:
        _lock(descriptor, path)
        yield
    except OSError as problem:
        raise _unusable(path, problem) from problem
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise HostError(f"{path}: another process keeps the folder locked; try again") from None
            time.sleep(0.01)


def _unusable(path: Path, problem: OSError) -> HostError:
    return HostError(f"{path}: the lease cannot be kept: {problem}; name another file in {LEASE_VARIABLE}")


def _own_file(path: Path) -> Path:
    """Return the file that this user may replace."""
    with contextlib.suppress(FileNotFoundError):
        if path.lstat().st_uid != os.geteuid():
            return path.with_name(f"{path.name}.{os.geteuid()}")
    return path


def _write(path: Path, lease: Lease) -> None:
    """Replace this user's file, whole or not at all, readable by all."""
    own = _own_file(path)
    descriptor, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(to_json(lease), file)
            os.fchmod(descriptor, 0o644)
        os.replace(scratch, own)
    except OSError:
        Path(scratch).unlink(missing_ok=True)
        raise


def _read(path: Path) -> Lease | None:
    """Return what a file says, in force or not; None where it is absent or says nothing sensible."""
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            content: Any = json.loads(file.read(_MAX_BYTES))
        return from_json(Lease, content)
    except (OSError, ValueError, BenchError):
        return None


def _plain(text: str) -> str:
    """Return a text that another user wrote, fit to be printed."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:_MAX_TEXT])
