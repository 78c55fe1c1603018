"""Jobs of a device: queue them, follow them, stop them, forget them. Running them is the keeper's."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from bench.agent.job_folder import STOP_NAME, JobFolder, known_folder, sweep_jobs
from bench.agent.job_queue import JobQueue, ending, kill_group
from bench.agent.keeper import start_keeper
from bench.agent.leasing import expect_own_lease, hold_lease
from bench.agent.ops import OpError
from bench.agent.ops.arguments import environment_of, job_id, job_of, seconds_of, text_of
from bench.agent.places import JOBS, folder_below
from bench.agent.session import Session
from bench.agent.unsynced import sync_files
from bench.errors import HostError

# How long the keeper may take to write down the end of a job that was killed.
_STOP_SECONDS = 20.0


def start(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Queue `tasks` behind those that are queued, and see to it that a keeper runs them.

    One that is queued or runs already with the very same content is left alone, so that a request whose
    answer was lost can be sent again; an ended one of the same id is replaced.

    Raises:
        OpError: a task or `python` cannot be used, another job of that id is queued or runs, or somebody
            else measures on this board.
    """
    tasks = [_read_task(entry) for entry in request.get("tasks", ())]
    python, environment = _python_of(request), environment_of(request)
    expect_own_lease(session.root)
    sync_files(session.root)
    folder_below(session.root, JOBS)
    sweep_jobs(session.root)
    queue = queue_of(session)
    with queue.locked():
        queue.settle_locked()
        known = set(queue.ids())
        new = [(job, seconds) for job, seconds in tasks if not _is_under_way(session.root, known, job)]
        made: list[JobFolder] = []
        try:
            for job, seconds in new:
                made.append(folder := JobFolder(session.root, job["id"]))
                task = {"timeout_seconds": seconds, "environment": environment, "python": python}
                folder.create(job, task)
            if made:
                queue.add([folder.id for folder in made])
        except OSError:
            for folder in made:
                folder.remove()
            raise
        _see_to_a_keeper(session, queue)
    return {"num_queued": len(made)}


def jobs(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Answer the ids of all jobs that are not forgotten, in their order, which one runs and which ended."""
    queue = queue_of(session)
    queue.settle()
    folders = queue.jobs()
    ended = [folder.id for folder in folders if folder.has_ended()]
    running = (queue.running() or {}).get("id")
    return {
        "jobs": [folder.id for folder in folders],
        "running": None if running in ended else running,
        "ended": ended,
    }


def ended(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Answer how a job ended; null while it waits or runs."""
    folder = known_folder(session.root, job_of(request))
    queue_of(session).settle()
    return {"ended": folder.ended()}


def forget(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Remove what an ended job left; one that is not there is forgotten already.

    Raises:
        OpError: the job waits or runs.
    """
    folder = JobFolder(session.root, job_of(request))
    queue_of(session).settle()
    if folder.exists() and not folder.has_ended() and folder.id in queue_of(session).ids():
        raise OpError("busy", f"job {folder.id}: has not ended; stop it first")
    folder.remove()
    return {}


def stop(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """End `job`, or with `all` every job: queued ones are taken out, the running one is killed.

    Returns once they are gone. Nothing happens to those that ended.
    """
    queue = queue_of(session)
    folders = queue.jobs() if request.get("all") is True else [known_folder(session.root, job_of(request))]
    with queue.locked():
        queue.settle_locked()
        running = queue.running()
        stopped = [folder for folder in folders if not folder.has_ended()]
        for folder in stopped:
            if running is None or folder.id != running["id"]:
                folder.end(ending(cause="stopped"))
            else:
                (folder.path / STOP_NAME).touch()
                kill_group(running["pid"], running["ticks"])
    deadline = time.monotonic() + _STOP_SECONDS
    while not all(folder.has_ended() for folder in stopped):
        if time.monotonic() > deadline:
            raise OpError("host_error", f"a killed job did not end within {_STOP_SECONDS:g} s")
        time.sleep(0.02)
        queue.settle()
    return {"stopped": [folder.id for folder in stopped]}


def queue_of(session: Session) -> JobQueue:
    """Return the queue of the session's device."""
    queue: JobQueue = session.state.setdefault("jobs.queue", JobQueue(session.root))
    return queue


def ensure_keeper(session: Session) -> None:
    """Start a keeper where jobs wait and the one that kept them is gone."""
    queue = queue_of(session)
    if queue.keeper() is None:
        with queue.locked():
            queue.settle_locked()
            _see_to_a_keeper(session, queue)


def _see_to_a_keeper(session: Session, queue: JobQueue) -> None:
    keepers = session.state.setdefault("jobs.keepers", [])
    # Those that went are waited for here: their parent must ask for their exit code.
    keepers[:] = [keeper for keeper in keepers if keeper.poll() is None]
    if queue.next() is not None and (keeper := start_keeper(queue)) is not None:
        keepers.append(keeper)
        # Without it the jobs run all the same, and its grace keeps others out for a while.
        with contextlib.suppress(HostError):
            hold_lease(session.root, keeper.pid)


def _read_task(entry: Any) -> tuple[dict[str, Any], float]:
    if not isinstance(entry, dict) or not isinstance(entry.get("job"), dict):
        raise OpError("bad_request", f"tasks: got {str(entry)[:200]}, expected a job and its time limit")
    job_id(entry["job"].get("id"))
    return entry["job"], seconds_of(entry, "timeout_seconds")


def _python_of(request: dict[str, Any]) -> str:
    python = text_of(request, "python")
    if not Path(python).is_absolute() or not Path(python).is_file():
        raise OpError("host_error", f"{python}: no such Python on the device; set the host up again")
    return python


def _is_under_way(root: Path, known: set[str], job: dict[str, Any]) -> bool:
    """Whether this very job is queued or runs.

    Raises:
        OpError: another one of its id does.
    """
    folder = JobFolder(root, job["id"])
    if folder.id not in known or not folder.exists() or folder.has_ended():
        return False
    if not folder.holds(job):
        raise OpError("busy", f"job {folder.id}: another job of that id has not ended; stop it first")
    return True
