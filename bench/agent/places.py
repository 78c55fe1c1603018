"""Where things lie below a device's root, and how they are opened without being led out of it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

from bench.agent.ops import OpError

FILES = "files"
JOBS = "jobs"


def folder_below(root: Path, name: str) -> Path:
    """Return a folder of the root, made for this user alone where it is absent.

    Raises:
        OpError: something else is in its place; a symbolic link, too, for it may lead anywhere.
    """
    folder = root / name
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise OpError("host_error", f"{folder}: is no folder of ours, expected a real folder; remove it")
    return folder


@contextlib.contextmanager
def opened_beside(folder: Path, name: str) -> Iterator[BufferedReader]:
    """Open a regular file of a folder for reading; symbolic links are followed in neither.

    Raises:
        OSError: it is absent, a link, or no regular file.
    """
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        # A FIFO without a writer would be waited for.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
    finally:
        os.close(place)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no regular file", str(folder / name))
        yield file


def write_json(path: Path, value: Any) -> None:
    """Write a small file so that it is whole under its name, or not there."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.scratch")
    try:
        scratch.write_text(json.dumps(value, separators=(",", ":")), encoding="utf-8")
        os.replace(scratch, path)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> Any:
    """Return the content of a small file; None where it is absent or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
