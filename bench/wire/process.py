"""Whether a process that left scratch files behind is still there."""

from __future__ import annotations

import os


def is_alive(pid: int) -> bool:
    """Tell whether a process of this machine exists, also one of another user."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
