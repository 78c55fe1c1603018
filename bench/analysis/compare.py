"""Each case beside its fp32 sibling: what it gained in time, memory and size, and what accuracy it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bench.analysis.interval import clearly_less, sign
from bench.core.metric import Metric, make_metric
from bench.core.record import Record

# `tie` means that no difference was seen, which is not that there is none.
Outcome = Literal["better", "worse", "tie", "unknown"]


@dataclass(frozen=True)
class Comparison:
    """One case against its sibling.

    Attributes:
        accuracy: by the paired interval of the mAP difference.
        difference: `map_50_95_difference`, with its interval.
        latency_ratio: of inference medians, below 1 is faster, with its interval.
        memory_ratio, size_ratio, compressed_ratio: point values, below 1 is smaller.
    """

    case: str
    sibling: str
    accuracy: Outcome
    difference: Metric | None
    latency_ratio: Metric | None
    memory_ratio: float | None
    size_ratio: float | None
    compressed_ratio: float | None


def compare(records: Sequence[Record]) -> dict[str, Comparison]:
    """Compare every measured case that has a measured sibling among these records; by case id."""
    measured = {record.case: record for record in records if record.status == "ok"}
    return {
        record.case: _compare(record, measured[record.sibling])
        for record in measured.values()
        if record.sibling in measured and record.sibling != record.case
    }


def accuracy_order(a: Record, b: Record) -> int:
    """Say whether `a` is clearly less accurate than `b` (-1), clearly more (1), or neither (0).

    The paired interval of their own difference decides where there is one of confidence enough. Else paired
    differences to a common sibling are used where both have them; otherwise the intervals of the mAP values
    themselves, which are wide because the same images weigh on both.
    """
    paired = sign(paired_difference(a, b))
    if paired is not None:
        return paired
    if b.case == a.sibling:
        return sign(a.metric("map_50_95_difference")) or 0
    if a.case == b.sibling:
        return -(sign(b.metric("map_50_95_difference")) or 0)
    name = "map_50_95_difference" if a.sibling and a.sibling == b.sibling else "map_50_95"
    left, right = a.metric(name), b.metric(name)
    return int(clearly_less(right, left)) - int(clearly_less(left, right))


def paired_difference(a: Record, b: Record) -> Metric | None:
    """Return mAP of `a` minus that of `b` with its interval paired over images; None where not recorded."""
    if b.case in a.differences:
        return difference_metric(a.differences[b.case])
    turned = difference_metric(b.differences.get(a.case))
    if turned is None or turned.value is None:
        return None
    low = None if turned.high is None else -turned.high
    high = None if turned.low is None else -turned.low
    return replace(turned, value=-turned.value, low=low, high=high)


def difference_metric(stored: Mapping[str, float] | None) -> Metric | None:
    """Read a stored `{value, low, high, level}`; None where it has no value."""
    if not stored or stored.get("value") is None:
        return None
    ends = {key: stored.get(key) for key in ("low", "high", "level")}
    return make_metric("map_50_95_difference", stored["value"], **ends)


def _compare(record: Record, sibling: Record) -> Comparison:
    difference = record.metric("map_50_95_difference")
    return Comparison(
        case=record.case,
        sibling=sibling.case,
        accuracy=_outcome(sign(difference)),
        difference=difference,
        latency_ratio=_latency_ratio(record, sibling),
        memory_ratio=_ratio(record, sibling, "peak_rss_bytes"),
        size_ratio=_ratio(record, sibling, "size_bytes"),
        compressed_ratio=_ratio(record, sibling, "compressed_bytes"),
    )


def _outcome(side: int | None) -> Outcome:
    outcomes: dict[int | None, Outcome] = {None: "unknown", -1: "worse", 0: "tie", 1: "better"}
    return outcomes[side]


def _latency_ratio(record: Record, sibling: Record) -> Metric | None:
    stored = record.metric("latency_ratio")
    if stored is not None and stored.value is not None:
        return stored
    value = _ratio(record, sibling, "latency_p50_ns")
    if value is None:
        return None
    return Metric("latency_ratio", value, "ratio", "lower", note="without an interval")


def _ratio(record: Record, sibling: Record, name: str) -> float | None:
    value, base = record.value(name), sibling.value(name)
    return None if value is None or not base else value / base
