"""JobContext: one job, where it lies, and whom it reports to.

Layout of a host: `<root>/jobs/<job id>/` holds `job.json`, `journal.jsonl` and what the job writes. So the
root is the folder two levels above `job.json`'s own folder; relative paths in a job start there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.agent.reporter import Reporter
from bench.wire.job import Job


@dataclass(frozen=True)
class JobContext:
    """What every kind of job gets."""

    job: Job
    folder: Path
    reporter: Reporter

    @property
    def root(self) -> Path:
        """The host's root folder."""
        return self.folder.parent.parent

    def locate(self, path: str) -> Path:
        """Return a path of the job as an absolute one."""
        return self.root / path
