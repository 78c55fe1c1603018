"""The right to measure on this board: taken by a run before it brings or starts anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.agent.job_queue import JobQueue, ending
from bench.agent.leasing import busy_with, remember_run, run_of
from bench.agent.ops import OpError
from bench.agent.ops.arguments import text_of
from bench.agent.ops.jobs import queue_of
from bench.agent.session import Session
from bench.errors import HostError
from bench.wire.boot import read_boot_id
from bench.wire.lease import Lease, lease_path, read_lease, release_lease, take_lease

_ACTIONS = ("take", "renew", "release", "show")


def lease(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Take (or renew), release or show the lease; answers who has it, and what tells one board from another.

    Whoever takes it from a run that is gone ends that run's jobs: they would be measured for nobody.

    Raises:
        OpError: somebody else has it, or a keeper still runs another run's jobs.
    """
    action, path = request.get("action"), lease_path()
    if action not in _ACTIONS:
        raise OpError("bad_request", f"action: got {action!r}, expected one of {', '.join(_ACTIONS)}")
    try:
        if action == "release":
            release_lease(path, text_of(request, "owner"), text_of(request, "run"))
        elif action != "show":
            _take(session, path, text_of(request, "owner"), text_of(request, "run"))
    except HostError as problem:
        raise OpError("host_error", str(problem)) from problem
    return {**_who(read_lease(path)), "boot_id": read_boot_id(), "path": str(path)}


def _take(session: Session, path: Path, owner: str, run: str) -> None:
    queue = queue_of(session)
    with queue.locked():
        queue.settle_locked()
        is_new = run_of(session.root) != (owner, run)
        if is_new and queue.keeper() is not None:
            before = run_of(session.root)
            raise OpError("busy", f"jobs of {before[0] or 'an earlier run'} {before[1]} still run there")
        found = take_lease(path, owner, run)
        if found is not None:
            raise busy_with(found)
        if is_new:
            _abandon(queue)
            remember_run(session.root, owner, run)


def _abandon(queue: JobQueue) -> None:
    for folder in queue.jobs():
        if not folder.has_ended():
            folder.end(ending(cause="lost"))


def _who(found: Lease | None) -> dict[str, Any]:
    if found is None:
        return {"owner": None, "run": None, "age_seconds": None}
    return {"owner": found.owner, "run": found.run, "age_seconds": found.age_seconds}
