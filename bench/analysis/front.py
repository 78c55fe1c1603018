"""The trade-off between accuracy and one cost: who stands on the Pareto front, who ties, who is dominated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bench.analysis.compare import accuracy_order
from bench.analysis.interval import bounds, known_value
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


class _Point(NamedTuple):
    """A case's place in the plane: read once, since every case is held against every other one."""

    record: Record
    accuracy: float
    cost: float
    ends: tuple[float, float] | None


def find_front(records: Sequence[Record], cost: str) -> Front:
    """Place every record that has both an mAP and that cost."""
    points = [point for record in records if (point := _point(record, cost))]
    return Front(cost, tuple(_place(point, points) for point in points))


def _point(record: Record, cost: str) -> _Point | None:
    accuracy, value = known_value(record, "map_50_95"), known_value(record, cost)
    if accuracy is None or value is None:
        return None
    return _Point(record, accuracy, value, bounds(record.metric(cost)))


def _place(point: _Point, points: Sequence[_Point]) -> Placed:
    case = point.record.case
    dominating = [other for other in points if _dominates(other, point)]
    clear = [other for other in dominating if _is_clear(other, point)]
    if clear:
        return Placed(case, "dominated", _best(clear).record.case)
    if dominating:
        return Placed(case, "tied", _best(dominating).record.case)
    matching = [
        other
        for other in points
        if _costs_clearly_less(other, point) and accuracy_order(other.record, point.record) >= 0
    ]
    return Placed(case, "front", min(matching, key=lambda one: one.cost).record.case if matching else "")


def _dominates(other: _Point, point: _Point) -> bool:
    """Whether `other` is at least as good on both axes and better on one, by point values."""
    if other.accuracy < point.accuracy or other.cost > point.cost:
        return False
    return other.accuracy > point.accuracy or other.cost < point.cost


def _is_clear(other: _Point, point: _Point) -> bool:
    return _costs_clearly_less(other, point) or accuracy_order(other.record, point.record) > 0


def _costs_clearly_less(other: _Point, point: _Point) -> bool:
    """See `bench.analysis.interval.clearly_less`."""
    return other.ends is not None and point.ends is not None and other.ends[1] < point.ends[0]


def _best(points: Sequence[_Point]) -> _Point:
    return max(points, key=lambda point: (point.accuracy, -point.cost))
