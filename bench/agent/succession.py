"""A controller that lost its connection opens another one; its old session ends then, not hours later.

The SSH server of a device learns late, or never, that a link is dead, and its session would keep files locked
that the next one needs. So each session leaves its process below `sessions/`, by the controller's random id.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from pathlib import Path

from bench.agent.places import folder_below, read_json, write_json
from bench.wire.process import is_same, start_ticks

_FOLDER = "sessions"
_CONTROLLER = re.compile(r"[0-9a-f]{32}")
# To end by itself; whatever it was at is begun anew by the controller.
_END_SECONDS = 2.0


def succeed(root: Path, controller: str) -> bool:
    """End an earlier session of this controller, and take its place.

    Returns:
        Whether there was one, living or not; it had not ended by itself then.
    """
    if not _CONTROLLER.fullmatch(controller):
        return False
    mark = folder_below(root, _FOLDER) / controller
    found = read_json(mark)
    if isinstance(found, list) and len(found) == 2:
        _end(*found)
    write_json(mark, [os.getpid(), start_ticks(os.getpid())])
    _forget_the_dead(mark)
    return found is not None


def step_down(root: Path, controller: str) -> None:
    """Leave nothing behind, unless another session has taken this one's place."""
    if not _CONTROLLER.fullmatch(controller):
        return
    mark = root / _FOLDER / controller
    if read_json(mark) == [os.getpid(), start_ticks(os.getpid())]:
        mark.unlink(missing_ok=True)


def _end(pid: int, ticks: int | None) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _END_SECONDS
        if ticks is None or not is_same(pid, ticks):
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
        while is_same(pid, ticks) and time.monotonic() < deadline:
            time.sleep(0.01)


def _forget_the_dead(own: Path) -> None:
    """Remove marks of controllers that never came back."""
    for mark in own.parent.iterdir():
        found = read_json(mark)
        is_alive = isinstance(found, list) and len(found) == 2 and is_same(*found)
        if mark != own and not is_alive:
            mark.unlink(missing_ok=True)
