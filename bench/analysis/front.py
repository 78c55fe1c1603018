"""The trade-off between accuracy and one cost: who stands on the Pareto front, who ties, who is dominated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.analysis.compare import accuracy_order
from bench.analysis.interval import clearly_less, known_value
from bench.core.record import Record

# front: nobody is at least as good on both axes. tied: somebody is, but no interval separates them.
# dominated: somebody is, and an interval separates them on one axis or both.
Standing = Literal["front", "tied", "dominated"]


@dataclass(frozen=True)
class Placed:
    """Where one case stands.

    Attributes:
        by: the case that dominates it; for one on the front, the cheapest case that clearly costs less
            with no mAP difference seen, so that this one is ahead by noise at most.
    """

    case: str
    standing: Standing
    by: str = ""


@dataclass(frozen=True)
class Front:
    """The trade-off of mAP (higher is better) against one cost metric (lower is better)."""

    cost: str
    placed: tuple[Placed, ...]

    def standing(self, case: str) -> Standing | None:
        """Return where a case stands; None where it has no point."""
        return next((placed.standing for placed in self.placed if placed.case == case), None)


def find_front(records: Sequence[Record], cost: str) -> Front:
    """Place every record that has both an mAP and that cost."""
    points = [record for record in records if None not in (_accuracy(record), known_value(record, cost))]
    return Front(cost, tuple(_place(record, points, cost) for record in points))


def _place(record: Record, points: Sequence[Record], cost: str) -> Placed:
    dominating = [other for other in points if _dominates(other, record, cost)]
    clear = [other for other in dominating if _is_clear(other, record, cost)]
    if clear:
        return Placed(record.case, "dominated", _best(clear, cost).case)
    if dominating:
        return Placed(record.case, "tied", _best(dominating, cost).case)
    matching = [
        other
        for other in points
        if clearly_less(other.metric(cost), record.metric(cost)) and accuracy_order(other, record) >= 0
    ]
    by = min(matching, key=lambda other: known_value(other, cost) or 0.0).case if matching else ""
    return Placed(record.case, "front", by)


def _dominates(other: Record, record: Record, cost: str) -> bool:
    """Whether `other` is at least as good on both axes and better on one, by point values."""
    gain = (_accuracy(other) or 0.0) - (_accuracy(record) or 0.0)
    saving = (known_value(record, cost) or 0.0) - (known_value(other, cost) or 0.0)
    return gain >= 0 and saving >= 0 and (gain > 0 or saving > 0)


def _is_clear(other: Record, record: Record, cost: str) -> bool:
    return clearly_less(other.metric(cost), record.metric(cost)) or accuracy_order(other, record) > 0


def _best(records: Sequence[Record], cost: str) -> Record:
    return max(records, key=lambda record: (_accuracy(record) or 0.0, -(known_value(record, cost) or 0.0)))


def _accuracy(record: Record) -> float | None:
    return known_value(record, "map_50_95")
