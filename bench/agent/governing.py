"""Sets the frequency governor of all cores for the time of a run, and gives them back what they had.

Only on request, and only through `sudo -n`, which never asks for a password (root needs none). What was there
before lies in `governor.json` below the device's root, with the process that asked: whoever comes last of
session and keeper puts it back, and the next session does so for those that were killed. A reboot sets
governors anew by itself. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import Any

from bench.agent.ops import OpError
from bench.agent.places import read_json, write_json
from bench.agent.probes import clock
from bench.wire.boot import read_boot_id
from bench.wire.process import is_alive

STATE_NAME = "governor.json"

# sudo answers at once or not at all.
_SUDO_SECONDS = 10.0


def set_governor(root: Path, name: str) -> dict[str, str]:
    """Set the governor of every policy until `restore_governor`.

    Returns:
        What each policy had before anything was set.

    Raises:
        OpError: the kernel offers none of that name, or this user may not set it; nothing has changed then.
    """
    now = clock.read_governors()
    if not now:
        raise OpError("host_error", "this machine offers no frequency governors; leave --set-governor out")
    offered = clock.available_governors()
    if name not in offered:
        raise OpError("bad_request", f"governor: got {name!r}, expected one of {', '.join(offered)}")
    state = _read(root)
    before = {**now, **state.get("before", {})}
    _write(root, {"set": name, "before": before, "holder": os.getpid(), "start": _start(os.getpid())})
    try:
        _assign(dict.fromkeys(now, name))
    except OpError:
        _put_back(root, before)
        raise
    return before


def restore_governor(root: Path) -> dict[str, str]:
    """Give back what `set_governor` found; a governor that somebody else has set since then stays.

    Returns:
        What was given back; nothing where nothing was set on this boot.

    Raises:
        OpError: this user may not set it any more; it is tried again by the next session.
    """
    state = _read(root)
    if not state:
        return {}
    now = clock.read_governors()
    wanted = {
        policy: governor
        for policy, governor in state["before"].items()
        if now.get(policy) == state["set"] != governor
    }
    _assign(wanted)
    (root / STATE_NAME).unlink(missing_ok=True)
    return wanted


def restore_if_unused(root: Path, is_keeper_running: bool) -> None:
    """Give back what nobody needs any more; never raises.

    Called by a session when it starts and when it ends, and by the keeper when it ends.

    Args:
        is_keeper_running: another process measures here, and goes on.
    """
    with contextlib.suppress(OSError, OpError, KeyError, TypeError, AttributeError):
        state = _read(root)
        if not state or _is_held(state):
            return
        if is_keeper_running:
            # The keeper, or whoever ends after it, will find this process gone and put it back.
            _write(root, {**state, "holder": os.getpid(), "start": _start(os.getpid())})
            return
        restore_governor(root)


def _is_held(state: dict[str, Any]) -> bool:
    """Whether the process that asked still lives; the present one is asking to end it."""
    holder = state["holder"]
    return holder != os.getpid() and is_alive(holder) and _start(holder) == state["start"]


def _start(process: int) -> str:
    """Return when a process started, in ticks since boot: its number alone may be another's by now."""
    try:
        # proc(5): field 22; the name in field 2 may hold blanks and brackets.
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _put_back(root: Path, before: dict[str, str]) -> None:
    """Undo what was set half; the file stays where even that is refused."""
    now = clock.read_governors()
    with contextlib.suppress(OpError):
        _assign({policy: name for policy, name in before.items() if now.get(policy) != name})
        (root / STATE_NAME).unlink(missing_ok=True)


def _assign(wanted: dict[str, str]) -> None:
    for name in dict.fromkeys(wanted.values()):
        policies = [policy for policy, governor in wanted.items() if governor == name]
        _tell(name, [str(clock.policy_folder(policy) / "scaling_governor") for policy in policies])
    now = clock.read_governors()
    if any(now.get(policy) != name for policy, name in wanted.items()):
        raise OpError("host_error", f"the governors are {now} although {wanted} was written")


def _tell(name: str, paths: list[str]) -> None:
    """Write a governor's name into files of the kernel, as root."""
    command = [*_as_root(), "tee", *paths]
    try:
        subprocess.run(command, input=name.encode(), capture_output=True, timeout=_SUDO_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as problem:
        said = (getattr(problem, "stderr", None) or b"").decode(errors="replace").strip()
        raise OpError(
            "host_error",
            f"the governor cannot be set ({said or problem}); --set-governor needs sudo without a password "
            "there, or leave it out",
        ) from problem


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n", "--"]


def _read(root: Path) -> dict[str, Any]:
    """Return what was set on this boot; what another boot left is removed."""
    state = read_json(root / STATE_NAME)
    if isinstance(state, dict) and state.get("boot_id") == read_boot_id():
        return state
    (root / STATE_NAME).unlink(missing_ok=True)
    return {}


def _write(root: Path, state: dict[str, Any]) -> None:
    write_json(root / STATE_NAME, {**state, "boot_id": read_boot_id()})
