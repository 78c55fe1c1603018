"""Whose jobs lie below a device's root, and whether that run may measure on the board."""

from __future__ import annotations

from pathlib import Path

from bench.agent.ops import OpError
from bench.agent.places import read_json, write_json
from bench.wire.lease import Lease, lease_path, read_lease, take_lease

_RUN_NAME = "lease.json"


def run_of(root: Path) -> tuple[str, str]:
    """Return owner and run that took the board last for what lies below this root; empty for none."""
    known = read_json(root / _RUN_NAME)
    if not isinstance(known, dict):
        return "", ""
    return str(known.get("owner", "")), str(known.get("run", ""))


def remember_run(root: Path, owner: str, run: str) -> None:
    """Write down whose jobs lie below a root from now on."""
    write_json(root / _RUN_NAME, {"owner": owner, "run": run})


def expect_own_lease(root: Path) -> None:
    """Hold that nobody else measures on this board.

    Raises:
        OpError: somebody does.
    """
    found = read_lease(lease_path())
    if found is not None and not found.is_of(*run_of(root)):
        raise busy_with(found)


def hold_lease(root: Path, pid: int) -> None:
    """Make a process a holder of the lease of this root's run, if the run has one.

    Raises:
        HostError: the lease cannot be written.
    """
    found = read_lease(lease_path())
    if found is not None and found.is_of(*run_of(root)):
        take_lease(lease_path(), found.owner, found.run, grace_seconds=0, pid=pid)


def busy_with(found: Lease) -> OpError:
    """Return the refusal that names who has the board."""
    return OpError("busy", found.describe(), owner=found.owner, run=found.run, age_seconds=found.age_seconds)
