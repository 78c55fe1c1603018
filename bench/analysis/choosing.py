"""Which case is best under demands: who wins, who ties with it, what misses by how much. Pure."""

from __future__ import annotations

import math
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
        low, high: ends of its interval, where one is known.
    """

    case: str
    constraint: Constraint
    standing: Standing
    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def share(self) -> float:
        """How far the value lies beyond the limit, as a share of it; infinite where that is not known."""
        if self.standing == "unclear":
            return 0.0
        limit = self.constraint.value
        if self.value is None or not isinstance(limit, float) or not limit:
            return math.inf
        return abs(self.value / limit - 1)


@dataclass(frozen=True)
class Choice:
    """The answer.

    Attributes:
        best: None where nothing meets the demands.
        ties: cases that meet them and of which no interval says that they are worse.
        others: cases that meet them and are clearly worse, best first.
        misses: demands that were not met, or not surely, of the cases of the right kind; those of the case
            that misses by least come first.
        unmeasured: cases of the right kind without a measurement, with the reason.
        unranked: cases that meet the demands, but have no figure to be chosen by.
    """

    best: Record | None
    ties: tuple[Record, ...]
    others: tuple[Record, ...]
    misses: tuple[Miss, ...]
    unmeasured: tuple[tuple[str, str], ...]
    unranked: tuple[str, ...] = ()


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
    meeting = [record for record in measured if record.case not in out]
    able = [record for record in meeting if known_value(record, metric) is not None]
    sign = -1.0 if METRICS[metric][1] == "higher" else 1.0
    ranked = sorted(able, key=lambda record: sign * (known_value(record, metric) or 0.0))
    ties = [record for record in ranked[1:] if not _is_worse(record, ranked[0], metric)]
    tied, ranks = {record.case for record in ties}, {record.case for record in ranked}
    return Choice(
        best=ranked[0] if ranked else None,
        ties=tuple(ties),
        others=tuple(record for record in ranked[1:] if record.case not in tied),
        misses=_nearest_first(misses),
        unmeasured=tuple((r.case, f"{r.status}: {r.reason}") for r in right if r.status != "ok"),
        unranked=tuple(record.case for record in meeting if record.case not in ranks),
    )


def _nearest_first(misses: Sequence[Miss]) -> tuple[Miss, ...]:
    """Sort cases by the largest of their misses; each case's stay together."""
    worst: dict[str, float] = {}
    for miss in misses:
        worst[miss.case] = max(miss.share, worst.get(miss.case, 0.0))
    order = {case: place for place, case in enumerate(sorted(worst, key=lambda case: worst[case]))}
    return tuple(sorted(misses, key=lambda miss: order[miss.case]))


def check_words(
    records: Sequence[Record], constraints: Sequence[Constraint]
) -> list[tuple[Constraint, list[str]]]:
    """Return demands for what no case is (`host == pi6`), each with what cases are."""
    wrong = []
    for one in constraints:
        if one.is_word and one.operator == "==":
            known = list(dict.fromkeys(str(getattr(record, one.subject)) for record in records))
            if one.value not in known:
                wrong.append((one, known))
    return wrong


def standing(record: Record, constraint: Constraint) -> Standing:
    """Say whether a measured case meets a demand on a metric."""
    value = known_value(record, constraint.subject)
    if value is None or not constraint.holds(value):
        return "missed"
    ends = bounds(record.metric(constraint.subject)) or (value, value)
    return "met" if all(map(constraint.holds, ends)) else "unclear"


def _misses(record: Record, demands: Sequence[Constraint]) -> list[Miss]:
    judged = [(one, standing(record, one)) for one in demands]
    return [_miss(record, one, where) for one, where in judged if where != "met"]


def _miss(record: Record, demand: Constraint, where: Standing) -> Miss:
    low, high = bounds(record.metric(demand.subject)) or (None, None)
    return Miss(record.case, demand, where, known_value(record, demand.subject), low, high)


def _is_word_met(record: Record, constraint: Constraint) -> bool:
    return constraint.holds(str(getattr(record, constraint.subject)))


def _is_worse(record: Record, best: Record, metric: str) -> bool:
    """Whether a case is worse than the best beyond what the intervals leave open."""
    if metric == "map_50_95":
        return accuracy_order(record, best) < 0
    if METRICS[metric][1] == "higher":
        return clearly_less(record.metric(metric), best.metric(metric))
    return clearly_less(best.metric(metric), record.metric(metric))
