"""The gate as a whole: stored figures first, then the pairs of the newer run where they were taken."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from bench.core.verdict import Rule, Verdict
from bench.gating.against_file import Against, read_against
from bench.gating.cached import IntervalCache
from bench.gating.confirming import SecondStage, confirm
from bench.gating.deciding import Options, decide
from bench.gating.noise_file import read_noise
from bench.gating.pairing import read_pairs
from bench.gating.rules import make_rules
from bench.gating.sides import Side


def first_stage(
    before: Side, after: Side, root: Path | None = None, accepted: Collection[str] = ()
) -> list[Verdict]:
    """Judge by stored figures; a time that is worse is only a suspect.

    Args:
        root: where the machine's noise is kept; None to do without.
        accepted: see `deciding.Options`.
    """
    told = {key: noise.advice for key, noise in read_noise(root, after).items()} if root else {}
    with IntervalCache() as changes:
        how = Options(
            tuple(accepted),
            needs_confirmation=True,
            changes=changes,
            class_changes=changes.of_classes,
            resolved=told,
        )
        return decide(before, after, make_rules(after.gate), how)


def compare(before: Side, after: Side, accepted: Collection[str] = ()) -> list[Verdict]:
    """Judge two results as they are: stored figures decide, pairs where they were taken.

    Args:
        accepted: see `deciding.Options`.
    """
    with IntervalCache() as changes:
        how = Options(tuple(accepted), changes=changes, class_changes=changes.of_classes)
        verdicts = decide(before, after, make_rules(after.gate), how)
    return with_pairs(verdicts, before, after, accepted)


def with_pairs(
    verdicts: Sequence[Verdict], before: Side, after: Side, accepted: Collection[str] = ()
) -> list[Verdict]:
    """Put the answers of pairs in place, where the newer run was measured next to this older side.

    Args:
        after: read from its run folder, whose path is its name.
        accepted: see `deciding.Options`.

    Raises:
        StoreError: what the run holds of its pairs cannot be read.
    """
    against = read_against(Path(after.name))
    if against is None:
        return list(verdicts)
    stage = replace(second_stage(against, make_rules(after.gate), before, after), accepted=tuple(accepted))
    return confirm(verdicts, before, after, stage) if stage.cases else list(verdicts)


def second_stage(against: Against, rules: Sequence[Rule], before: Side, after: Side) -> SecondStage:
    """Read the pairs of a run, and which cases have the older file that the older side holds.

    All suspects of the run share the error, whichever of them are asked for.
    """
    by_metric = {rule.metric: rule for rule in rules}
    artifacts = {
        case: (twin.artifact, after.cases[case].artifact)
        for case, twin in against.twins.items()
        if case in after.cases
    }
    suspects = {
        (case, metric): by_metric[metric]
        for case, metric in against.suspects
        if case in artifacts and metric in by_metric
    }
    pairs = read_pairs(Path(after.name), artifacts, suspects)
    same = frozenset(case for case in artifacts if _is_same(against, case, before))
    return SecondStage(suspects, pairs, against.budget, against.troubles, same)


def _is_same(against: Against, case: str, before: Side) -> bool:
    """Tell whether a twin is what the older side holds: the same file, or built from the same commit."""
    if case not in before.cases:
        return False
    git = before.source.get("git") or {}
    is_same_commit = bool(against.commit) and git.get("commit") == against.commit and not git.get("is_dirty")
    return is_same_commit or before.cases[case].artifact == against.twins[case].artifact
