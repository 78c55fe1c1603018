"""The journal of a job: numbered JSON lines that the device appends and the controller follows.

Event types, in the order of a good job: `started`, `cooling`*, `probe` (before), `progress`*, `shard`*,
`result`, `probe` (after), `finished`. A job that breaks ends with `failed`; one that was killed just ends.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

JOURNAL_NAME = "journal.jsonl"

# Nothing is lost with these, so they do not wait for the disk while a device measures.
_PASSING = ("progress", "cooling")


class JournalWriter:
    """Appends events to a journal and makes each durable before it returns, but for those that pass."""

    def __init__(self, folder: Path) -> None:
        self._file = open(folder / JOURNAL_NAME, "a", encoding="utf-8")  # noqa: SIM115 - lives as long as the job
        self._sequence = 0

    def append(self, event_type: str, **values: Any) -> None:
        """Write one event with its number and the wall clock (seconds since 1970), and sync it."""
        event = {"seq": self._sequence, "time": time.time(), "type": event_type, **values}
        self._sequence += 1
        self._file.write(json.dumps(event, separators=(",", ":")) + "\n")
        self._file.flush()
        if event_type not in _PASSING:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; events already written are safe without it."""
        self._file.close()


def read_events(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Read the complete lines of a journal from a byte offset on.

    Returns:
        The events, and the offset behind the last complete line; a line still being written is left for
        the next call.
    """
    if not path.exists():
        return [], offset
    with open(path, "rb") as file:
        file.seek(offset)
        block = file.read()
    end = block.rfind(b"\n") + 1
    return [json.loads(line) for line in block[:end].splitlines() if line.strip()], offset + end
