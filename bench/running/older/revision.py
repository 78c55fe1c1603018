"""Older model files of a git revision: its suite is read, and its files are built, by this program.

Nothing of the revision is executed: its suite is data, and its model files are opened as any others are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.core.suite import Case, CocoData, Overrides, Suite
from bench.errors import BenchError, UsageError
from bench.running.artifacts import with_availability
from bench.running.older.checkout import Checkout, find_checkout, why_no_checkout
from bench.running.older.nouns import Older, OlderCase, Surroundings
from bench.running.older.rebuilding import counterparts, rebuild, request_older
from bench.running.older.snapshot import Snapshot, take_snapshot
from bench.suite import apply_overrides, load_suite


def require_commit(revision: str, suite: Suite) -> tuple[Checkout, str]:
    """Return the checkout of a suite, and the commit that a revision names there.

    Raises:
        UsageError: the suite lies in no checkout, or the checkout has no such commit.
    """
    folder = Path(suite.path).absolute().parent
    checkout = find_checkout(folder)
    if checkout is None:
        why = why_no_checkout(folder)
        raise UsageError(f"{folder} lies in no git checkout, so it has no revision {revision!r} ({why})")
    commit = checkout.commit_of(revision)
    if not commit:
        raise UsageError(
            f"{revision!r}: {checkout.top} has no such commit; fetch it, as in `git fetch origin main`, "
            "or in CI by a checkout with history (fetch-depth: 0)"
        )
    return checkout, commit


def find_revision(revision: str, suite: Suite, around: Surroundings) -> Older:
    """Build the files that the cases of a suite had at a revision.

    Raises:
        UsageError: there is no such revision, or git cannot be read.
    """
    checkout, commit = require_commit(revision, suite)
    able = [case for case in suite.cases if not case.unavailable]
    found = cases_at(checkout, commit, suite, able, around)
    return replace(found, name=f"{revision} ({commit[:10]})")


def cases_at(
    checkout: Checkout, commit: str, suite: Suite, cases: Sequence[Case], around: Surroundings
) -> Older:
    """Build the files that some cases had at a commit; what cannot be had is told case by case.

    Raises:
        UsageError: git cannot be read.
    """
    short = commit[:10]
    snapshot = take_snapshot(checkout, commit, Path(suite.path))
    if snapshot is None:
        return _none(commit, cases, f"{short} has no {Path(suite.path).name}: the case is new")
    try:
        older = _load(snapshot, around.overrides)
    except BenchError as problem:
        none = _none(commit, cases, f"the suite of {short} cannot be read: {_first_line(problem)}")
        return replace(none, lost=frozenset(none.missing))
    pairs = counterparts(older, cases)
    missing = {case.id: f"the suite of {short} has no such case" for case in cases if case.id not in pairs}
    unknown = {case_id: _unknown(snapshot, older, case) for case_id, case in pairs.items()}
    missing |= {case_id: reason for case_id, reason in unknown.items() if reason}
    pairs = {case_id: case for case_id, case in pairs.items() if case_id not in missing}
    requested = request_older(older, list(pairs.values()), suite, around)
    rebuilt = rebuild(requested, [case.id for case in pairs.values()], around)
    known = {
        case_id: OlderCase(
            rebuilt.artifacts[case.id],
            requested.suite.model(case.model).description,
            f"built by this program from {short}{_as_now(snapshot, older, case)}",
        )
        for case_id, case in pairs.items()
        if case.id in rebuilt.artifacts
    }
    missing |= {
        case_id: f"at {short}: {rebuilt.problems.get(case.id, 'its file was not built')}"
        for case_id, case in pairs.items()
        if case_id not in known
    }
    # What could not be made then is as new as what was not there.
    lost = {
        case_id
        for case_id, case in pairs.items()
        if case_id in missing and case.id not in requested.unavailable
    }
    lost |= {case_id for case_id, reason in unknown.items() if reason}
    removed = _removed(older, suite, around.overrides)
    return Older(short, known, missing, commit=commit, lost=frozenset(lost), removed=removed)


def _none(commit: str, cases: Sequence[Case], reason: str) -> Older:
    return Older(commit[:10], {}, {case.id: reason for case in cases}, commit=commit)


def _load(snapshot: Snapshot, overrides: Overrides) -> Suite:
    """Read the suite of a snapshot, as large as the run is; cases and hosts are chosen by who asks."""
    suite = load_suite(snapshot.suite, folders=snapshot.folders)
    return apply_overrides(suite, Overrides(profile=overrides.profile))


def _removed(older: Suite, suite: Suite, overrides: Overrides) -> tuple[str, ...]:
    """Return the cases of an older suite that the command line asks for, and that cannot be measured now."""
    now = {_named(case, overrides) for case in suite.cases if not case.unavailable}
    try:
        chosen = apply_overrides(older, Overrides(only=overrides.only))
    except UsageError:
        # What is asked for fits none of the older cases.
        return ()
    able = [case for case in with_availability(chosen).cases if not case.unavailable]
    return tuple(case.id for case in able if _named(case, overrides) not in now)


def _named(case: Case, overrides: Overrides) -> str:
    """Return what a case is called; its host is none of it where the command line says where to measure."""
    return case.id.rpartition("@")[0] if overrides.hosts else case.id


def _unknown(snapshot: Snapshot, older: Suite, case: Case) -> str:
    """Say why the model of a case is not known to be what it was; empty if it is."""
    path = older.model(case.model).path
    return snapshot.problem(Path(path)) if path else ""


def _as_now(snapshot: Snapshot, older: Suite, case: Case) -> str:
    """Return what had to be taken as it is now, in words; empty if nothing."""
    model = "" if older.model(case.model).path else ", with this program's built-in model"
    images = older.data.calibration_images if isinstance(older.data, CocoData) else ""
    is_asked = case.recipe is not None and case.recipe.needs_images
    unsure = images and is_asked and snapshot.problem(Path(images))
    return f"{model}{', with the calibration images as they are now' if unsure else ''}"


def _first_line(problem: Exception) -> str:
    return str(problem).splitlines()[0]
