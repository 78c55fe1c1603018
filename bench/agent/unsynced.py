"""Files that came but that the disk may not have yet: after a power cut they are hashed before they count.

Waiting for the disk after each of a thousand photos would take longer than sending them. So a mark is set
before the first one gets its name, all are waited for at once before anything is measured (which also keeps
the disk from writing them meanwhile), and a mark of an earlier boot means that nobody waited.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from bench.agent.job_folder import sync_folder
from bench.agent.places import FILES, folder_below, opened_beside, read_json, write_json
from bench.wire.boot import read_boot_id

_MARK_NAME = "unsynced.json"


def mark_unsynced(root: Path) -> None:
    """Set the mark, if it is not set; durable when this returns."""
    mark = root / _MARK_NAME
    if mark.exists():
        return
    write_json(mark, {"boot_id": read_boot_id()})
    sync_folder(root)


def sync_files(root: Path) -> None:
    """Wait until the disk has all that came, and take the mark away."""
    mark = root / _MARK_NAME
    if mark.exists():
        os.sync()
        mark.unlink(missing_ok=True)


def check_files(root: Path) -> None:
    """Remove files that are not what their names say, if the machine stopped before the disk had them all."""
    mark = root / _MARK_NAME
    if not mark.exists() or (read_json(mark) or {}).get("boot_id") == read_boot_id():
        return
    folder = folder_below(root, FILES)
    for path in folder.iterdir():
        if path.suffix != ".part" and not _is_what_it_says(folder, path.name):
            path.unlink(missing_ok=True)
    mark.unlink(missing_ok=True)


def _is_what_it_says(folder: Path, name: str) -> bool:
    try:
        with opened_beside(folder, name) as file:
            return name.startswith(hashlib.file_digest(file, "sha256").hexdigest())
    except OSError:
        return False
