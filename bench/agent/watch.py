"""Wakes whoever follows a job when its journal grows or its end is written, through the kernel's inotify."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

from bench.wire.journal import JOURNAL_NAME

# <sys/inotify.h>
_MODIFY, _MOVED_TO, _CREATE = 0x002, 0x080, 0x100
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC


class FolderWatch:
    """A descriptor that is readable once something happened in a job's folder.

    Attributes:
        descriptor: None where the kernel gives no further watch; then naps must do.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._library = ctypes.CDLL(None, use_errno=True)
        found = self._library.inotify_init1(_FLAGS)
        self.descriptor: int | None = found if found >= 0 else None
        # Not every change in the folder: a job that writes its results would wake us all the time.
        if not self._add(folder, _CREATE | _MOVED_TO):
            self.close()
        self.look_again()

    def look_again(self) -> None:
        """Forget what happened so far; call it before reading what is there."""
        if self.descriptor is None:
            return
        with contextlib.suppress(BlockingIOError):
            os.read(self.descriptor, 65_536)
        # Behind that: a journal that appears in between is seen either here or as news.
        self._add(self.folder / JOURNAL_NAME, _MODIFY)

    def close(self) -> None:
        """Let go of it."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def _add(self, path: Path, mask: int) -> bool:
        return bool(self._library.inotify_add_watch(self.descriptor or 0, os.fsencode(path), mask) >= 0)
