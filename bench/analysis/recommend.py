"""Which case to ship on a host: a rule simple enough to argue with, and what it left out, with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from bench.analysis.interval import bounds, clearly_less, known_value
from bench.core.record import Record

# AP that may be lost at most: 1 point, a loss that published 8-bit detectors usually stay within.
MAX_DROP = 0.01


@dataclass(frozen=True)
class Recommendation:
    """The fastest case that keeps its accuracy; of those that tie with it, the one with the smallest file.

    Attributes:
        case: None where no case passes the rule.
        ties: further cases that pass and whose latency intervals overlap the fastest's.
        clock: the metric that decided: inference, or end to end where suppression is inside some graphs
            and outside others, so that inference does not compare.
        max_drop: AP that the rule allows; the lower end of a difference's interval must not pass it.
        left_out: case -> why it did not pass.
    """

    case: str | None
    ties: tuple[str, ...]
    clock: str
    max_drop: float = MAX_DROP
    left_out: dict[str, str] = field(default_factory=dict)


def recommend(records: Sequence[Record], max_drop: float = MAX_DROP) -> Recommendation:
    """Choose among the measured cases of one model group on one host.

    A case passes if it is fp32, or if its mAP drop is at most `max_drop` with its whole interval. Of those
    the fastest median wins. Where latency intervals overlap its own nobody knows which is faster, so the
    smallest file of them is taken, which chance does not move, and the others are shown as ties.
    """
    measured = [record for record in records if record.status == "ok"]
    clock = _clock(measured)
    here = {record.case for record in measured}
    reasons = {record.case: _objection(record, here, clock, max_drop) for record in measured}
    left_out = {case: reason for case, reason in reasons.items() if reason}
    passing = [record for record in measured if record.case not in left_out]
    if not passing:
        return Recommendation(None, (), clock, max_drop, left_out)
    fastest = min(passing, key=lambda record: known_value(record, clock) or 0.0)
    tied = [record for record in passing if not clearly_less(fastest.metric(clock), record.metric(clock))]
    chosen = _smallest([record for record in tied if bounds(record.metric(clock))], fastest, clock)
    others = tuple(record.case for record in tied if record is not chosen)
    return Recommendation(chosen.case, others, clock, max_drop, left_out)


def _smallest(tied: Sequence[Record], fastest: Record, clock: str) -> Record:
    """Take the smallest file of the cases that are known to tie; without known intervals, the fastest."""
    if fastest not in tied:
        return fastest
    return min(tied, key=lambda one: (known_value(one, "size_bytes") or inf, known_value(one, clock) or inf))


def _clock(records: Sequence[Record]) -> str:
    is_mixed = len({record.nms_in_graph for record in records}) > 1
    return "end_to_end_p50_ns" if is_mixed else "latency_p50_ns"


def _objection(record: Record, here: set[str], clock: str, max_drop: float) -> str:
    """Say why a case cannot be recommended; empty if it can. `here` are the cases measured on this host."""
    if known_value(record, clock) is None:
        return "no latency"
    if (known_value(record, "map_50_95") or 0.0) <= 0:
        return "no mAP"
    if record.precision == "fp32":
        return ""
    difference = record.metric("map_50_95_difference")
    if record.sibling not in here or difference is None or difference.value is None:
        return "no fp32 sibling to judge its mAP by"
    if difference.low is None:
        return "no interval of its mAP difference"
    if difference.value < -max_drop:
        return "its mAP drop is larger than allowed"
    if difference.low < -max_drop:
        return "its mAP drop may be larger than allowed: the interval reaches further"
    return ""
