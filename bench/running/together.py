"""Measures on several hosts at once, a thread for each board; one that is lost does not end the others."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.core.places import cache_folder
from bench.errors import HostError
from bench.hosts import open_host
from bench.running.host_run import Crew, HostRun
from bench.running.settling import settle_devices
from bench.running.team import Team
from bench.running.work import Work

# How long a thread may take to notice that it shall stop.
STOP_SECONDS = 20.0


class InterruptedRun(KeyboardInterrupt):
    """The user interrupted a run.

    Attributes:
        going_on: names of hosts that go on measuring what they have.
    """

    def __init__(self, going_on: Sequence[str] = ()) -> None:
        super().__init__()
        self.going_on = tuple(going_on)


@dataclass(frozen=True)
class Losses:
    """What was given up: hosts altogether and single boards, each with the reason."""

    hosts: dict[str, str] = field(default_factory=dict)
    boards: dict[str, dict[str, str]] = field(default_factory=dict)


def measure_hosts(work: Work, should_stop: Callable[[Sequence[str]], bool]) -> Losses:
    """Measure everything on all hosts.

    Args:
        should_stop: asked on Ctrl-C with the names of devices that would go on: whether they shall not.

    Raises:
        InterruptedRun: the user interrupted; what is finished is kept.
        BenchError: something that concerns all hosts went wrong.
    """
    runs, unopened = _open(work)
    try:
        _run(runs)
    except KeyboardInterrupt:
        raise InterruptedRun(settle_devices(runs, should_stop)) from None
    return _losses(runs, unopened)


def _open(work: Work) -> tuple[list[HostRun], dict[str, str]]:
    """Open all boards of all hosts; returns them, and why others cannot be."""
    opened, problems = {}, {}
    for name in work.suite.hosts:
        try:
            opened[name] = open_host(work.settings(name), cache_folder() / "hosts" / name)
        except HostError as problem:
            problems[name] = str(problem)
    teams = {name: Team(host.board for host in hosts) for name, hosts in opened.items()}
    crew = Crew(Team())
    runs = [HostRun(work, host, teams[name], crew) for name, hosts in opened.items() for host in hosts]
    crew.everybody = Team(run.name for run in runs)
    for run in runs:
        crew.turns.join(run.name)
    return runs, problems


def _run(runs: Sequence[HostRun]) -> None:
    """Let every board work in its thread, and wait for all; stops all on Ctrl-C and on common problems."""
    ended: queue.SimpleQueue[HostRun] = queue.SimpleQueue()

    def work(run: HostRun) -> None:
        run.go()
        ended.put(run)

    # Not waited for when this process ends: a thread that hangs must not keep it.
    threads = [threading.Thread(target=work, args=(run,), name=run.name, daemon=True) for run in runs]
    try:
        for thread in threads:
            thread.start()
        for _ in runs:
            error = ended.get().error
            if error is not None:
                raise error
    except BaseException:
        _stop(runs, threads)
        raise


def _stop(runs: Sequence[HostRun], threads: Sequence[threading.Thread]) -> None:
    for run in runs:
        run.stop()
    for thread in threads:
        thread.join(STOP_SECONDS)


def _losses(runs: Sequence[HostRun], unopened: dict[str, str]) -> Losses:
    """Sort what was given up: a host is lost when all of its boards are."""
    hosts: dict[str, list[HostRun]] = {}
    for run in runs:
        hosts.setdefault(run.host.name, []).append(run)
    lost = {
        name: "; ".join(dict.fromkeys(run.loss for run in boards))
        for name, boards in hosts.items()
        if all(run.loss for run in boards)
    }
    single = {
        name: {run.host.board: run.loss for run in boards if run.loss}
        for name, boards in hosts.items()
        if name not in lost and any(run.loss for run in boards)
    }
    return Losses({**unopened, **lost}, single)
