"""The answer at the head of a section: which case to ship on this host, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.analysis.findings import Panel
from bench.analysis.interval import RESOLUTION, bounds, known_value
from bench.core.record import Record
from bench.report.cells import metric_cell
from bench.report.machines import emulation_words
from bench.report.model import Answer, Figure
from bench.report.sentences import accuracy_words, num_rounds, size_words, speed_words
from bench.report.tables import nms_words
from bench.report.units import kibibytes, mebibytes, milliseconds, number, percent, points

# A sentence that names more cases than this counts the others.
MOST_NAMES = 4

CLOCKS = {"latency_p50_ns": "inference median", "end_to_end_p50_ns": "end-to-end median"}


def make_answer(panel: Panel, labels: dict[str, str]) -> Answer:
    """Phrase the recommendation of a panel."""
    chosen = panel.recommendation.case
    measured = [record for record in panel.records if record.status == "ok"]
    if chosen is None:
        headline = "No case can be recommended" if measured else "Nothing was measured"
        return Answer(headline, _why_none(panel, measured), (), _left_out(panel, labels), _rule(panel))
    record = next(record for record in measured if record.case == chosen)
    grade = unfit_words(record, panel.recommendation.clock)
    headline = f"{grade}{'ship' if grade else 'Ship'} {labels[chosen]}"
    details = [*_ties(panel, labels), *_left_out(panel, labels)]
    return Answer(headline, _gain(panel, record, labels), _figures(record), tuple(details), _rule(panel))


def unfit_words(record: Record, clock: str) -> str:
    """Return the mark of a choice that nobody should act on; empty if its latency has an interval."""
    if bounds(record.metric(clock)) is None:
        return f"Not for decisions, {num_rounds(record.rounds_valid)}: "
    if words := emulation_words([record]):
        return f"Not for decisions, on {words}: "
    return "" if record.decision_grade else "Not for decisions: "


def _gain(panel: Panel, record: Record, labels: dict[str, str]) -> str:
    """Say what the case brings beside its sibling, and beside a faster fp32 of another runtime."""
    said = [_beside_sibling(panel, record, labels), _fastest_base(panel, record, labels)]
    return " ".join(sentence for sentence in said if sentence)


def _beside_sibling(panel: Panel, record: Record, labels: dict[str, str]) -> str:
    comparison = panel.comparisons.get(record.case)
    if record.precision == "fp32":
        return "No other case keeps its accuracy and is faster, or as fast and smaller."
    if comparison is None:
        return "Its fp32 sibling was not measured here."
    parts = [
        speed_words(comparison.latency_ratio),
        size_words(comparison.size_ratio),
        _memory_words(comparison.memory_ratio),
        accuracy_words(comparison),
    ]
    sibling = labels.get(comparison.sibling, comparison.sibling)
    return f"Against {sibling}: {', '.join(part for part in parts if part)}."


def _memory_words(value: float | None) -> str:
    """Say how much less or more peak memory there is, where it is beyond what readings resolve."""
    if not value or abs(value - 1) <= RESOLUTION["peak_rss_bytes"]:
        return ""
    return f"peak memory {percent(round(abs(value - 1), 2))} {'lower' if value < 1 else 'higher'}"


def _fastest_base(panel: Panel, record: Record, labels: dict[str, str]) -> str:
    """Name the fastest fp32 of another runtime where it is no slower than the case's own fp32.

    The sibling alone flatters a case whose runtime is slow in float. An fp32 case is its own base.
    """
    own = next((base for base in panel.records if base.case == record.sibling), record)
    latency, own_latency = (known_value(one, "latency_p50_ns") for one in (record, own))
    others = [
        (value, base.case)
        for base in panel.records
        if base.status == "ok" and base.precision == "fp32" and base.runtime != record.runtime
        if (value := known_value(base, "latency_p50_ns")) is not None
    ]
    if latency is None or own_latency is None or not others or min(others)[0] > own_latency:
        return ""
    value, case = min(others)
    base = next(one for one in panel.records if one.case == case)
    peaks = [known_value(one, "peak_rss_bytes") for one in (base, record)]
    theirs, its = (_time_and_peak(time, peak) for time, peak in zip((value, latency), peaks, strict=True))
    return f"The fastest fp32 is {labels[case]}: {theirs} against {its} for {labels[record.case]}."


def _time_and_peak(latency: float, peak: float | None) -> str:
    """Return `1.05 ms`, with the peak memory where it is known: another runtime takes another amount."""
    time = f"{milliseconds(latency)} ms"
    return time if peak is None else f"{time} and {mebibytes(peak)} MiB at the peak"


def _figures(record: Record) -> tuple[Figure, ...]:
    shown: list[tuple[str, str, str, Callable[[float], str]]] = [
        ("mAP, IoU .50:.95", "map_50_95", "points", points),
        (f"Inference p50, {nms_words([record])}", "latency_p50_ns", "ms", milliseconds),
        ("End to end p50", "end_to_end_p50_ns", "ms", milliseconds),
        ("Peak memory", "peak_rss_bytes", "MiB", mebibytes),
        ("Model file", "size_bytes", "KiB", kibibytes),
    ]
    cells = [(name, metric_cell(record, metric, form), unit) for name, metric, unit, form in shown]
    return tuple(Figure(name, f"{cell.text} {unit}", cell.detail, cell) for name, cell, unit in cells)


def _ties(panel: Panel, labels: dict[str, str]) -> list[str]:
    ties = panel.recommendation.ties
    if not ties:
        return []
    shown = ", ".join(labels[case] for case in ties[:MOST_NAMES])
    more = f" and {len(ties) - MOST_NAMES} more" if len(ties) > MOST_NAMES else ""
    return [f"A tie in speed with {shown}{more}: the latency intervals do not tell them apart."]


def _left_out(panel: Panel, labels: dict[str, str]) -> tuple[str, ...]:
    by_reason: dict[str, list[str]] = {}
    for case, reason in panel.recommendation.left_out.items():
        by_reason.setdefault(reason, []).append(labels[case])
    return tuple(f"Left out, {reason}: {', '.join(names)}." for reason, names in by_reason.items())


def _why_none(panel: Panel, measured: Sequence[Record]) -> str:
    if not measured:
        return "All cases failed or could not be made; the reasons stand below."
    return "No measured case passes the rule; what kept each of them out stands below."


def _rule(panel: Panel) -> str:
    allowed = number(panel.recommendation.max_drop * 100, 0)
    clock = CLOCKS[panel.recommendation.clock]
    found = (record.metric("map_50_95_difference") for record in panel.records)
    levels = sorted({metric.level for metric in found if metric and metric.level})
    level = f"{percent(levels[0])} " if len(levels) == 1 else ""
    return (
        f"The rule: among fp32 and the cases that lose at most {allowed} point of mAP with their whole "
        f"{level}interval, the one with the lowest {clock}; where latency "
        "intervals overlap it is a tie, and the smallest file is taken."
    )
