"""Older model files of a baseline: it holds their hashes, and the commit that they were measured at."""

from __future__ import annotations

from collections.abc import Sequence

from bench.building.store import ArtifactStore
from bench.core.places import cache_folder
from bench.core.suite import Case, Suite
from bench.gating.baselines import Baseline, baseline_side
from bench.gating.sides import CaseSide, Side
from bench.running.older.nouns import Older, OlderCase, Surroundings
from bench.running.older.results import build_at_commit
from bench.wire.codec import content_hash
from bench.wire.description import ModelDescription


def find_in_baselines(baselines: Sequence[Baseline], suite: Suite, around: Surroundings) -> Older:
    """Find the files that the cases of a suite had when a baseline was kept.

    Args:
        baselines: of one name, a file a machine kind. The same case may have another file on each.
    """
    side = baseline_side(list(baselines), Side("", suite.name))
    able = [case for case in suite.cases if not case.unavailable]
    missing = {case.id: f"{side.name} has no such case" for case in able if case.id not in side.cases}
    kept = {case.id: side.cases[case.id] for case in able if case.id in side.cases}
    found = _in_cache(baselines, [case for case in able if case.id in kept], suite, side.name)
    gone = {name: case.artifact for name, case in kept.items() if name not in found}
    git = baselines[0].source.get("git", {})
    built, unknown = build_at_commit(git, gone, suite, around)
    cases, commit = found | built, git.get("commit", "")
    return Older(side.name, cases, missing | unknown, side, commit, tuple(baselines))


def _in_cache(
    baselines: Sequence[Baseline], cases: Sequence[Case], suite: Suite, name: str
) -> dict[str, OlderCase]:
    """Return the cases whose very file is in the cache, and is described today as it was then."""
    kept = {case.id: [one.cases[case.id] for one in baselines if case.id in one.cases] for case in cases}
    digests = {side.artifact for sides in kept.values() for side in sides if side.artifact}
    files = ArtifactStore(cache_folder()).find_contents(digests)
    found: dict[str, OlderCase] = {}
    for case in cases:
        description = suite.model(case.model).description
        same = [side for side in kept[case.id] if side.artifact in files and is_described(side, description)]
        if same:
            found[case.id] = OlderCase(files[same[0].artifact], description, f"the file of {name}")
    return found


def is_described(side: CaseSide, description: ModelDescription) -> bool:
    """Whether a description is the one under which a case was measured, by the hashes of its parts."""
    parts = {
        "preprocess": content_hash(description.preprocess),
        "decode": content_hash(description.decode),
        "suppression": content_hash(description.suppression),
    }
    return all(side.setting.get(name) == digest for name, digest in parts.items())
