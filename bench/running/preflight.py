"""Looks whether hosts can be reached before hours of building are spent on them; changes nothing there."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from bench.core.host import LOCAL, HostSettings
from bench.core.places import cache_folder
from bench.core.suite import Suite
from bench.errors import HostError
from bench.hosts import open_host
from bench.running.listener import LOST, Listener, Step


def require_reachable(suite: Suite, listener: Listener) -> None:
    """Tell at once which boards do not answer; those that do are measured all the same.

    Raises:
        HostError: no host of the suite answers, so that building would be in vain.
    """
    settings = {one.name: one for one in suite.hosts_settings}
    problems = {name: _problem(name, settings, listener) for name in suite.hosts if name != LOCAL.name}
    if problems and len(problems) == len(suite.hosts) and all(problems.values()):
        raise HostError("; ".join(problems.values()))


def _problem(name: str, settings: Mapping[str, HostSettings], listener: Listener) -> str:
    """Return why no board of a host answers; empty where one does."""
    try:
        boards = open_host(settings.get(name, HostSettings(name)), cache_folder() / "hosts" / name)
    except HostError as problem:
        listener.end(Step(LOST, name, host=name), 0.0, str(problem))
        return str(problem)
    problems = []
    for board in boards:
        try:
            board.jobs()
        except HostError as problem:
            problems.append(str(problem))
            listener.end(Step(LOST, f"{name} {board.board}".strip(), host=name), 0.0, str(problem))
        finally:
            with contextlib.suppress(HostError):
                board.close()
    return "; ".join(problems) if len(problems) == len(boards) else ""
