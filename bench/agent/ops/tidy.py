"""Makes room on a device: files that no run asked for lately go, the longest unused first."""

from __future__ import annotations

from typing import Any

from bench.agent.ops import OpError
from bench.agent.ops.arguments import size_of
from bench.agent.ops.jobs import queue_of
from bench.agent.places import FILES, folder_below
from bench.agent.session import Session


def tidy(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Remove files until `keep_bytes` are left, unfinished ones first; answers what is left and what went.

    Raises:
        OpError: jobs wait or run that may need them.
    """
    keep_bytes = size_of(request, "keep_bytes")
    queue = queue_of(session)
    with queue.locked():
        queue.settle_locked()
        if queue.next() is not None:
            raise OpError("busy", "jobs wait or run that may need the files; tidy up when they have ended")
        found = [(path, path.lstat()) for path in folder_below(session.root, FILES).iterdir()]
        found.sort(key=lambda one: (one[0].suffix != ".part", one[1].st_mtime_ns))
        num_bytes = sum(state.st_size for _, state in found)
        removed_bytes = 0
        for path, state in found:
            if num_bytes - removed_bytes <= keep_bytes:
                break
            path.unlink(missing_ok=True)
            removed_bytes += state.st_size
    return {"num_bytes": num_bytes - removed_bytes, "removed_bytes": removed_bytes}
