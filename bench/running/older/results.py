"""Older model files of a run that was measured before: from the cache, or built again where they are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.building.hashing import sha256_of
from bench.building.keys import build_key, source_file
from bench.building.store import ArtifactStore
from bench.core.places import cache_folder
from bench.core.record import Record
from bench.core.suite import Case, Overrides, Suite
from bench.errors import BenchError, StoreError
from bench.gating.sides import read_side
from bench.running.older.checkout import Checkout, find_checkout, why_no_checkout
from bench.running.older.nouns import Older, OlderCase, Surroundings
from bench.running.older.rebuilding import Requested, counterparts, rebuild, request_older
from bench.running.older.revision import cases_at
from bench.store.folder import SUITE_NAME, find_runs, read_run_info
from bench.store.names import suite_folder_name
from bench.store.records import RECORDS_NAME, read_records
from bench.suite import apply_overrides, load_suite
from bench.wire.codec import from_json
from bench.wire.description import ModelDescription

# Calibration and training are not repeatable to the last bit between processors.
_OTHER = "which makes other bytes here than its file had"


def find_in_results(path: Path, suite: Suite, around: Surroundings) -> Older:
    """Find the files that the cases of a suite had in the newest run at or below a path.

    Raises:
        StoreError: there is none, or it cannot be read.
    """
    run = _newest_run(path, suite, around)
    info = read_run_info(run)
    records = {record.case: record for record in read_records(run)}
    able = [case for case in suite.cases if not case.unavailable]
    wanted = {case.id: records[case.id] for case in able if case.id in records}
    missing = {case.id: f"{run.name} has no such case" for case in able if case.id not in wanted}
    missing |= {name: f"in {run.name}: {one.reason}" for name, one in wanted.items() if not one.artifact}
    wanted = {name: record for name, record in wanted.items() if name not in missing}
    found = _in_cache(wanted, run.name)
    gone = {name: record for name, record in wanted.items() if name not in found}
    again = _built_again(run, info, gone, suite, around)
    found |= again
    gone = {name: record for name, record in gone.items() if name not in again}
    git = info.get("git", {})
    built, unknown = build_at_commit(git, {n: r.artifact["sha256"] for n, r in gone.items()}, suite, around)
    found, missing = found | built, missing | unknown
    return Older(str(run), found, missing, read_side(run), git.get("commit", ""))


def _newest_run(path: Path, suite: Suite, around: Surroundings) -> Path:
    """Return the newest finished run of a suite at or below a path; never the one that is going on."""
    going_on = around.folder.resolve().parents
    runs = [run for run in find_runs(path) if run.resolve() not in going_on]
    finished = [run for run in runs if (run / RECORDS_NAME).is_file()]
    own = [run for run in finished if run.parent.name == suite_folder_name(suite.name)] or finished
    if not own:
        raise StoreError(f"{path}: no run there has records, expected one that was measured to its end")
    return own[-1]


def _in_cache(wanted: dict[str, Record], run: str) -> dict[str, OlderCase]:
    """Return the cases whose very file lies in the cache, or still lies where it was given."""
    digests = {name: record.artifact["sha256"] for name, record in wanted.items()}
    files = ArtifactStore(cache_folder()).find_contents(set(digests.values()))
    return {
        name: OlderCase(files[digests[name]], _description(record), f"the file of {run}")
        for name, record in wanted.items()
        if digests[name] in files
    }


def _description(record: Record) -> ModelDescription:
    return from_json(ModelDescription, record.description)


def _built_again(
    run: Path, info: dict[str, Any], gone: dict[str, Record], suite: Suite, around: Surroundings
) -> dict[str, OlderCase]:
    """Build from the run's own suite where all that its files were made of is what it was, by hash."""
    if not gone:
        return {}
    try:
        # Relative paths of that suite began where the suite of today lies.
        older = load_suite(run / SUITE_NAME, folders=(Path(suite.path).absolute().parent,))
        older = apply_overrides(older, Overrides(profile=info.get("overrides", {}).get("profile")))
    except BenchError:
        return {}
    pairs = counterparts(older, [case for case in suite.cases if case.id in gone])
    requested = request_older(older, list(pairs.values()), suite, around)
    same = {name: case for name, case in pairs.items() if _is_unchanged(requested, case, gone[name])}
    built = rebuild(requested, [case.id for case in same.values()], around).artifacts
    told = f"built again by this program from the unchanged sources of {run.name}"
    return {
        name: OlderCase(built[case.id], _description(gone[name]), told)
        for name, case in same.items()
        if case.id in built
    }


def _is_unchanged(requested: Requested, case: Case, record: Record) -> bool:
    """Whether what a case's file was made of is still there."""
    request = requested.requests.get(case.id)
    if request is None:
        return False
    key, digest = record.artifact["recipe_key"], record.artifact["sha256"]
    try:
        # The key of a build holds its sources, their images and all code; a given file has none.
        return bool(build_key(request) == key if key else sha256_of(source_file(request)) == digest)
    except BenchError:
        return False


def build_at_commit(
    git: dict[str, Any], gone: dict[str, str], suite: Suite, around: Surroundings
) -> tuple[dict[str, OlderCase], dict[str, str]]:
    """Build files at the commit that figures were measured at, where the files themselves are gone.

    Args:
        git: state of that checkout, see `git_state`.
        gone: case id -> sha256 of its file.

    Returns:
        Case id -> its file; case id -> why there is none. Of a checkout with changes that were never
        committed, only a file of the very same content is taken.
    """
    commit, problem = _commit(git, suite) if gone else ("", "")
    if not commit:
        return {}, {name: f"its file {digest[:10]} is gone, and {problem}" for name, digest in gone.items()}
    cases: Sequence[Case] = [case for case in suite.cases if case.id in gone]
    older = cases_at(_checkout(suite), commit, suite, cases, around)
    is_dirty = bool(git.get("is_dirty", True))
    other = {n for n, one in older.cases.items() if is_dirty and one.artifact.sha256 != gone[n]}
    changed = f"{commit[:10]} makes another one; it was measured with changes that were not committed"
    reasons = {**older.missing, **{name: changed for name in other}}
    told = {name: f"its file {gone[name][:10]} is gone, and {reason}" for name, reason in reasons.items()}
    return {
        name: one if one.artifact.sha256 == gone[name] else replace(one, source=f"{one.source}, {_OTHER}")
        for name, one in older.cases.items()
        if name not in other
    }, told


def _commit(git: dict[str, Any], suite: Suite) -> tuple[str, str]:
    """Return the commit to build from, or why there is none."""
    commit = str(git.get("commit", ""))
    checkout = find_checkout(Path(suite.path).absolute().parent)
    if not commit:
        return "", "it was measured outside of a git checkout, so that it cannot be built again"
    if checkout is None:
        why = why_no_checkout(Path(suite.path).absolute().parent)
        return "", f"there is no git checkout to build it again from ({why})"
    if not checkout.commit_of(commit):
        return "", f"the checkout has not the commit {commit[:10]} to build it again; fetch it"
    return commit, ""


def _checkout(suite: Suite) -> Checkout:
    checkout = find_checkout(Path(suite.path).absolute().parent)
    assert checkout is not None, "it was found a moment before"
    return checkout
