"""Removes everything from a device: the root folder, if it is ours. Standard library only."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from bench.agent.ops import OpError
from bench.agent.session import Session

# By which backup tools, too, know a cache; see https://bford.info/cachedir/ for the signature.
TAG_NAME = "CACHEDIR.TAG"
_OURS = "detector-bench"


def uninstall(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Remove the root folder; returns how many bytes it held.

    Raises:
        OpError: the folder is not marked as ours.
    """
    root = session.root
    require_ours(root)
    size = sum(path.lstat().st_size for path in root.rglob("*") if not path.is_symlink() and path.is_file())
    # The tag goes last: what is left of an interrupted removal can be removed by the next.
    for path in root.iterdir():
        if path.name != TAG_NAME:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    shutil.rmtree(root)
    return {"root": str(root), "bytes": size}


def require_ours(root: Path) -> None:
    """Hold that a folder was made by this project.

    Raises:
        OpError: it carries no mark of ours, so that what lies there may be anybody's.
    """
    try:
        tag = (root / TAG_NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        tag = ""
    if _OURS not in tag or root in (Path.home(), Path(root.anchor)):
        raise OpError(
            "host_error", f"{root}: has no {TAG_NAME} of ours; nothing was removed, look at it yourself"
        )
