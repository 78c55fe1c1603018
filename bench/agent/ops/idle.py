"""Keeps from jobs what would disturb them, or take from them what they run on. Standard library only."""

from __future__ import annotations

from pathlib import Path

from bench.agent.job_queue import JobQueue
from bench.agent.ops import OpError


def require_no_keeper(root: Path) -> None:
    """Hold that no jobs run below a root.

    Raises:
        OpError: some do.
    """
    if JobQueue(root).keeper() is not None:
        raise OpError("busy", "jobs run there; let them end, or end them: bench host stop NAME")
