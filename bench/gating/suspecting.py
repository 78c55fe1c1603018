"""Which figures of a first stage are to be decided by fresh pairs; pure.

Pairs run on one machine in one session, so they decide what stored figures cannot: times that are worse or
not clear, memory that is worse, and what was measured on another machine, kernel or runtime version, or
never. What feeds and reads the model must agree all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bench.core.verdict import Rule, Verdict
from bench.gating.comparable import differences, emulation_reason
from bench.gating.pairing import MEMORY_METRICS, TIMED_METRICS
from bench.gating.sides import ENVIRONMENT, Side
from bench.gating.staging import Key

# Settings that both halves of a pair share, whatever they were in stored figures.
CURED = ("data", "annotations", *ENVIRONMENT, "boards", "runtime", "runtime_version", "measure")


def find_suspects(
    verdicts: Sequence[Verdict],
    rules: Sequence[Rule],
    sides: tuple[Side, Side],
    twins: Collection[str],
    wants_all: bool = False,
) -> dict[Key, Rule]:
    """Return what is to be decided by pairs, each with its rule.

    Args:
        verdicts: of the first stage.
        sides: the older and the newer one.
        twins: cases whose older file can be measured.
        wants_all: whether what passed is measured in pairs, too, and what is not for decisions.
    """
    by_metric = {rule.metric: rule for rule in rules if rule.metric in (*TIMED_METRICS, *MEMORY_METRICS)}
    return {
        (verdict.case, verdict.metric): by_metric[verdict.metric]
        for verdict in verdicts
        if verdict.case in twins
        and verdict.metric in by_metric
        and (wants_all or verdict.answer != "pass")
        and can_be_settled(verdict, *sides, wants_all)
    }


def can_be_settled(verdict: Verdict, before: Side, after: Side, wants_all: bool) -> bool:
    """Whether pairs answer the question that two sides leave open: both are fed and read in the same way."""
    old, new = before.cases.get(verdict.case), after.cases.get(verdict.case)
    if old is None or new is None or new.status != "ok" or verdict.after is None:
        return False
    if not (new.decision_grade or wants_all) or emulation_reason(verdict.metric, new.setting):
        return False
    return not differences(verdict.metric, old, new, CURED)
