"""The frequency governor: shown, set for a run where that is asked for, and given back."""

from __future__ import annotations

from typing import Any

from bench.agent.governing import restore_governor, set_governor
from bench.agent.ops import OpError
from bench.agent.probes.clock import available_governors, read_governors
from bench.agent.session import Session


def governor(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Do `action`: `show`, `set` (to the name in `set`), `restore`.

    Returns:
        `governors` of each policy as they are now, those `available`, and what was there `before`, or what
        was `restored`.

    Raises:
        OpError: no such action, the kernel offers no such governor, or this user may not set it.
    """
    action, changed = request.get("action"), {}
    if action == "set":
        changed = {"before": set_governor(session.root, str(request.get("set")))}
    elif action == "restore":
        changed = {"restored": restore_governor(session.root)}
    elif action != "show":
        raise OpError("bad_request", f"action: got {action!r}, expected one of show, set, restore")
    return {"governors": read_governors(), "available": available_governors(), **changed}
