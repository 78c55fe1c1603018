"""Check: asks a board everything that decides whether hours of measuring there are well spent."""

from __future__ import annotations

import time
from typing import Any

from bench.core.host import HostSettings
from bench.errors import HostError
from bench.hosts.provision import find_installed, wanted_environment
from bench.hosts.provision.board import Board
from bench.hosts.provision.findings import Finding, Observed
from bench.hosts.provision.judging import judge
from bench.hosts.provision.locks import Environment


def check_board(board: Board, settings: HostSettings) -> list[Finding]:
    """Return all findings of a board; a single problem where it cannot be reached or used at all."""
    try:
        board.hello  # noqa: B018
        return judge(observe(board, settings))
    except HostError as problem:
        return [Finding("board", "cannot be used", "problem", str(problem))]


def observe(board: Board, settings: HostSettings) -> Observed:
    """Ask a board that can be reached.

    Raises:
        HostError: it cannot be reached any more.
    """
    lease, _ = board.call("lease", action="show", owner="", run="")
    holder = describe_holder(lease)
    round_trip, skew = _measure_clock(board)
    # Starting pip and importing runtimes takes seconds of work, which somebody's rounds would show.
    answer, _ = board.call("survey", is_gentle=bool(holder))
    environment = _environment_of(board)
    packages = None
    if isinstance(environment, Environment):
        found = find_installed(board, environment, test=not holder)
        packages = None if found is None else found.packages
    return Observed(answer["facts"], environment, packages, round_trip, skew, holder, settings)


def _environment_of(board: Board) -> Environment | str:
    try:
        return wanted_environment(board)
    except HostError as problem:
        return str(problem)


def _measure_clock(board: Board) -> tuple[float, float]:
    """Return the shortest of a few round trips and by how much the board's clock is ahead, seconds."""
    trips = []
    for _ in range(5):
        began, wall = time.monotonic(), time.time()
        answer, _ = board.call("ping")
        took = time.monotonic() - began
        trips.append((took, float(answer["time"]) - (wall + took / 2)))
    return min(trips)


def describe_holder(lease: dict[str, Any]) -> str:
    """Return who has the board, and for how long; empty for nobody."""
    if not lease.get("owner"):
        return ""
    return f"{lease['owner']} measures there, run {lease['run']}, for {lease['age_seconds'] / 60:.0f} min"
