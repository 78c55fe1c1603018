"""Which case is best under demands: who wins, who ties with it, what misses by how much. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.analysis.compare import accuracy_order
from bench.analysis.interval import bounds, clearly_less, known_value
from bench.core.constraint import Constraint
from bench.core.metric import METRICS
from bench.core.record import Record

# met: with its whole interval. unclear: by its value, while its interval reaches beyond. missed: not.
Standing = Literal["met", "unclear", "missed"]


@dataclass(frozen=True)
class Miss:
    """One demand that a case does not meet, or not surely.

    Attributes:
        value: what it has; None where it was not measured.
    """

    case: str
    constraint: Constraint
    standing: Standing
    value: float | None


@dataclass(frozen=True)
class Choice:
    """The answer.

    Attributes:
        best: None where nothing meets the demands.
        ties: cases that meet them and of which no interval says that they are worse.
        others: cases that meet them and are clearly worse, best first.
        misses: demands that were not met, or not surely, of the cases of the right kind.
        unmeasured: cases of the right kind without a measurement, with the reason.
    """

    best: Record | None
    ties: tuple[Record, ...]
    others: tuple[Record, ...]
    misses: tuple[Miss, ...]
    unmeasured: tuple[tuple[str, str], ...]


def choose(records: Sequence[Record], constraints: Sequence[Constraint], metric: str) -> Choice:
    """Choose the case with the best metric among those that meet all demands by their values.

    Args:
        metric: by its own name; its direction says what is best.
    """
    words = [one for one in constraints if one.is_word]
    demands = [one for one in constraints if not one.is_word]
    right = [record for record in records if all(_is_word_met(record, one) for one in words)]
    measured = [record for record in right if record.status == "ok"]
    misses = [miss for record in measured for miss in _misses(record, demands)]
    out = {miss.case for miss in misses if miss.standing == "missed"}
    able = [r for r in measured if r.case not in out and known_value(r, metric) is not None]
    sign = -1.0 if METRICS[metric][1] == "higher" else 1.0
    ranked = sorted(able, key=lambda record: sign * (known_value(record, metric) or 0.0))
    ties = [record for record in ranked[1:] if not _is_worse(record, ranked[0], metric)]
    return Choice(
        best=ranked[0] if ranked else None,
        ties=tuple(ties),
        others=tuple(record for record in ranked[1:] if record not in ties),
        misses=tuple(misses),
        unmeasured=tuple((r.case, f"{r.status}: {r.reason}") for r in right if r.status != "ok"),
    )


def standing(record: Record, constraint: Constraint) -> Standing:
    """Say whether a measured case meets a demand on a metric."""
    value = known_value(record, constraint.subject)
    if value is None or not constraint.holds(value):
        return "missed"
    ends = bounds(record.metric(constraint.subject)) or (value, value)
    return "met" if all(map(constraint.holds, ends)) else "unclear"


def _misses(record: Record, demands: Sequence[Constraint]) -> list[Miss]:
    judged = [(one, standing(record, one)) for one in demands]
    return [
        Miss(record.case, one, where, known_value(record, one.subject))
        for one, where in judged
        if where != "met"
    ]


def _is_word_met(record: Record, constraint: Constraint) -> bool:
    return constraint.holds(str(getattr(record, constraint.subject)))


def _is_worse(record: Record, best: Record, metric: str) -> bool:
    """Whether a case is worse than the best beyond what the intervals leave open."""
    if metric == "map_50_95":
        return accuracy_order(record, best) < 0
    if METRICS[metric][1] == "higher":
        return clearly_less(record.metric(metric), best.metric(metric))
    return clearly_less(best.metric(metric), record.metric(metric))
