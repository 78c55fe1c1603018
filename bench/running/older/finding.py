"""From what a person names to older model files: a results folder, a baseline, or a git revision."""

from __future__ import annotations

from pathlib import Path

from bench.core.suite import Suite
from bench.errors import UsageError
from bench.running.older.nouns import Older, Surroundings


def check_origin(name: str, suite: Suite, baselines: Path) -> None:
    """Refuse a name that is no results folder, no baseline and no revision, before any work.

    Raises:
        UsageError: says what it was expected to be.
    """


def find_older(name: str, suite: Suite, around: Surroundings) -> Older:
    """Find or build the model files that the cases of a suite had.

    Args:
        name: a run folder or one above (its newest run), a baseline's name or file, `git:REVISION`, or a
            revision where nothing else of that name exists.
        suite: as it is now, completed, its overrides applied.

    Raises:
        UsageError: `name` is none of these.
        StoreError: results or a baseline cannot be read.
    """
    raise UsageError(f"{name}: expected a results folder, a baseline or a git revision")
