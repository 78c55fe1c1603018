"""From what a person names to older model files: a results folder, a baseline, or a git revision."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from bench.core.suite import Suite
from bench.errors import UsageError
from bench.gating.baselines import find_baselines, read_baseline
from bench.running.older.baseline import find_in_baselines
from bench.running.older.checkout import find_checkout, why_no_checkout
from bench.running.older.nouns import Older, Surroundings
from bench.running.older.results import find_in_results
from bench.running.older.revision import find_revision, require_commit
from bench.store.folder import find_runs

Origin = Literal["results", "baseline file", "baseline", "revision"]

# Says that a revision is meant, where a folder or a baseline has the same name.
_REVISION = "git:"


def check_origin(name: str, suite: Suite, baselines: Path) -> Origin:
    """Say what a name is, before any work.

    Args:
        baselines: where baselines are kept.

    Raises:
        UsageError: it is no results folder, no baseline and no revision.
        StoreError: results or a baseline of that name cannot be read.
    """
    path = Path(name)
    if name.startswith(_REVISION):
        require_commit(name.removeprefix(_REVISION), suite)
        return "revision"
    if name and path.is_dir():
        find_runs(path)
        return "results"
    if path.is_file():
        read_baseline(path)
        return "baseline file"
    if find_baselines(baselines, suite.name, name):
        return "baseline"
    checkout = find_checkout(Path(suite.path).absolute().parent)
    if checkout and checkout.commit_of(name):
        return "revision"
    why = "" if checkout else f" ({why_no_checkout(Path(suite.path).absolute().parent)})"
    raise UsageError(
        f"--against {name}: no results folder, no baseline below {baselines} and no git revision of that "
        f"name{why}, expected one of them; `bench baseline list` shows the baselines, and `git fetch` gets "
        "revisions (in CI, check out with history: fetch-depth: 0)"
    )


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
    origin = check_origin(name, suite, around.baselines)
    if origin == "results":
        return find_in_results(Path(name), suite, around)
    if origin == "baseline file":
        return find_in_baselines([read_baseline(Path(name))], suite, around)
    if origin == "baseline":
        return find_in_baselines(find_baselines(around.baselines, suite.name, name), suite, around)
    return find_revision(name.removeprefix(_REVISION), suite, around)
