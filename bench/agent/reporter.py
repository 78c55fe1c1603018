"""Reports the events of a job: durably into the journal, then as one line that wakes the controller."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from bench.wire.journal import JournalWriter


class Reporter:
    """Appends events and announces each on the wake-up descriptor.

    The announcement never blocks and never fails a job: a full pipe has woken its reader already, and a
    reader that is gone finds everything in the journal.
    """

    def __init__(self, folder: Path, wake_descriptor: int) -> None:
        self._journal = JournalWriter(folder)
        self._wake_descriptor = wake_descriptor
        os.set_blocking(wake_descriptor, False)

    def report(self, event_type: str, **values: Any) -> None:
        """Append one event; when this returns it is as safe as the journal makes it."""
        self._journal.append(event_type, **values)
        with contextlib.suppress(OSError):
            os.write(self._wake_descriptor, f"{event_type}\n".encode())

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()


def claim_standard_output() -> int:
    """Keep standard output for wake-up lines alone; whatever else prints goes to standard error.

    Returns:
        A descriptor of the original standard output.
    """
    descriptor = os.dup(1)
    os.dup2(2, 1)
    return descriptor
