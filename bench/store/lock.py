"""One writer a run folder: a lock that the system itself releases when the writer dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bench.errors import StoreError
from bench.store.disk import guard

LOCK_NAME = "lock"


class FolderLock:
    """Holds a run folder until `release`, the end of the process, or its death by any signal.

    The lock is on an open file, not the file's existence: after kill -9 nothing stale is left behind.
    """

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            StoreError: another process holds it; the message names its process id.
        """
        path = folder / LOCK_NAME
        with guard(folder):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise StoreError(
                f"{folder}: another run writes here (process {holder}); wait for it or stop it first"
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let others write; calling it twice is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
