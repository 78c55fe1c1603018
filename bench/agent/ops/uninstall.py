"""Removes from a device everything that was made there, and nothing else. Standard library only."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from bench.agent.ops import OpError
from bench.agent.ops.environment import VENVS
from bench.agent.ops.idle import require_no_keeper
from bench.agent.places import FILES, JOBS
from bench.agent.session import Session
from bench.agent.stage_zero import TAG_NAME

_FOLDERS = ("agent", VENVS, FILES, JOBS, "prepared", "sessions")
# The queue, the keeper's log, the lease and the like; a controller keeps no such files there.
_FILES = ("*.json", "*.lock", "*.log", "*.scratch")
_OURS = "detector-bench"


def uninstall(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Remove what is ours below the root, and the root where nothing else is left in it.

    Returns:
        `bytes` that were freed, and the names of what is `left` because others made it: on a machine that
        is a controller itself, its cache lies in the same folder.

    Raises:
        OpError: the folder is not marked as ours, or jobs run there.
    """
    root = session.root
    _require_ours(root)
    require_no_keeper(root)
    freed = 0
    for path in [root / name for name in _FOLDERS] + [
        path for ending in _FILES for path in root.glob(ending)
    ]:
        freed += _remove(path)
    left = sorted(path.name for path in root.iterdir() if path.name != TAG_NAME)
    if not left:
        # The tag goes last: what an interrupted removal leaves can be removed by the next.
        shutil.rmtree(root)
    return {"root": str(root), "bytes": freed, "left": left}


def _require_ours(root: Path) -> None:
    try:
        tag = (root / TAG_NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        tag = ""
    if _OURS not in tag:
        raise OpError("host_error", f"{root}: has no {TAG_NAME} of ours; nothing was removed")


def _remove(path: Path) -> int:
    """Remove a file or a folder with all in it; returns its bytes, 0 where it is absent."""
    if path.is_symlink() or path.is_file():
        size = path.lstat().st_size
        path.unlink()
        return size
    if not path.is_dir():
        return 0
    size = sum(one.lstat().st_size for one in path.rglob("*") if not one.is_dir() or one.is_symlink())
    shutil.rmtree(path)
    return size
