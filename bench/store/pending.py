"""What is queued on a device and not journalled yet, so that a later run can adopt it.

`pending-<host>.json` of a run folder, for hosts whose jobs outlive this process; written before the jobs are
queued. A job that is listed may have ended, still run, never have been queued, or be unknown to its device.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import BenchError, StoreError
from bench.store.disk import guard, write_atomically
from bench.store.names import case_folder_name, suite_folder_name
from bench.wire.codec import from_json, to_json
from bench.wire.job import ImageRef, Job


@dataclass(frozen=True)
class PendingJob:
    """One job that was about to be queued.

    Attributes:
        job: without its images.
        case, round_index, setup, sitting: as its line in the journal is to say.
        is_pair: it is half of a pair.
    """

    case: str
    round_index: int
    setup: str
    sitting: str
    job: Job
    timeout_seconds: float
    is_pair: bool = False


class PendingJobs:
    """The list of one board; pairs have a list of their own, since they are adopted with their twins."""

    def __init__(self, run: Path, host: str, board: str, *, is_pairs: bool = False) -> None:
        label = f"-{case_folder_name(board)}" if board else ""
        # No folder name has a tilde, so no host's list is taken for another one's.
        stem = "pending~pairs" if is_pairs else "pending"
        self.path = run / f"{stem}-{suite_folder_name(host)}{label}.json"

    def write(self, jobs: Sequence[PendingJob]) -> None:
        """Replace the list; it is on the disk when this returns."""
        no_images: tuple[ImageRef, ...] = ()
        short = [replace(pending, job=replace(pending.job, images=no_images)) for pending in jobs]
        write_atomically(self.path, json.dumps(to_json(short)) + "\n")

    def read(self) -> list[PendingJob]:
        """Return the list; empty where nothing is pending.

        Raises:
            StoreError: the file is broken.
        """
        try:
            values = json.loads(self.path.read_bytes())
            return [from_json(PendingJob, value) for value in values]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, BenchError) as problem:
            raise StoreError(
                f"{self.path}: no list of queued jobs ({problem}); delete it to measure them again"
            ) from problem

    def clear(self) -> None:
        """Note that nothing is pending."""
        with guard(self.path.parent):
            self.path.unlink(missing_ok=True)
