"""After Ctrl-C: whether devices that would go on measuring shall, and stopping those that shall not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.core.places import cache_folder
from bench.errors import HostError
from bench.hosts import open_host
from bench.hosts.base import Host
from bench.running.host_run import HostRun
from bench.running.leasing import owner_name


def settle_devices(runs: Sequence[HostRun], should_stop: Callable[[Sequence[str]], bool]) -> tuple[str, ...]:
    """Stop devices if the user wants it, and give those back that have nothing to do.

    Args:
        should_stop: asked with the names of the hosts that would go on measuring.

    Returns:
        The names of the hosts that go on.
    """
    detached = [run for run in runs if run.host.is_detached and run.is_taken]
    busy = [run for run in detached if run.sitting.pending.read()]
    names = list(dict.fromkeys(run.host.name for run in busy))
    if names and not should_stop(names):
        detached = [run for run in detached if run not in busy]
    stopped = [run for run in detached if _stop_device(run)]
    return tuple(dict.fromkeys(run.host.name for run in busy if run not in stopped))


def _stop_device(run: HostRun) -> bool:
    """Stop what is queued on a board over a fresh connection; tells whether that could be done."""
    try:
        for host in open_host(run.sitting.settings, cache_folder() / "hosts" / run.host.name):
            try:
                if host.board == run.host.board:
                    _stop_jobs(host, run)
            finally:
                host.close()
    except HostError:
        return False
    return True


def _stop_jobs(host: Host, run: HostRun) -> None:
    known = set(host.jobs())
    for pending in reversed(run.sitting.pending.read()):
        if pending.job.id in known:
            host.stop(pending.job.id)
            host.forget(pending.job.id)
    run.sitting.pending.clear()
    host.lease("release", owner_name(), run.work.run.path.name)
